//! Blocks that are only listed, buckets on a seed, and a stream of numbers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mneme_block::manifest::{Change, Manifests, MarkMove, PartitionOf};
use mneme_block::meta::{BlockMeta, FileKind, FileMeta, PartMeta, SeriesKey};
use mneme_bucket::fake::Fake;
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::{Cut, Labels, PartitionId, TenantId};
use ulid::Ulid;

pub(crate) const HOUR: i64 = 3_600_000;

/// A number stream.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("team-a").unwrap()
}

pub(crate) fn bucket(fake: &Arc<Fake>) -> Bucket {
    let options = Options {
        request_timeout: Duration::from_secs(2),
        operation_timeout: Duration::from_secs(60),
        retry_backoff: Duration::from_millis(10),
        ..Options::default()
    };
    Bucket::new(Arc::clone(fake) as Arc<_>, options)
}

pub(crate) fn manifests(fake: &Arc<Fake>, seed: u64) -> Manifests {
    Manifests::new(bucket(fake), Arc::new(AttemptIds::seeded(seed)))
}

/// A block as it is listed, of one part with two windows, as large in the manifest as a real one.
pub(crate) fn block(id: Ulid, min_time: i64, max_time: i64) -> BlockMeta {
    let random = id.random() as u64;
    let key = |name: &str, value: u64| {
        let pod = format!("web-{:08x}-{:04x}", value >> 32, value & 0xffff);
        SeriesKey(Labels::from_pairs([
            ("__name__", name),
            ("cluster", "eu-1"),
            ("namespace", "shop"),
            ("pod", &pod),
        ]))
    };
    let file = |at: u32| FileMeta {
        size: 50_000 + random % 1_000_000,
        tail: 4000 + (random % 10_000) as u32 + at,
        tail_crc: (random >> 20) as u32 ^ at,
    };
    let part = PartMeta {
        first: key("apiserver_request_total", random),
        last: key("workqueue_work_duration_seconds_sum", random.rotate_left(17)),
        min_time,
        max_time,
        series: 10_000 + random % 1000,
        samples: 4_000_000 + random % 100_000,
        histograms: 0,
        exemplars: random % 100,
        windows: vec![min_time.div_euclid(2 * HOUR) * 2 * HOUR, max_time.div_euclid(2 * HOUR) * 2 * HOUR],
        series_file: file(1),
        samples_file: Some(file(2)),
        histograms_file: None,
        exemplars_file: Some(file(3)),
    };
    BlockMeta {
        id,
        level: 0,
        resolution_ms: 0,
        window_ms: 7_200_000,
        min_time,
        max_time,
        series: part.series,
        samples: part.samples,
        histograms: 0,
        exemplars: part.exemplars,
        parts: vec![part],
        metadata: None,
        carried_out: Vec::new(),
    }
}

/// Puts something in the place of each of the block's files.
pub(crate) async fn upload(bucket: &Bucket, tenant: &TenantId, block: &BlockMeta) {
    for (part, kind, _) in block.files() {
        let key = BlockMeta::key(tenant, block.id, part, kind);
        bucket.put(&key, Bytes::from_static(b"a file")).await.unwrap();
    }
}

/// Whether the block's samples are in the bucket.
pub(crate) fn is_there(fake: &Fake, tenant: &TenantId, block: &BlockMeta) -> bool {
    block.files().all(|(part, kind, _)| fake.peek(&BlockMeta::key(tenant, block.id, part, kind)).is_some())
}

pub(crate) fn partition(number: u16) -> PartitionOf {
    PartitionOf::new(PartitionId(number), 4)
}

/// A flush of one partition.
pub(crate) fn flush(number: u16, from: u64, to: u64, block: BlockMeta) -> Change {
    let moved = MarkMove { partition: partition(number), from: Cut(from), to: Cut(to) };
    Change { marks: vec![moved], add: vec![block], ..Change::default() }
}

/// The block's samples file.
pub(crate) fn samples_key(tenant: &TenantId, block: &BlockMeta) -> String {
    BlockMeta::key(tenant, block.id, 0, FileKind::Samples)
}
