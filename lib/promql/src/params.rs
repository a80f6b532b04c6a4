//! What a query is asked with, besides its text.

use mneme_model::TimestampMs;

use crate::Features;

/// When and how a query is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryParams {
    /// The query's text: annotations name places in it.
    pub text: String,
    /// First step.
    pub start: TimestampMs,
    /// Last time; the last step is the last one at or before it. Equal to `start` for an instant query.
    pub end: TimestampMs,
    /// Milliseconds between steps; 0 for an instant query.
    pub step_ms: i64,
    /// How far an instant selector looks back, exclusive. Prometheus: 5 minutes.
    pub lookback_ms: i64,
    /// Step of subqueries that name none. Prometheus: the global evaluation interval, 1 minute.
    pub default_subquery_step_ms: i64,
    /// What is switched on.
    pub features: Features,
    /// Most samples in memory at one time, as Prometheus counts them (`query.max-samples`).
    pub max_samples: usize,
    /// Most bytes of samples and labels that the evaluation holds at one time; 0 = no limit.
    pub max_bytes: usize,
}

impl Default for QueryParams {
    fn default() -> Self {
        Self {
            text: String::new(),
            start: 0,
            end: 0,
            step_ms: 0,
            lookback_ms: 300_000,
            default_subquery_step_ms: 60_000,
            features: Features::default(),
            max_samples: 50_000_000,
            max_bytes: 0,
        }
    }
}

impl QueryParams {
    /// Asks for the value at one time.
    #[must_use]
    pub fn instant(text: &str, at: TimestampMs) -> Self {
        Self { text: text.to_owned(), start: at, end: at, ..Self::default() }
    }

    /// Asks for a value per step.
    #[must_use]
    pub fn range(text: &str, start: TimestampMs, end: TimestampMs, step_ms: i64) -> Self {
        Self { text: text.to_owned(), start, end, step_ms, ..Self::default() }
    }

    /// Whether the answer is one value per series rather than a matrix over steps.
    #[must_use]
    pub fn is_instant(&self) -> bool {
        self.step_ms == 0
    }
}
