//! A bucket in memory, and the steps of a flush one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use mneme_block::manifest::{Change, Committed, Manifests, MarkMove, PartitionOf, Removed};
use mneme_block::meta::BlockMeta;
use mneme_block::read::BucketRanges;
use mneme_block::write::{ChunkSeries, ChunkSource, MemorySink, WriterOptions, write_block};
use mneme_bucket::{AttemptIds, Bucket};
use mneme_model::chunk::{FloatChunkBuilder, merge};
use mneme_model::{Cut, Labels, PartitionId, Samples, TenantId};
use mneme_proto::internal::ingester::{Error, QueryService, SeriesAnswer, SeriesRequest, drain};
use mneme_querier::{Config, WithBlocks, block_access};
use ulid::Ulid;

use crate::recent::{COUNT, Generation, Recent};

/// Samples by series.
pub(crate) type Answer = BTreeMap<Labels, Vec<(i64, f64)>>;

/// A store of both kinds of data.
pub(crate) struct Store {
    pub(crate) bucket: Bucket,
    pub(crate) manifests: Manifests,
    pub(crate) recent: Arc<Recent>,
    pub(crate) both: WithBlocks,
    pub(crate) options: WriterOptions,
    blocks: u64,
}

impl Store {
    pub(crate) fn new() -> Self {
        let bucket = Bucket::memory();
        let manifests = || Manifests::new(bucket.clone(), Arc::new(AttemptIds::random()));
        let recent = Arc::new(Recent::default());
        let reader = Arc::new(BucketRanges(bucket.clone()));
        let access = block_access(&Config::default(), reader, &prometheus::Registry::new()).unwrap();
        let service: Arc<dyn QueryService> = Arc::clone(&recent) as Arc<dyn QueryService>;
        let both = WithBlocks::new(service, manifests(), access);
        Self {
            manifests: manifests(),
            bucket: bucket.clone(),
            recent,
            both,
            options: WriterOptions::flush(),
            blocks: 0,
        }
    }

    /// Writes samples as they arrive: with a cut's stamp.
    pub(crate) fn push(&self, cut: u64, name: &str, samples: &[(i64, f64)]) {
        let mut state = self.recent.state.lock().unwrap();
        let series = state.generations.entry(Cut(cut)).or_default();
        series.entry(series_of(name)).or_default().extend_from_slice(samples);
    }

    /// Puts the generations below the cut into a block in the bucket; nothing lists it yet.
    pub(crate) async fn write(&mut self, below: u64) -> BlockMeta {
        let merged = {
            let state = self.recent.state.lock().unwrap();
            let mut merged = Generation::new();
            for (labels, samples) in state.generations.range(..Cut(below)).flat_map(|(_, series)| series) {
                merged.entry(labels.clone()).or_default().extend_from_slice(samples);
            }
            merged
        };
        let series = merged.into_iter().map(|(labels, samples)| {
            let mut builder = FloatChunkBuilder::new(false);
            samples.iter().for_each(|(t, v)| builder.push(*t, *v, 0));
            ChunkSeries { labels, chunks: vec![builder.chunk()], exemplars: Vec::new() }
        });
        let mut source = ChunkSource::new(series.collect(), Vec::new());
        let mut sink = MemorySink::default();
        self.blocks += 1;
        let id = Ulid::from_parts(1_700_000_000_000 + self.blocks, u128::from(self.blocks));
        let meta = write_block(id, &self.options, &mut source, &mut sink).unwrap().unwrap();
        for (path, bytes) in sink.files {
            let key = format!("{}/{path}", BlockMeta::folder(&tenant(), id));
            self.bucket.put(&key, bytes).await.unwrap();
        }
        meta
    }

    /// Lists a block and moves the mark; `replaced` blocks are listed no more.
    pub(crate) async fn commit(&self, block: BlockMeta, from: u64, to: u64, replaced: &[BlockMeta]) {
        let base = self.manifests.newest(&tenant()).await.unwrap();
        let partition = PartitionOf::new(PartitionId(0), COUNT);
        let change = Change {
            marks: vec![MarkMove { partition, from: Cut(from), to: Cut(to) }],
            add: vec![block],
            remove: replaced.iter().map(Removed::from).collect(),
            ..Change::default()
        };
        let committed = self.manifests.commit(&base, &change, 1_700_000_000_000).await.unwrap();
        assert!(matches!(committed, Committed::Committed(_)));
    }

    /// Deletes a block's files.
    pub(crate) async fn delete(&self, block: &BlockMeta) {
        for (part, kind, _) in block.files() {
            self.bucket.delete(&BlockMeta::key(&tenant(), block.id, part, kind)).await.unwrap();
        }
    }

    /// All samples of all series.
    pub(crate) async fn all(&self) -> Result<Answer, Error> {
        // As the engine does: what was flushed while it was pulled is asked for once more.
        let pull = |mut answer: Box<dyn SeriesAnswer>| async move {
            tokio::task::spawn_blocking(move || drain(&mut *answer)).await.unwrap()
        };
        let (found, _held) = match pull(self.both.select(request(), Arc::default()).await?).await {
            Err(Error::FloorAboveMark(floors)) => {
                let again = request().again(&floors);
                pull(self.both.select(again, Arc::default()).await?).await?
            }
            drained => drained?,
        };
        let mut answer = Answer::new();
        for series in found.iter() {
            let mut samples = Samples::default();
            merge(series.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
            let points = samples.t.into_iter().zip(samples.v).collect();
            assert!(answer.insert(series.labels.clone(), points).is_none(), "each series once");
        }
        Ok(answer)
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("team").unwrap()
}

pub(crate) fn request() -> SeriesRequest {
    SeriesRequest::all_times(tenant(), Vec::new())
}

pub(crate) fn series_of(name: &str) -> Labels {
    Labels::from_pairs([("__name__", name), ("job", "test")])
}
