//! A block that is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use mneme_model::chunk::SeriesBatch;
use mneme_model::{Labels, Matcher, TenantId, TimestampMs};

use super::access::Access;
use super::batch_builder::BatchBuilder;
use super::cursor::PartCursor;
use super::deletion::Deletion;
use super::exemplars::BlockExemplars;
use super::part::{self, Part};
use super::select::{Projection, Select};
use super::series::BlockSeries;
use super::{RangeReader, ReadOptions, metadata};
use crate::Error;
use crate::meta::{BlockMeta, FileKind};
use crate::write::MetadataRow;

/// Answers for one block of a tenant. Cheap to make: nothing is fetched until something is asked.
#[derive(Clone)]
pub struct BlockReader {
    tenant: TenantId,
    meta: Arc<BlockMeta>,
    access: Access,
    deletions: Arc<[Deletion]>,
}

impl BlockReader {
    /// A reader of the block that a manifest lists as `meta`.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        meta: Arc<BlockMeta>,
        reader: Arc<dyn RangeReader>,
        options: ReadOptions,
    ) -> Self {
        Self::with(tenant, meta, Access::new(reader, options))
    }

    /// The same, with what reading stands on.
    #[must_use]
    pub fn with(tenant: TenantId, meta: Arc<BlockMeta>, access: Access) -> Self {
        Self { tenant, meta, access, deletions: Arc::default() }
    }

    /// The same without what these take out of it.
    #[must_use]
    pub fn without(self, deletions: impl IntoIterator<Item = Deletion>) -> Self {
        Self { deletions: deletions.into_iter().collect(), ..self }
    }

    /// What the manifest says of the block.
    #[must_use]
    pub fn meta(&self) -> &BlockMeta {
        &self.meta
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn deletions(&self) -> &Arc<[Deletion]> {
        &self.deletions
    }

    /// The series that match and may have samples in the range, in the order of [`crate::meta::SeriesKey::order`], with their pages.
    pub async fn select(&self, select: &Select) -> Result<Vec<BlockSeries>, Error> {
        let mut series = Vec::new();
        let select = Arc::new(select.clone());
        // Parts one after the other: a metric lies in one of them.
        for part in self.parts(&select.matchers, select.start, select.end) {
            series.append(&mut part.select(&select).await?);
        }
        Ok(series)
    }

    /// The same series, to be read one after the other: of each part that has any a cursor, in the order of their series. Nothing of
    /// samples is fetched yet. Each series has all its labels, whatever was asked for.
    pub async fn cursors(&self, select: &Select) -> Result<Vec<PartCursor>, Error> {
        let mut all = Vec::new();
        let select = Arc::new(Select { labels: Projection::All, ..select.clone() });
        for part in self.parts(&select.matchers, select.start, select.end) {
            all.extend(part.cursor(&select).await?);
        }
        Ok(all)
    }

    /// All that the cursors give, within the budget.
    pub async fn batch(&self, select: &Select) -> Result<SeriesBatch, Error> {
        let (mut builder, mut all) = (BatchBuilder::new(select.start, select.end)?, SeriesBatch::new());
        for mut cursor in self.cursors(select).await? {
            if let Some(fetch) = cursor.fetch(u64::MAX) {
                select.budget.take(fetch.bytes())?;
                cursor.take(&fetch.run().await?);
            }
            while let Some(labels) = cursor.labels()? {
                cursor.read(&mut builder)?;
                select.budget.check(builder.bytes() as u64)?;
                let identity = labels.view().identity();
                builder.end_series(labels, identity);
            }
            select.budget.take(builder.bytes() as u64)?;
            builder.finish(&mut all);
        }
        Ok(all)
    }

    /// The labels of the series that match and may have samples in the range; samples are not touched.
    pub async fn series(&self, select: &Select) -> Result<Vec<Labels>, Error> {
        Ok(self.cardinality(select).await?.into_iter().map(|(labels, _)| labels).collect())
    }

    /// The same, and how many samples each has in the whole block.
    pub async fn cardinality(&self, select: &Select) -> Result<Vec<(Labels, u64)>, Error> {
        let parts: Vec<_> = self.parts(&select.matchers, select.start, select.end).collect();
        let select = Arc::new(select.clone());
        let found = futures::future::try_join_all(parts.iter().map(|part| part.series(&select))).await?;
        Ok(found.into_iter().flatten().map(|found| (found.labels, found.samples)).collect())
    }

    /// The names of the labels of the series that match; without matchers from the schema alone.
    pub async fn label_names(
        &self,
        matchers: &[Matcher],
        start: TimestampMs,
        end: TimestampMs,
    ) -> Result<BTreeSet<String>, Error> {
        if matchers.is_empty() && !self.is_touched(start, end) {
            let parts: Vec<_> = self.parts(matchers, start, end).collect();
            let names = futures::future::try_join_all(parts.iter().map(Part::label_names)).await?;
            return Ok(names.into_iter().flatten().collect());
        }
        let series = self.series(&Select::new(matchers.to_vec(), start, end)).await?;
        Ok(series.iter().flat_map(|labels| labels.iter().map(|(name, _)| name.to_owned())).collect())
    }

    /// The values of a label of the series that match; without matchers from its dictionary alone.
    pub async fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        start: TimestampMs,
        end: TimestampMs,
    ) -> Result<BTreeSet<String>, Error> {
        if matchers.is_empty() && !self.is_touched(start, end) {
            let parts: Vec<_> = self.parts(matchers, start, end).collect();
            let values =
                futures::future::try_join_all(parts.iter().map(|part| part.label_values(name))).await?;
            return Ok(values.into_iter().flatten().collect());
        }
        let labels = Projection::Only(BTreeSet::from([name.to_owned()]));
        let select = Select { labels, ..Select::new(matchers.to_vec(), start, end) };
        let series = self.series(&select).await?;
        Ok(series.iter().filter_map(|labels| labels.get(name).map(str::to_owned)).collect())
    }

    /// The exemplars in the range of the series that match.
    pub async fn exemplars(&self, select: &Select) -> Result<Vec<BlockExemplars>, Error> {
        if self.meta.exemplars == 0 {
            return Ok(Vec::new());
        }
        let mut exemplars = Vec::new();
        // Exemplars may be older than the samples of their part: only names prune.
        for part in self.parts(&select.matchers, TimestampMs::MIN, TimestampMs::MAX) {
            exemplars.append(&mut part.exemplars(select).await?);
        }
        Ok(exemplars)
    }

    /// The metadata of all metric families, with their history.
    pub async fn metadata(&self) -> Result<Vec<MetadataRow>, Error> {
        let Some(meta) = self.meta.metadata else { return Ok(Vec::new()) };
        let key = BlockMeta::key(&self.tenant, self.meta.id, 0, FileKind::Metadata);
        let (footer, pieces) = part::open(&self.access, &key, meta, 0).await?;
        metadata::read(&footer, &pieces)
    }

    /// Whether a series that has samples in the range may have lost all of them.
    fn is_touched(&self, start: TimestampMs, end: TimestampMs) -> bool {
        let (first, last) = (self.meta.min_time.max(start), self.meta.max_time.min(end));
        self.deletions.iter().any(|it| it.overlaps(first, last))
    }

    fn parts<'a>(
        &'a self,
        matchers: &'a [Matcher],
        start: TimestampMs,
        end: TimestampMs,
    ) -> impl Iterator<Item = Part<'a>> {
        let parts = self.meta.parts.iter().enumerate().map(|(number, meta)| Part::new(self, number, meta));
        parts.filter(move |part| part.may_match(matchers, start, end))
    }
}
