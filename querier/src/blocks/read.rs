//! Questions to the blocks of one pinned version.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::{FutureExt, TryFutureExt};
use mneme_block::manifest::Manifest;
use mneme_block::meta::BlockMeta;
use mneme_block::read::{Access, BlockReader, ReadBudget, Select};
use mneme_block::write::MetadataRow;
use mneme_model::{Exemplar, Labels, Metadata, TimestampMs};
use mneme_proto::internal::ingester::{Error, FetchBudget, PartitionMark, Seam, SeriesRequest};

use super::deletions::Deletions;
use super::failure::Failure;
use super::merged::{Part, stretch_bytes};

/// One block's part of an answer.
type Asked<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// So many blocks are read at once for one question.
const CONCURRENCY: usize = 8;

/// The metadata of so many of the newest blocks is looked at: older families are in them, too, as long as somebody sends them.
const METADATA_BLOCKS: usize = 16;

/// The blocks of a version that may meet a question.
pub(super) struct Blocks {
    manifest: Manifest,
    blocks: Vec<BlockReader>,
    deletions: Deletions,
}

impl Blocks {
    /// Those that meet `start..=end`.
    pub(super) async fn of(
        manifest: Manifest,
        start: TimestampMs,
        end: TimestampMs,
        access: &Access,
    ) -> Result<Self, Failure> {
        let found: Vec<Arc<BlockMeta>> = manifest.blocks(start, end).await?;
        let deletions = Deletions::of(&manifest, start, end)?;
        let open = |meta: Arc<BlockMeta>| {
            let deleted = deletions.of_block(&meta);
            BlockReader::with(manifest.tenant().clone(), Arc::clone(&meta), access.clone()).without(deleted)
        };
        let blocks = found.into_iter().map(open).collect();
        Ok(Self { manifest, blocks, deletions })
    }

    /// What the version's tombstones take out of recent data.
    pub(super) fn deletions(&self) -> &Deletions {
        &self.deletions
    }

    /// Whether no block meets the question.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// From the first to the last sample of these blocks.
    pub(super) fn time_range(&self) -> Option<(TimestampMs, TimestampMs)> {
        let first = self.blocks.iter().map(|block| block.meta().min_time).min()?;
        let last = self.blocks.iter().map(|block| block.meta().max_time).max()?;
        Some((first, last))
    }

    /// Where these blocks end and recent data begins.
    pub(super) fn seam(&self) -> Seam {
        let marks = self.manifest.content().marks.iter();
        Seam::new(marks.map(|(of, cut)| PartitionMark { count: of.count, partition: of.partition, cut }))
    }

    /// The parts of blocks that have matching series, with the beginning of their samples; and how many bytes of each to fetch at a time.
    pub(super) async fn select(
        &self,
        request: &SeriesRequest,
        budget: &Arc<FetchBudget>,
    ) -> Result<(Vec<Part>, u64), Failure> {
        let select = Select {
            // So that what is found of all blocks together stays within it while they are opened.
            budget: ReadBudget::new(budget.bytes_left()),
            newest_only: request.hints.newest_only,
            ..select(request)
        };
        let open = |block| open(block, &select, budget).boxed();
        let mut parts: Vec<Part> = self.each(open).await?.into_iter().flatten().collect();
        let bytes = stretch_bytes(budget, parts.len());
        let begin: Vec<Asked<'_, Part>> =
            parts.drain(..).map(|part| part.begin(bytes, budget).boxed()).collect();
        Ok((stream::iter(begin).buffered(CONCURRENCY).try_collect().await?, bytes))
    }

    /// Series without samples.
    pub(super) async fn series(&self, request: &SeriesRequest) -> Result<Vec<Labels>, Failure> {
        let select = select(request);
        let all = self.each(|block| block.series(&select).map_err(Failure::from).boxed()).await?;
        Ok(all.into_iter().flatten().collect())
    }

    /// Names of labels.
    pub(super) async fn label_names(&self, request: &SeriesRequest) -> Result<BTreeSet<String>, Failure> {
        let SeriesRequest { matchers, start, end, .. } = request;
        let names = self.each(|it| it.label_names(matchers, *start, *end).map_err(Failure::from).boxed());
        Ok(names.await?.into_iter().flatten().collect())
    }

    /// Values of a label.
    pub(super) async fn label_values(
        &self,
        label: &str,
        request: &SeriesRequest,
    ) -> Result<BTreeSet<String>, Failure> {
        let SeriesRequest { matchers, start, end, .. } = request;
        let values =
            self.each(|it| it.label_values(label, matchers, *start, *end).map_err(Failure::from).boxed());
        Ok(values.await?.into_iter().flatten().collect())
    }

    /// Exemplars by series.
    pub(super) async fn exemplars(
        &self,
        request: &SeriesRequest,
    ) -> Result<Vec<(Labels, Vec<Exemplar>)>, Failure> {
        let select = select(request);
        let all = self.each(|block| block.exemplars(&select).map_err(Failure::from).boxed()).await?;
        Ok(all.into_iter().flatten().map(|one| (one.labels, one.exemplars)).collect())
    }

    /// Metadata by metric family, of the newest blocks.
    pub(super) async fn metadata(&self) -> Result<Vec<(String, Metadata)>, Failure> {
        let newest = self.blocks.iter().rev().filter(|block| block.meta().metadata.is_some());
        let mut each: Vec<Asked<'_, Vec<MetadataRow>>> = Vec::new();
        for block in newest.take(METADATA_BLOCKS) {
            each.push(block.metadata().map_err(Failure::from).boxed());
        }
        let all: Vec<_> = stream::iter(each).buffered(CONCURRENCY).try_collect().await?;
        Ok(all.into_iter().flatten().map(|row| (row.metric, row.metadata)).collect())
    }

    async fn each<'a, T>(&'a self, ask: impl Fn(&'a BlockReader) -> Asked<'a, T>) -> Result<Vec<T>, Failure> {
        let each: Vec<Asked<'a, T>> = self.blocks.iter().map(ask).collect();
        stream::iter(each).buffered(CONCURRENCY).try_collect().await
    }
}

/// The parts of one block that have matching series.
async fn open(block: &BlockReader, select: &Select, budget: &Arc<FetchBudget>) -> Result<Vec<Part>, Failure> {
    budget.check().map_err(Error::from)?;
    let cursors = block.cursors(select).await?;
    let parts = cursors.into_iter().map(|cursor| Part::new(cursor, budget).map_err(Failure::from));
    parts.collect()
}

fn select(request: &SeriesRequest) -> Select {
    Select::new(request.matchers.clone(), request.start, request.end)
}
