//! The query service over blocks and recent data.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use mneme_block::manifest::{ManifestCache, Manifests};
use mneme_block::read::Access;
use mneme_model::{Exemplar, Labels, Metadata, TenantId};
use mneme_proto::internal::ingester::{
    Cardinality, CardinalityBuilder, CardinalityRequest, Error, FetchBudget, MetricMetadata, PartitionMark,
    QueryService, Seam, SeriesAnswer, SeriesExemplars, SeriesRequest, SharedQueryService,
};
use tokio::runtime::Handle;

use super::failure::Failure;
use super::merged::Merged;
use super::read::Blocks;
use super::recent::Recent;

/// A manifest that was looked at so long ago is good enough to begin with.
const MANIFEST_AGE: Duration = Duration::from_secs(30);

/// Manifests of so many tenants are held.
const TENANTS: usize = 10_000;

/// A question is asked at most so many times: each time some data was flushed or replaced while it was answered.
const ATTEMPTS: usize = 4;

/// One attempt at an answer.
type Asked<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// Blocks and recent data as one.
pub struct WithBlocks {
    recent: Recent,
    manifests: ManifestCache,
    access: Access,
}

impl WithBlocks {
    /// In front of `recent`, with the manifests of a bucket and what its blocks are read with ([`super::block_access`]).
    #[must_use]
    pub fn new(recent: SharedQueryService, manifests: Manifests, access: Access) -> Self {
        let recent = Recent { service: recent };
        Self { recent, manifests: ManifestCache::new(manifests, TENANTS), access }
    }

    /// Answers by `ask`, which gets the blocks of a version that meet the request, and the request with their seam. Where data was
    /// flushed or replaced meanwhile it is asked again, with the newest version. Of a select much of that is seen when it is
    /// pulled: whoever pulls asks again, with a seam that the version must be newer than.
    async fn answer<'a, T>(
        &'a self,
        request: &SeriesRequest,
        ask: impl Fn(Blocks, SeriesRequest) -> Asked<'a, T> + Send,
    ) -> Result<T, Error> {
        let mut floors: Vec<PartitionMark> = Vec::new();
        let (mut why, none) = (String::new(), Seam::default());
        for attempt in 0..ATTEMPTS {
            let first = attempt == 0 && request.seam.is_none();
            let age = if first { MANIFEST_AGE } else { Duration::ZERO };
            let one = async {
                let manifest = self.manifests.get(&request.tenant, age).await?;
                let blocks = Blocks::of(manifest, request.start, request.end, &self.access).await?;
                // A floor that a version read after it does not know of: the tenant had nothing below it.
                let told: &Seam = request.seam.as_ref().unwrap_or(&none);
                let seam = Some(blocks.seam().raised(&floors).and(told));
                ask(blocks, SeriesRequest { seam, ..request.clone() }).await
            };
            match one.await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Flushed(higher)) => {
                    floors.extend(higher);
                    why = "recent data was flushed".to_owned();
                }
                Err(Failure::Replaced(text)) if attempt == 0 => why = text,
                Err(Failure::Replaced(text)) => return Err(Error::NotReady(text)),
            }
        }
        Err(Error::NotReady(format!("{why}, each of {ATTEMPTS} times that this was asked")))
    }
}

/// What is asked of blocks and recent data, for one version of the manifest.
impl WithBlocks {
    async fn select_once(
        &self,
        blocks: Blocks,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Failure> {
        let recent = self.recent.select(blocks.deletions(), request.clone(), &budget);
        if blocks.is_empty() {
            return recent.await;
        }
        let (recent, (parts, bytes)) = futures::try_join!(recent, blocks.select(&request, &budget))?;
        if parts.is_empty() {
            return Ok(recent);
        }
        let range = (request.start, request.end);
        Ok(Box::new(Merged::new(recent, (parts, bytes), range, budget, Handle::current())?))
    }

    async fn series_once(&self, blocks: Blocks, request: SeriesRequest) -> Result<Vec<Labels>, Failure> {
        let recent = self.recent.series(blocks.deletions(), request.clone());
        if blocks.is_empty() {
            return recent.await;
        }
        let (mut all, old) = futures::try_join!(recent, blocks.series(&request))?;
        all.extend(old);
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    async fn names_once(&self, blocks: Blocks, request: SeriesRequest) -> Result<Vec<String>, Failure> {
        let recent = self.recent.label_names(blocks.deletions(), request.clone());
        let (recent, old) = futures::try_join!(recent, blocks.label_names(&request))?;
        Ok(union(recent, old))
    }

    async fn values_once(
        &self,
        blocks: Blocks,
        request: SeriesRequest,
        label: String,
    ) -> Result<Vec<String>, Failure> {
        let recent = self.recent.label_values(blocks.deletions(), label.clone(), request.clone());
        let (recent, old) = futures::try_join!(recent, blocks.label_values(&label, &request))?;
        Ok(union(recent, old))
    }

    async fn metadata_once(
        &self,
        blocks: Blocks,
        tenant: TenantId,
        metric: Option<String>,
    ) -> Result<Vec<MetricMetadata>, Failure> {
        let recent = self.recent.service.metadata(tenant, metric.clone()).map_err(Failure::from);
        let (recent, old) = futures::try_join!(recent, blocks.metadata())?;
        let mut families: BTreeMap<String, BTreeSet<Metadata>> = BTreeMap::new();
        for family in recent {
            families.entry(family.metric).or_default().extend(family.metadata);
        }
        for (name, metadata) in old {
            if metric.as_ref().is_none_or(|wanted| *wanted == name) {
                families.entry(name).or_default().insert(metadata);
            }
        }
        let family = |(metric, metadata): (String, BTreeSet<Metadata>)| MetricMetadata {
            metric,
            metadata: metadata.into_iter().collect(),
        };
        Ok(families.into_iter().map(family).collect())
    }

    async fn cardinality_once(
        &self,
        blocks: Blocks,
        asked: SeriesRequest,
        request: CardinalityRequest,
    ) -> Result<Cardinality, Failure> {
        if blocks.is_empty()
            && let Some(all) = self.recent.cardinality(blocks.deletions(), &asked, request.clone()).await?
        {
            return Ok(all);
        }
        let times = blocks.time_range();
        let series = self.series_once(blocks, asked).await?;
        let mut builder = CardinalityBuilder::default();
        builder.add_size(series.len() as u64, 0, times);
        let wanted = |name: &str| request.names.is_empty() || request.names.iter().any(|n| n == name);
        for (name, value) in series.iter().flat_map(Labels::iter).filter(|(name, _)| wanted(name)) {
            builder.add_label(name, value, 1);
        }
        Ok(builder.finish(request.limit))
    }

    async fn exemplars_once(
        &self,
        blocks: Blocks,
        request: SeriesRequest,
    ) -> Result<Vec<SeriesExemplars>, Failure> {
        let recent = self.recent.exemplars(blocks.deletions(), request.clone());
        let (recent, old) = futures::try_join!(recent, blocks.exemplars(&request))?;
        let recent = recent.into_iter().map(|one| (one.labels, one.exemplars));
        Ok(once(recent.chain(old)))
    }
}

#[async_trait]
impl QueryService for WithBlocks {
    async fn select(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error> {
        let ask = |blocks, request| self.select_once(blocks, request, Arc::clone(&budget)).boxed();
        self.answer(&request, ask).await
    }

    async fn series(&self, request: SeriesRequest) -> Result<Vec<Labels>, Error> {
        self.answer(&request, |blocks, request| self.series_once(blocks, request).boxed()).await
    }

    async fn label_names(&self, request: SeriesRequest) -> Result<Vec<String>, Error> {
        self.answer(&request, |blocks, request| self.names_once(blocks, request).boxed()).await
    }

    async fn label_values(&self, label: String, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let ask = |blocks, request| self.values_once(blocks, request, label.clone()).boxed();
        self.answer(&request, ask).await
    }

    async fn metadata(&self, tenant: TenantId, metric: Option<String>) -> Result<Vec<MetricMetadata>, Error> {
        let request = SeriesRequest::all_times(tenant, Vec::new());
        let ask = |blocks, request: SeriesRequest| {
            self.metadata_once(blocks, request.tenant, metric.clone()).boxed()
        };
        self.answer(&request, ask).await
    }

    async fn cardinality(&self, request: CardinalityRequest) -> Result<Cardinality, Error> {
        let all = SeriesRequest::all_times(request.tenant.clone(), request.matchers.clone());
        let asked = SeriesRequest { start: request.start, end: request.end, ..all };
        let ask = |blocks, asked| self.cardinality_once(blocks, asked, request.clone()).boxed();
        self.answer(&asked, ask).await
    }

    async fn exemplars(&self, request: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        self.answer(&request, |blocks, request| self.exemplars_once(blocks, request).boxed()).await
    }
}

fn union(recent: Vec<String>, old: BTreeSet<String>) -> Vec<String> {
    if old.is_empty() {
        return recent;
    }
    let mut all = old;
    all.extend(recent);
    all.into_iter().collect()
}

/// Each series once, with its exemplars ascending and each once.
fn once(answers: impl Iterator<Item = (Labels, Vec<Exemplar>)>) -> Vec<SeriesExemplars> {
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut all: Vec<SeriesExemplars> = Vec::new();
    for (labels, exemplars) in answers {
        let place = *places.entry(labels.clone()).or_insert(all.len());
        match all.get_mut(place) {
            Some(held) => held.exemplars.extend(exemplars),
            None => all.push(SeriesExemplars { labels, exemplars }),
        }
    }
    for series in &mut all {
        let key = |it: &Exemplar| (it.timestamp, it.value.to_bits(), it.labels.clone());
        series.exemplars.sort_by_cached_key(key);
        series.exemplars.dedup_by(|a, b| key(a) == key(b));
    }
    all
}
