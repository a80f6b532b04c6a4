//! `wal verify`.

use std::collections::BTreeMap;

use anyhow::ensure;
use mneme_bucket::Bucket;
use mneme_model::{PartitionId, WriterId};
use mneme_wal::{Log, References, Section, Tail, TailEvent, TailSegment};

use super::place;
use crate::stdout;

/// What was read, and what is wrong.
#[derive(Default)]
struct Check {
    segments: u64,
    bytes: u64,
    samples: u64,
    seals: u64,
    problems: u64,
}

impl Check {
    fn problem(&mut self, text: &str) {
        self.problems += 1;
        stdout::line(text);
    }
}

/// Reads the log and all chains to their ends, prints a line for each thing that is wrong, and a summary.
///
/// # Errors
/// Where anything is wrong, or the bucket cannot be read.
pub(super) async fn run(bucket: &Bucket) -> anyhow::Result<()> {
    let mut check = Check::default();
    let mut log = Log::new(bucket.clone());
    if let Err(error) = log.refresh().await {
        check.problem(&format!("{error}"));
    }
    if log.missing() > 0 {
        check.problem(&format!("wal/log: {} entries are gone", log.missing()));
    }
    let (places, foreign) = place::list(bucket).await?;
    foreign.iter().for_each(|key| check.problem(&format!("{key}: not the name of an object of the log")));
    // Chains of writers that no entry names are read as well: the entry may be what is broken.
    let found = places.iter().map(|(place, _)| WriterId(place.writer));
    let writers: std::collections::BTreeSet<_> = log.writers().keys().copied().chain(found).collect();
    for writer in &writers {
        if !log.writers().contains_key(writer) {
            check.problem(&format!(
                "wal/{:020}: no entry of the log says that writer {writer} joined",
                writer.0
            ));
        }
        chain(bucket, *writer, &mut check).await;
    }
    let Check { segments, bytes, samples, seals, problems } = check;
    stdout::line(&format!(
        "{} log entries, {} writers ({seals} sealed), {segments} segments, {bytes} bytes, {samples} samples: {problems} problems",
        log.position(),
        writers.len()
    ));
    ensure!(problems == 0, "{problems} problems");
    Ok(())
}

/// Reads a writer's chain to its end, or to what stops every reader.
async fn chain(bucket: &Bucket, writer: WriterId, check: &mut Check) {
    let mut tail = Tail::new(bucket.clone(), writer, 0);
    let mut references: BTreeMap<PartitionId, References<()>> = BTreeMap::new();
    loop {
        match tail.next().await {
            Ok(Some(TailEvent::Segment(segment))) => {
                read_segment(&segment, &mut references, check);
            }
            Ok(Some(TailEvent::Sealed { .. })) => check.seals += 1,
            Ok(Some(TailEvent::Corrupt { key, partition, offset, reason, .. })) => {
                let section =
                    partition.map_or_else(String::new, |partition| format!(", partition {partition}"));
                check.problem(&format!("{key}: byte {offset}{section}: {reason}"));
            }
            // What checkpoints hold is truncated from the start.
            Ok(Some(TailEvent::Missing { first: 1, last, key, .. })) => {
                stdout::line(&format!("{key}: objects 1..={last} are gone: truncated, or lost"));
            }
            Ok(Some(TailEvent::Missing { first, last, key, .. })) => {
                check.problem(&format!("{key}: a hole: objects {first}..={last} are gone"));
            }
            Ok(None) => return,
            Err(error) => return check.problem(&format!("wal/{:020}: {error}", writer.0)),
        }
    }
}

fn read_segment(
    segment: &TailSegment,
    references: &mut BTreeMap<PartitionId, References<()>>,
    check: &mut Check,
) {
    check.segments += 1;
    check.bytes += segment.stored;
    for (partition, raw) in &segment.sections {
        let read = Section::parse(raw.clone()).and_then(|section| section.verify().map(|()| section));
        let place = || format!("wal/{:020}/{:020}: partition {partition}", segment.writer.0, segment.seq);
        let section = match read {
            Ok(section) => section,
            Err(error) => {
                check.problem(&format!("{}: uncompressed section, {error}", place()));
                continue;
            }
        };
        check.samples += (section.float_count() + section.histogram_count()) as u64;
        let known = references.entry(*partition).or_default();
        let (before, first) = (known.len(), section.first_ref() as usize);
        if !known.begin(&section) {
            check.problem(&format!("{}: reference {first} after {before}", place()));
            continue;
        }
        (0..section.definition_count()).for_each(|_| known.define(()));
    }
}
