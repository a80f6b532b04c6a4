//! A reader that does what an owner does: tails all writers, cuts, seals who holds a cut up, saves what is below it and
//! truncates; and starts again from what it saved.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::{Cut, Labels, PartitionId, WriterId};
use mneme_wal::{Log, References, Section, Tail, TailEvent, Truncation, seal, truncate};
use tokio::time::Instant;

use crate::support::{Sample, apply};

/// A writer that has not said that it knows a cut by then is sealed.
const PATIENCE: Duration = Duration::from_secs(35);

/// What outlives the owner: samples below the cuts so far, and where each writer's chain goes on.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    pub(crate) below: Vec<Sample>,
    after: BTreeMap<WriterId, u64>,
    finished: BTreeMap<WriterId, ()>,
    skip_through: u64,
    pub(crate) cuts: u64,
    pub(crate) seals: u64,
    pub(crate) truncated: u64,
}

pub(crate) struct Owner {
    bucket: Bucket,
    attempts: AttemptIds,
    log: Log,
    readers: BTreeMap<WriterId, Reader>,
}

struct Reader {
    tail: Tail,
    tables: HashMap<PartitionId, References<(String, Labels)>>,
    /// By number: cut and samples.
    segments: BTreeMap<u64, (Cut, Vec<Sample>)>,
    sealed: bool,
}

impl Owner {
    pub(crate) fn new(bucket: Bucket, seed: u64) -> Self {
        let log = Log::new(bucket.clone());
        Self { bucket, attempts: AttemptIds::seeded(seed), log, readers: BTreeMap::new() }
    }

    /// Reads all that is there. `None`: the bucket did not answer in time.
    pub(crate) async fn read(&mut self, saved: &Saved) -> Option<()> {
        self.log.refresh().await.ok()?;
        assert_eq!(self.log.missing(), 0);
        for writer in self.log.writers().keys().filter(|writer| !saved.finished.contains_key(writer)) {
            let reader = self.readers.entry(*writer).or_insert_with(|| {
                let after = saved.after.get(writer).copied().unwrap_or(0);
                let tail = Tail::new(self.bucket.clone(), *writer, after);
                Reader { tail, tables: HashMap::new(), segments: BTreeMap::new(), sealed: false }
            });
            reader.read().await?;
        }
        Some(())
    }

    /// A cut, and what follows: completed, saved, truncated. Gives up where the bucket does: the next one goes on.
    pub(crate) async fn cut(&mut self, saved: &mut Saved) -> Option<()> {
        self.read(saved).await?;
        let cut = self.log.append_cut(0, &self.attempts).await.ok()?;
        let begun = Instant::now();
        loop {
            self.read(saved).await?;
            let late: Vec<(WriterId, u64)> = self.holding_up(cut).collect();
            if late.is_empty() {
                break;
            }
            if begun.elapsed() > PATIENCE {
                for (writer, after) in late {
                    seal(&self.bucket, writer, after, cut, 0, &self.attempts).await.ok()?;
                    saved.seals += 1;
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        saved.cuts += 1;
        for (writer, reader) in &mut self.readers {
            reader.save_below(*writer, cut, saved);
        }
        self.readers.retain(|writer, _| !saved.finished.contains_key(writer));
        let truncation = Truncation {
            keep_from: self
                .readers
                .keys()
                .map(|w| (*w, saved.after.get(w).copied().unwrap_or(0) + 1))
                .collect(),
            finished_through: self.log.writers().keys().last().map_or(WriterId(0), |writer| *writer),
            skip_through: WriterId(saved.skip_through),
        };
        let kept = truncate(&self.bucket, &truncation).await.ok()?;
        saved.truncated += kept.deleted;
        saved.skip_through = kept.clean_through.0;
        Some(())
    }

    /// Samples at or above the last cut saved.
    pub(crate) fn above(self) -> Vec<Sample> {
        let segments = self.readers.into_values().flat_map(|reader| reader.segments.into_values());
        segments.flat_map(|(_, samples)| samples).collect()
    }

    /// Writers that joined before the cut and have not said that they know it; and how far they were read.
    fn holding_up(&self, cut: Cut) -> impl Iterator<Item = (WriterId, u64)> {
        self.readers.iter().filter_map(move |(writer, reader)| {
            let joined_before = self.log.writers().get(writer).is_some_and(|info| info.cut < cut);
            let knows = reader.sealed || reader.segments.values().any(|(stamp, _)| *stamp >= cut);
            (joined_before && !knows).then(|| (*writer, reader.tail.position()))
        })
    }
}

impl Reader {
    async fn read(&mut self) -> Option<()> {
        while let Some(event) = self.tail.next().await.ok()? {
            match event {
                TailEvent::Segment(segment) => {
                    let mut samples = Vec::new();
                    for (partition, raw) in segment.sections {
                        let table = self.tables.entry(partition).or_default();
                        assert_eq!(apply(&Section::parse(raw).unwrap(), table, &mut samples), 0);
                    }
                    assert!(self.segments.insert(segment.seq, (segment.cut, samples)).is_none());
                }
                TailEvent::Sealed { .. } => self.sealed = true,
                other => panic!("{other:?}"),
            }
        }
        Some(())
    }

    fn save_below(&mut self, writer: WriterId, cut: Cut, saved: &mut Saved) {
        while let Some(first) = self.segments.first_entry() {
            if first.get().0 >= cut {
                break;
            }
            saved.after.insert(writer, *first.key());
            saved.below.extend(first.remove().1);
        }
        if self.sealed && self.segments.is_empty() {
            saved.finished.insert(writer, ());
        }
    }
}
