//! One request's series, checked one by one and put into records for the WAL.

mod account;
mod error;
mod exemplars;
mod histograms;
mod identity;
mod known;
mod known_numbers;
mod labels;
mod metadata;
mod tally;
mod time;

use hashbrown::HashSet;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, TimestampMs};
use mneme_proto::remote_write::{HistogramReader, Sample, Series};
use mneme_tenant::{Limits, NameValidation};
use mneme_wal::{Catalog, Records, SpaceId};

use crate::Reason;
use crate::budget::Reservation;
use crate::placement::Placement;
pub(crate) use error::Error;
pub(crate) use known::{Known, rules};
pub(crate) use known_numbers::KnownNumbers;
pub use tally::Counts;
pub(crate) use tally::Tally;

use account::Account;
use identity::Identity;
use time::TimeRange;

/// Checks series after series against one tenant's limits; what is good goes into the records, what is not is tallied.
#[derive(Debug)]
pub(crate) struct Stager<'p> {
    limits: &'p Limits,
    placement: &'p Placement,
    times: TimeRange,
    records: &'p mut Records,
    account: Account<'p>,
    tally: Tally,
    text: String,
    catalog: &'p Catalog,
    space: SpaceId,
    /// Metadata among the records.
    families: HashSet<u128>,
    histogram_reader: HistogramReader,
}

/// What a request's labels and metadata are looked up in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    pub(crate) catalog: &'p Catalog,
    pub(crate) space: SpaceId,
}

/// Why something was refused, in words that are made only for the first one of a request.
type Problem = (Reason, String);

/// A series that passed, on its way into the records.
struct Accepted<'s> {
    identity: Identity<'s>,
    index: Option<u32>,
}

impl<'p> Stager<'p> {
    /// Charges the records to `reserved`, at most `most` bytes.
    pub(crate) fn new(
        limits: &'p Limits,
        placement: &'p Placement,
        now: TimestampMs,
        records: &'p mut Records,
        place: Place<'p>,
        reserved: &'p mut Reservation,
        most: usize,
    ) -> Self {
        let times = TimeRange::new(now, limits.creation_grace_period);
        Self {
            limits,
            placement,
            times,
            records,
            account: Account::new(reserved, most),
            tally: Tally::default(),
            text: String::new(),
            catalog: place.catalog,
            space: place.space,
            families: HashSet::new(),
            histogram_reader: HistogramReader::default(),
        }
    }

    /// What was taken and what was refused, the bytes of the records, and the metadata among them.
    ///
    /// # Errors
    /// As [`Self::series`].
    pub(crate) fn finish(mut self) -> Result<(Tally, usize, Vec<u128>), Error> {
        let bytes = self.account.settle()?;
        Ok((self.tally, bytes, self.families.into_iter().collect()))
    }

    /// Stages one series, and returns its number in the records if something of it was taken.
    ///
    /// # Errors
    /// For a broken message, and for records that have no room; the request is then refused as a whole.
    pub(crate) fn series(&mut self, series: &mut Series<'_>) -> Result<Option<u32>, Error> {
        self.account.decoded(series)?;
        let offered = Counts::offered(series);
        self.tally.received += offered;
        if let Some(problem) = series.problem {
            let text = || format!("{problem} of series '{}'", clip(&show(series)));
            self.tally.refuse(Reason::LabelInvalid, offered, text);
            return Ok(None);
        }
        let mut text = std::mem::take(&mut self.text);
        let index = match labels::canonical(&mut series.labels, self.limits, &mut text) {
            Ok(labels) => {
                let hash = labels.hash(self.placement.seed());
                let identity = Identity::Checked { labels, hash };
                let index = self.accepted(series, identity)?;
                self.series_metadata(&identity, labels.get(METRIC_NAME).unwrap_or_default(), series)?;
                index
            }
            Err((reason, words)) => {
                self.tally.refuse(reason, offered, || words);
                None
            }
        };
        self.text = text;
        Ok(index)
    }

    /// Whether a series' labels, which passed, are stored otherwise than they were sent.
    fn shortens(&self, series: &Series<'_>) -> bool {
        labels::too_long(&series.labels, self.limits)
    }

    /// Stages one series whose labels passed before, without metadata; errors as [`Self::series`].
    #[inline]
    fn known(&mut self, series: &Series<'_>, identity: Identity<'_>) -> Result<(), Error> {
        self.account.decoded(series)?;
        self.tally.received += Counts::offered(series);
        self.accepted(series, identity).map(drop)
    }

    #[inline]
    fn accepted(&mut self, series: &Series<'_>, identity: Identity<'_>) -> Result<Option<u32>, Error> {
        let mut accepted = Accepted { identity, index: None };
        for sample in &series.samples {
            self.float(&mut accepted, sample)?;
        }
        for raw in &series.histograms {
            self.histogram(&mut accepted, raw)?;
        }
        if !series.exemplars.is_empty() {
            self.exemplars(&mut accepted, series)?;
        }
        Ok(accepted.index)
    }

    #[inline]
    fn float(&mut self, series: &mut Accepted<'_>, sample: &Sample) -> Result<(), Error> {
        if let Err(reason) = self.times.check(sample.t) {
            let text = || self.times.words(reason, "sample", sample.t, series.identity.labels().view());
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
    #[inline]
    fn index(&mut self, series: &mut Accepted<'_>) -> Result<u32, Error> {
        if let Some(index) = series.index {
            return Ok(index);
        }
        let index = match series.identity {
            Identity::Checked { labels, hash } => {
                self.account.charge(account::SERIES + labels.as_bytes().len())?;
                self.records.series(labels, hash, self.placement.partition(hash))
            }
            Identity::Known { catalog, series } => {
                self.account.charge(account::SERIES)?;
                self.records.known_series(series, catalog.partition(series))
            }
        };
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
