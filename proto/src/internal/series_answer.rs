//! The series of an answer, some at a time: whoever asks pulls them in a thread that may compute and read files.

use std::sync::Arc;

use mneme_model::chunk::{BatchMark, SeriesBatch};

use super::fetch_budget::{FetchBudget, Held};
use super::ingester::Error;

/// Room for at most so many series is made before they are there.
const MOST_RESERVED: usize = 1 << 17;

/// So many series of an answer are a few ([`SeriesAnswer::is_at_hand`]).
pub const AT_HAND: usize = 16;

/// An answer to a select. It is made at once; each pull finds the next series. Nothing is locked or under way between two pulls, so
/// that an answer may be left alone, and dropped, at any time.
pub trait SeriesAnswer: Send {
    /// Puts the next series, at least one, in the place of what `batch` holds, whose memory is used again, and tells what they hold of
    /// the budget. `None` after the last ones. Each series comes once, in one batch.
    ///
    /// This may compute for some milliseconds and read local files.
    ///
    /// # Errors
    /// The answer has failed as a whole: what came before does not count.
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error>;

    /// Whether all of it is a few series in memory: a pull takes some microseconds and reads no files.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// About how many series are still to come, where that is known.
    fn left(&self) -> usize {
        0
    }
}

/// An answer that is in memory as a whole.
#[derive(Default)]
pub struct WholeAnswer {
    all: Option<(SeriesBatch, Held)>,
}

impl WholeAnswer {
    /// Of these series, which hold so much of the budget.
    pub fn new(all: SeriesBatch, held: Held) -> Self {
        Self { all: Some((all, held)).filter(|(all, _)| !all.is_empty()) }
    }

    /// Of these series, which are counted into the budget.
    ///
    /// # Errors
    /// [`Error::OverBudget`].
    pub fn counted(all: SeriesBatch, budget: &Arc<FetchBudget>) -> Result<Self, Error> {
        let size = all.size_since(BatchMark::default());
        budget.take(size)?;
        Ok(Self::new(all, budget.held(size.bytes)))
    }
}

impl SeriesAnswer for WholeAnswer {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        batch.clear();
        let Some((all, held)) = self.all.take() else { return Ok(None) };
        *batch = all;
        Ok(Some(held))
    }

    fn is_at_hand(&self) -> bool {
        self.left() <= AT_HAND
    }

    fn left(&self) -> usize {
        self.all.as_ref().map_or(0, |(all, _)| all.len())
    }
}

/// All that is left of an answer, as one batch.
///
/// # Errors
/// Those of [`SeriesAnswer::next_batch`].
pub fn drain(answer: &mut dyn SeriesAnswer) -> Result<(SeriesBatch, Held), Error> {
    let (mut all, mut batch, mut held) = (SeriesBatch::new(), SeriesBatch::new(), Held::default());
    while let Some(more) = answer.next_batch(&mut batch)? {
        let first = all.is_empty();
        held.join(more);
        all.append(std::mem::take(&mut batch));
        if first {
            // Growing step by step would take twice the memory.
            all.reserve(answer.left().min(MOST_RESERVED));
        }
    }
    Ok((all, held))
}

#[cfg(test)]
mod tests {
    use mneme_model::Labels;

    use super::*;

    /// One series per batch.
    struct Few(Vec<SeriesBatch>, Arc<FetchBudget>);

    impl SeriesAnswer for Few {
        fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
            let Some(next) = self.0.pop() else { return Ok(None) };
            WholeAnswer::counted(next, &self.1)?.next_batch(batch)
        }
    }

    fn one(name: &str) -> SeriesBatch {
        [(Labels::from_pairs([("__name__", name)]), Vec::new())].into_iter().collect()
    }

    #[test]
    fn what_is_drained_is_held_until_it_is_dropped() {
        let budget = Arc::new(FetchBudget::new(0, 1 << 20));
        let (all, held) = drain(&mut Few(vec![one("c"), one("b"), one("a")], Arc::clone(&budget))).unwrap();
        let names: Vec<&str> = all.iter().map(|series| series.labels.metric_name()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!((1 << 20) - budget.bytes_left(), budget.found().bytes);
        drop(held);
        assert_eq!((budget.bytes_left(), budget.found().series), (1 << 20, 3));
        let tight = Arc::new(FetchBudget::new(2, 0));
        let failed = drain(&mut Few(vec![one("c"), one("b"), one("a")], tight));
        assert!(matches!(failed, Err(Error::OverBudget(_))));
        assert!(drain(&mut WholeAnswer::default()).unwrap().0.is_empty());
    }
}
