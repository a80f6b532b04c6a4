//! One request's series, checked one by one and put into records for the WAL.

mod account;
mod error;
mod exemplars;
mod histograms;
mod labels;
mod metadata;
mod tally;
mod time;

use hashbrown::HashSet;
use mneme_model::{Labels, LabelsRef, TimestampMs};
use mneme_proto::remote_write::{Sample, Series};
use mneme_tenant::{Limits, NameValidation};
use mneme_wal::Records;

use crate::budget::Reservation;
use crate::{Reason, Shard};
pub(crate) use error::Error;
pub use tally::Counts;
pub(crate) use tally::Tally;

use account::Account;
use time::TimeRange;

/// Checks series after series against one tenant's limits; what is good goes into the records, what is not is tallied.
#[derive(Debug)]
pub(crate) struct Stager<'p> {
    limits: &'p Limits,
    shard: &'p Shard,
    times: TimeRange,
    records: &'p mut Records,
    account: Account<'p>,
    tally: Tally,
    text: String,
    families: HashSet<u64>,
}

/// Why something was refused, in words that are made only for the first one of a request.
type Problem = (Reason, String);

/// A series that passed, on its way into the records.
struct Accepted<'s> {
    labels: LabelsRef<'s>,
    hash: u64,
    index: Option<u32>,
}

impl<'p> Stager<'p> {
    /// Charges the records to `reserved`, at most `most` bytes.
    pub(crate) fn new(
        limits: &'p Limits,
        shard: &'p Shard,
        now: TimestampMs,
        records: &'p mut Records,
        reserved: &'p mut Reservation,
        most: usize,
    ) -> Self {
        let times = TimeRange::new(now, limits.creation_grace_period);
        Self {
            limits,
            shard,
            times,
            records,
            account: Account::new(reserved, most),
            tally: Tally::default(),
            text: String::new(),
            families: HashSet::new(),
        }
    }

    /// What was taken and what was refused, and the bytes of the records.
    ///
    /// # Errors
    /// As [`Self::series`].
    pub(crate) fn finish(mut self) -> Result<(Tally, usize), Error> {
        let bytes = self.account.settle()?;
        Ok((self.tally, bytes))
    }

    /// Stages one series.
    ///
    /// # Errors
    /// For a broken message, and for records that have no room; the request is then refused as a whole.
    pub(crate) fn series(&mut self, series: &mut Series<'_>) -> Result<(), Error> {
        self.account.decoded(series)?;
        let offered = Counts::offered(series);
        self.tally.received += offered;
        if let Some(problem) = series.problem {
            let text = || format!("{problem} of series '{}'", clip(&show(series)));
            self.tally.refuse(Reason::LabelInvalid, offered, text);
            return Ok(());
        }
        let mut text = std::mem::take(&mut self.text);
        match labels::canonical(&mut series.labels, self.limits, &mut text) {
            Ok(labels) => self.accepted(series, labels)?,
            Err((reason, words)) => self.tally.refuse(reason, offered, || words),
        }
        self.text = text;
        Ok(())
    }

    fn accepted(&mut self, series: &Series<'_>, labels: LabelsRef<'_>) -> Result<(), Error> {
        let mut accepted = Accepted { labels, hash: labels.hash(self.shard.seed()), index: None };
        for sample in &series.samples {
            self.float(&mut accepted, sample)?;
        }
        for raw in &series.histograms {
            self.histogram(&mut accepted, raw)?;
        }
        self.exemplars(&mut accepted, series)?;
        self.series_metadata(labels, series)
    }

    fn float(&mut self, series: &mut Accepted<'_>, sample: &Sample) -> Result<(), Error> {
        if let Err(reason) = self.times.check(sample.t) {
            let text = || self.times.words(reason, "sample", sample.t, series.labels);
            self.tally.refuse(reason, Counts { floats: 1, ..Counts::default() }, text);
            return Ok(());
        }
        let index = self.index(series)?;
        self.account.charge(account::FLOAT)?;
        self.records.float(index, sample.t, sample.v, self.times.start(sample.st, sample.t));
        self.tally.stored.floats += 1;
        Ok(())
    }

    /// The series' number in the records, where it is put with its first sample or exemplar.
    fn index(&mut self, series: &mut Accepted<'_>) -> Result<u32, Error> {
        if let Some(index) = series.index {
            return Ok(index);
        }
        self.account.charge(account::SERIES + series.labels.as_bytes().len())?;
        let index = self.records.series(series.labels, series.hash, self.shard.partition(series.hash));
        series.index = Some(index);
        Ok(index)
    }
}

fn utf8(limits: &Limits) -> bool {
    limits.name_validation_scheme == NameValidation::Utf8
}

/// A series as it was sent, for an error's text.
fn show(series: &Series<'_>) -> String {
    Labels::from_pairs(series.labels.iter().copied().filter(|(name, _)| !name.is_empty())).to_string()
}

/// The first 200 characters of a text that a sender chose, on one line.
fn clip(text: &str) -> String {
    const MOST: usize = 200;
    let mut clipped: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        clipped.push('…');
    }
    clipped
}
