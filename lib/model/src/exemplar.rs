//! A sample's pointer to a trace.

use crate::{Labels, TimestampMs};

/// One exemplar of a series (OpenMetrics 1.0, section "Exemplars").
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The exemplar's own labels, e.g. `trace_id`; at most 128 characters of names and values together.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub timestamp: TimestampMs,
}
