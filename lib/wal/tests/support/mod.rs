//! What the tests share: buckets, deliverers, and reading everything back.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses its part")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use mneme_bucket::fake::{Fake, Faults};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::{AnyHistogram, Labels, PartitionId, TenantId, WriterId};
use mneme_wal::{
    CommittedSegment, Config, Deliver, DeliverNowhere, Log, Parts, Records, References, Section, TailEvent,
    Verdict, Wal,
};
use parking_lot::Mutex;

pub const PARTITIONS: u16 = 4;

pub fn bucket_over(fake: &Arc<Fake>) -> Bucket {
    let options = Options {
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(20),
        retry_backoff: Duration::from_millis(10),
        ..Options::default()
    };
    Bucket::new(Arc::clone(fake) as Arc<_>, options)
}

pub fn good_fake() -> Arc<Fake> {
    Arc::new(Fake::new(1, Faults::none()))
}

pub fn parts(seed: u64, deliver: Arc<dyn Deliver>) -> Parts {
    Parts {
        instance: format!("test-{seed}"),
        zone: "a".to_owned(),
        deliver,
        now: Arc::new(|| 1_700_000_000_000),
        attempts: Arc::new(AttemptIds::seeded(seed)),
        on_commit: None,
    }
}

pub async fn join(bucket: &Bucket, seed: u64) -> Wal {
    Wal::join(bucket.clone(), Config::default(), parts(seed, Arc::new(DeliverNowhere))).await.unwrap()
}

/// Keeps what is delivered, and answers with what the test wants.
#[derive(Default)]
pub struct Collect {
    pub segments: Mutex<Vec<Arc<CommittedSegment>>>,
    pub verdict: Mutex<Verdict>,
    pub hang: Mutex<bool>,
}

#[async_trait]
impl Deliver for Collect {
    async fn deliver(&self, segment: Arc<CommittedSegment>) -> Verdict {
        self.segments.lock().push(segment);
        let hang = *self.hang.lock();
        if hang {
            std::future::pending::<()>().await;
        }
        self.verdict.lock().clone()
    }
}

pub fn series(name: &str, n: u64) -> Labels {
    Labels::from_pairs([("__name__", name), ("n", &n.to_string()), ("job", "test")])
}

pub fn add_series(records: &mut Records, labels: &Labels) -> u32 {
    let hash = labels.view().hash(7);
    records.series(labels.view(), hash, PartitionId::of_hash(hash, PARTITIONS))
}

pub fn one_float(tenant: &str, labels: &Labels, t: i64, value: f64) -> Records {
    let mut records = Records::new(TenantId::new(tenant).unwrap());
    let index = add_series(&mut records, labels);
    records.float(index, t, value, 0);
    records
}

/// A sample as it was read back.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Float { bits: u64, st: i64 },
    Histogram { histogram: Box<AnyHistogram>, st: i64 },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub tenant: String,
    pub labels: Labels,
    pub t: i64,
    pub value: Value,
}

/// All samples by (writer, seq), and everything else that was met.
#[derive(Debug, Default)]
pub struct Replayed {
    pub segments: BTreeMap<(WriterId, u64), Vec<Sample>>,
    pub cuts: BTreeMap<(WriterId, u64), u64>,
    pub sealed: BTreeMap<WriterId, u64>,
    pub corrupt: Vec<(String, Option<PartitionId>, u64, String)>,
    pub missing: Vec<(String, u64, u64)>,
    pub unknown_references: usize,
}

type Tables = HashMap<(WriterId, PartitionId), References<(String, Labels)>>;

/// Reads all writers' chains to their ends.
pub async fn read_back(bucket: &Bucket) -> Replayed {
    let mut log = Log::new(bucket.clone());
    log.refresh().await.unwrap();
    let positions: BTreeMap<WriterId, u64> = log.writers().keys().map(|writer| (*writer, 0)).collect();
    let mut events = mneme_wal::replay(bucket, &positions);
    let mut replayed = Replayed::default();
    let mut tables = Tables::new();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            TailEvent::Sealed { writer, seq } => assert_eq!(replayed.sealed.insert(writer, seq), None),
            TailEvent::Corrupt { key, partition, offset, reason, .. } => {
                replayed.corrupt.push((key, partition, offset, reason));
            }
            TailEvent::Missing { key, first, last, .. } => replayed.missing.push((key, first, last)),
            TailEvent::Segment(segment) => {
                let place = (segment.writer, segment.seq);
                let mut samples = Vec::new();
                for (partition, raw) in segment.sections {
                    let section = Section::parse(raw).unwrap();
                    let table = tables.entry((segment.writer, partition)).or_default();
                    replayed.unknown_references += apply(&section, table, &mut samples);
                }
                replayed.cuts.insert(place, segment.cut.0);
                assert!(replayed.segments.insert(place, samples).is_none(), "{place:?} was read twice");
            }
        }
    }
    replayed
}

/// Reads a section's samples in the order of their ordinals; returns how many had an unknown series.
pub fn apply(
    section: &Section,
    table: &mut References<(String, Labels)>,
    samples: &mut Vec<Sample>,
) -> usize {
    section.verify().unwrap();
    assert!(table.begin(section));
    for definition in section.definitions() {
        let definition = definition.unwrap();
        table.define((definition.tenant.to_owned(), definition.labels.to_owned()));
    }
    let mut found = BTreeMap::new();
    for float in section.floats() {
        let value = Value::Float { bits: float.value.to_bits(), st: float.st };
        assert!(found.insert(float.ordinal, (float.reference, float.t, value)).is_none());
    }
    for record in section.histograms() {
        let record = record.unwrap();
        let mut histogram = AnyHistogram::default();
        record.read(&mut histogram).unwrap();
        let value = Value::Histogram { histogram: Box::new(histogram), st: record.st };
        assert!(found.insert(record.ordinal, (record.reference, record.t, value)).is_none());
    }
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), (0..found.len() as u32).collect::<Vec<_>>());
    let mut unknown = 0;
    for (reference, t, value) in found.into_values() {
        match table.get(reference) {
            Some((tenant, labels)) => {
                samples.push(Sample { tenant: tenant.clone(), labels: labels.clone(), t, value });
            }
            None => unknown += 1,
        }
    }
    unknown
}
