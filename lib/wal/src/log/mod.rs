//! The log: who writes, and which cuts there are. A chain that is never deleted.

mod entry;
mod hole;

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::StreamExt;
use mneme_bucket::{AttemptIds, Bucket, Chain, Outcome};
use mneme_model::{Cut, TimestampMs, WriterId};

pub use entry::{Entry, EntryKind};

use crate::Error;
use crate::segment::decode::HeaderError;

/// The log's place in the bucket.
pub(crate) const PREFIX: &str = "wal/log";

/// How many entries are asked for at once when many are new.
const PREFETCH: usize = 32;

/// A writer as its join says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterInfo {
    /// Its number.
    pub writer: WriterId,
    /// The process that it ran in.
    pub instance: String,
    /// That process's failure domain.
    pub zone: String,
    /// When it joined, by its own clock.
    pub joined: TimestampMs,
    /// The newest cut when it joined.
    pub cut: Cut,
}

/// A reader's and author's view of the log, as far as it has read.
#[derive(Debug)]
pub struct Log {
    chain: Chain,
    position: u64,
    cut: Cut,
    /// The entries of the cuts read.
    cuts: BTreeMap<Cut, u64>,
    writers: BTreeMap<WriterId, WriterInfo>,
    /// Entries that are gone although something later is there.
    missing: u64,
    /// By how much the next entry's cut may be ahead: each entry of a hole may have been one.
    unknown_cuts: u64,
    /// Whether the end was told from a hole by a listing.
    end_known: bool,
    /// Whether writers were looked for that joined past the end.
    writers_known: bool,
}

impl Log {
    /// The log of `bucket`, nothing read yet.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self {
            chain: Chain::new(bucket, PREFIX),
            position: 0,
            cut: Cut::default(),
            cuts: BTreeMap::new(),
            writers: BTreeMap::new(),
            missing: 0,
            unknown_cuts: 0,
            end_known: false,
            writers_known: false,
        }
    }

    /// The log of `bucket` as if it had been read up to the entry `number` of the cut `cut`, as a checkpoint names it.
    /// Writers that joined before are not known.
    #[must_use]
    pub fn resume(bucket: Bucket, number: u64, cut: Cut) -> Self {
        Self { position: number, cut, cuts: BTreeMap::from([(cut, number)]), ..Self::new(bucket) }
    }

    /// Whether the last entry read is there: not if the newest ones were lost since whoever resumed here has read them.
    ///
    /// # Errors
    /// The bucket's.
    pub async fn last_is_there(&self) -> Result<bool, Error> {
        Ok(self.position == 0 || self.chain.read(self.position).await?.is_some())
    }

    /// The number of the last entry read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The newest cut read.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// The number of a cut's entry; `None` if it was not read, or is gone.
    #[must_use]
    pub fn cut_entry(&self, cut: Cut) -> Option<u64> {
        self.cuts.get(&cut).copied()
    }

    /// Forgets the entries of the cuts below `cut`.
    pub fn forget_cuts_below(&mut self, cut: Cut) {
        self.cuts = self.cuts.split_off(&cut);
    }

    /// All writers read, by their numbers.
    #[must_use]
    pub fn writers(&self) -> &BTreeMap<WriterId, WriterInfo> {
        &self.writers
    }

    /// How many entries were passed over because they are gone although something later is there. Writers that joined by
    /// one of them are known by their segments, without their names.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Reads what is new and returns it. Everyone does so once a second. The first time, and before an entry is appended,
    /// a listing tells a hole (logged, counted in [`Self::missing`], passed over) from the end.
    ///
    /// # Errors
    /// The bucket's; [`Error::UnknownFormat`] and [`Error::Corrupt`] stop here: without its log a WAL cannot be read.
    /// What was read before the error stays read.
    pub async fn refresh(&mut self) -> Result<Vec<Entry>, Error> {
        let mut new = Vec::new();
        loop {
            self.read_on(&mut new).await?;
            if self.end_known {
                return Ok(new);
            }
            // After the last hole one more look: something may have come meanwhile.
            self.end_known = !self.pass_hole().await?;
        }
    }

    /// Reads until an entry is not there.
    async fn read_on(&mut self, new: &mut Vec<Entry>) -> Result<(), Error> {
        // One request when nothing is new, many at once when much is.
        let mut window = 1;
        loop {
            let first = self.position + 1;
            let chain = &self.chain;
            let mut entries = futures::stream::iter(first..first + window as u64)
                .map(|number| chain.read(number))
                .buffered(window)
                .boxed();
            let mut found = Vec::new();
            while let Some(entry) = entries.next().await {
                match entry? {
                    Some(bytes) => found.push(bytes),
                    None => break,
                }
            }
            drop(entries);
            let whole = found.len() == window;
            for bytes in found {
                new.push(self.take_in(&bytes)?);
            }
            if !whole {
                return Ok(());
            }
            window = (window * 2).min(PREFETCH);
        }
    }

    /// Joins as a new writer.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub async fn join(
        &mut self,
        instance: &str,
        zone: &str,
        now: TimestampMs,
        attempts: &AttemptIds,
    ) -> Result<WriterId, Error> {
        let kind = EntryKind::Join { instance: instance.to_owned(), zone: zone.to_owned() };
        loop {
            self.end_known = false;
            self.refresh().await?;
            let cut = self.cut;
            if let Some(entry) = self.append(cut, kind.clone(), now, attempts).await? {
                return Ok(WriterId(entry.number));
            }
        }
    }

    /// Appends the cut after the newest one read, and returns the newest cut: another's, if one came first.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub async fn append_cut(&mut self, now: TimestampMs, attempts: &AttemptIds) -> Result<Cut, Error> {
        let wanted = Cut(self.cut.0 + 1);
        loop {
            self.end_known = false;
            self.refresh().await?;
            if self.cut >= wanted {
                return Ok(self.cut);
            }
            if self.append(wanted, EntryKind::Cut, now, attempts).await?.is_some() {
                return Ok(wanted);
            }
        }
    }

    /// Tries the next number. `None`: somebody else has it, and it was taken in.
    async fn append(
        &mut self,
        cut: Cut,
        kind: EntryKind,
        time: TimestampMs,
        attempts: &AttemptIds,
    ) -> Result<Option<Entry>, Error> {
        let entry = Entry { number: self.position + 1, cut, attempt: attempts.next(), time, kind };
        let bytes = entry.encode();
        match self.chain.create(entry.number, &bytes).await? {
            Outcome::Won => self.take_in(&bytes).map(Some),
            Outcome::Lost(other) => self.take_in(&other).map(|_| None),
        }
    }

    /// Takes in the next entry.
    fn take_in(&mut self, bytes: &Bytes) -> Result<Entry, Error> {
        let number = self.position + 1;
        let key = || self.chain.key(number);
        let entry = Entry::decode(bytes).map_err(|error| match error {
            HeaderError::UnknownFormat(found) => {
                Error::UnknownFormat { key: key(), what: "log", found, newest: entry::FORMAT }
            }
            HeaderError::Corrupt(error) => {
                Error::Corrupt { key: key(), offset: error.offset as u64, reason: error.reason.to_owned() }
            }
        })?;
        let next_cut = match entry.kind {
            EntryKind::Join { .. } => self.cut,
            EntryKind::Cut => Cut(self.cut.0 + 1),
        };
        let follows = entry.cut >= next_cut && entry.cut.0 - next_cut.0 <= self.unknown_cuts;
        if entry.number != number || !follows {
            let reason = "the entry does not follow the one before it".to_owned();
            return Err(Error::Corrupt { key: key(), offset: 32, reason });
        }
        self.position = number;
        self.unknown_cuts = 0;
        self.cut = entry.cut;
        if entry.kind == EntryKind::Cut {
            self.cuts.insert(entry.cut, number);
        }
        if let EntryKind::Join { instance, zone } = &entry.kind {
            let writer = WriterId(number);
            let (instance, zone) = (instance.clone(), zone.clone());
            self.writers
                .insert(writer, WriterInfo { writer, instance, zone, joined: entry.time, cut: entry.cut });
        }
        Ok(entry)
    }
}

/// All writers that ever joined, by their numbers.
///
/// # Errors
/// As [`Log::refresh`].
pub async fn writers(bucket: &Bucket) -> Result<Vec<WriterInfo>, Error> {
    let mut log = Log::new(bucket.clone());
    log.refresh().await?;
    Ok(log.writers.into_values().collect())
}
