//! Which of two samples at one series and time is kept.

use std::cmp::Ordering;

use super::merge::compare_histograms;
use crate::histogram::AnyHistogram;
use crate::{TimestampMs, is_stale_nan, prefer_value};

/// A sample without its time.
#[derive(Clone, Copy, Debug)]
pub enum Point<'a> {
    /// A float.
    Float {
        /// Its value.
        v: f64,
        /// Its start timestamp, 0 if unknown.
        st: TimestampMs,
    },
    /// A native histogram.
    Histogram {
        /// Its value.
        h: &'a AnyHistogram,
        /// Its start timestamp, 0 if unknown.
        st: TimestampMs,
    },
}

impl Point<'_> {
    /// The order of DESIGN section 5, completed to a total one: the greater of two samples at one time is kept.
    ///
    /// Non-stale over stale, then a histogram over a float, then among floats the larger bits, among histograms
    /// [`super::prefer_histogram`], then the larger start timestamp.
    #[must_use]
    pub fn compare(&self, other: &Point<'_>) -> Ordering {
        self.compare_values(other).then_with(|| self.st().cmp(&other.st()))
    }

    /// [`Self::compare`] without the start timestamps: equal means the same bits.
    #[must_use]
    pub fn compare_values(&self, other: &Point<'_>) -> Ordering {
        let kind = |point: &Point<'_>| (!point.is_stale(), matches!(point, Point::Histogram { .. }));
        match (self, other) {
            (Point::Float { v: a, .. }, Point::Float { v: b, .. }) => {
                if a.to_bits() == b.to_bits() {
                    Ordering::Equal
                } else if prefer_value(*a, *b) {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (Point::Histogram { h: a, .. }, Point::Histogram { h: b, .. }) => compare_histograms(a, b),
            _ => kind(self).cmp(&kind(other)),
        }
    }

    fn st(&self) -> TimestampMs {
        match self {
            Point::Float { st, .. } | Point::Histogram { st, .. } => *st,
        }
    }

    fn is_stale(&self) -> bool {
        is_stale_nan(match self {
            Point::Float { v, .. } => *v,
            Point::Histogram { h: AnyHistogram::Integer(h), .. } => h.sum,
            Point::Histogram { h: AnyHistogram::Float(h), .. } => h.sum,
        })
    }
}
