//! What the engine asks of a store. The store answers at once: whoever embeds the engine fetches first, by [`crate::Plan::selects`].

use mneme_model::{Labels, Matcher, Samples, TimestampMs};

use crate::Error;

/// One selector's need.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// All must hold.
    pub matchers: Vec<Matcher>,
    /// First time that can matter, inclusive.
    pub start: TimestampMs,
    /// Last time that can matter, inclusive.
    pub end: TimestampMs,
    /// What the store may use to read less; it may also ignore it.
    pub hints: Hints,
}

/// Advice: the answer may be cut down to what these say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// The query's step, 0 for an instant query.
    pub step_ms: i64,
    /// The width of the range selector, 0 for an instant selector.
    pub range_ms: i64,
    /// The function or aggregation directly around the selector, `""` if none.
    pub function: &'static str,
    /// The only labels that the query looks at, where that is known (`sum by (job) (..)`); `None` = all.
    /// A store that answers with fewer labels must still answer every series on its own.
    pub labels: Option<Vec<String>>,
    /// Of each series the query looks at nothing but its newest sample within the time range, whatever that is (a stale marker, too).
    /// Of native histograms the samples before it tell its counter reset hint: those of its chunk have to be there, too.
    pub newest_only: bool,
}

/// A store's refusal, passed through to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StorageError {
    /// For people.
    pub message: String,
}

/// Samples that can be decoded, as often as asked.
pub trait ReadSamples {
    /// Appends the samples of `start..=end` to `out`, ascending and without equal timestamps; stale markers included.
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError>;
}

/// Takes one series of an answer: its labels, at least those that [`Hints::labels`] lists, and its samples, which stay compressed until
/// they are read. An error ends the answer.
pub type SeriesSink<'s> = dyn FnMut(&Labels, &dyn ReadSamples) -> Result<(), Error> + 's;

/// A store that can be asked for series without waiting.
pub trait Queryable: Sync {
    /// Hands the series that fulfil all of `select.matchers` and have a sample in its time range (more is allowed) to `sink`, each once, in
    /// any order. Where several selectors share a select, the same question comes again.
    ///
    /// # Errors
    /// Those of `sink`, at once; [`StorageError`] where the store has no answer.
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error>;
}

impl ReadSamples for Samples {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        let (from, to) = (self.t.partition_point(|&t| t < start), self.t.partition_point(|&t| t <= end));
        for i in from..to {
            out.push_float(self.t[i], self.v[i], self.st.get(i).copied().unwrap_or(0));
        }
        out.histograms.extend(self.histograms.iter().filter(|p| (start..=end).contains(&p.t)).cloned());
        Ok(())
    }
}
