//! Recent data without what the tombstones of the pinned version take out of it.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use mneme_model::chunk::merge;
use mneme_model::{Labels, ReadHints, Samples};
use mneme_proto::internal::ingester::{
    Cardinality, CardinalityRequest, Error, FetchBudget, SeriesAnswer, SeriesExemplars, SeriesRequest,
    SharedQueryService, drain,
};

use super::deletions::{Deletions, Tombstone, holes};
use super::failure::Failure;
use super::undeleted::Undeleted;

/// The ingesters' answers, with what was deleted left out.
pub(super) struct Recent {
    pub(super) service: SharedQueryService,
}

impl Recent {
    /// Series with their samples.
    pub(super) async fn select(
        &self,
        deletions: &Deletions,
        request: SeriesRequest,
        budget: &Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Failure> {
        let touching = deletions.touching(&request);
        if touching.is_empty() {
            return Ok(self.service.select(request, Arc::clone(budget)).await?);
        }
        // The newest sample may be deleted, and tombstones look at any label.
        let request = SeriesRequest { hints: ReadHints::default(), ..request };
        let mut with_later = Vec::with_capacity(touching.len());
        for one in touching {
            let answer = self.service.select(later(&request, one), Arc::clone(budget)).await?;
            with_later.push((one.clone(), answer));
        }
        let found = self.service.select(request, Arc::clone(budget)).await?;
        Ok(Box::new(Undeleted::new(found, with_later)))
    }

    /// Series without samples: those that have any left.
    pub(super) async fn series(
        &self,
        deletions: &Deletions,
        request: SeriesRequest,
    ) -> Result<Vec<Labels>, Failure> {
        let mut found = self.service.series(request.clone()).await?;
        let touching = deletions.touching(&request);
        let hit = |one: &&Tombstone| found.iter().any(|labels| one.is_of(labels.view()));
        let hits: Vec<&Tombstone> = touching.into_iter().filter(hit).collect();
        let mut kept = HashSet::new();
        for one in &hits {
            let asked = SeriesRequest { matchers: both(&request, one), ..request.clone() };
            let mut left = self.select(deletions, asked, &Arc::default()).await?;
            let left = tokio::task::spawn_blocking(move || drain(&mut *left)).await;
            let (left, _held) = left.map_err(|_| broken("it could not be read"))??;
            for series in left.iter() {
                let mut samples = Samples::default();
                merge(series.chunks, request.start, request.end, &mut samples).map_err(broken)?;
                if !samples.is_empty() {
                    kept.insert(series.labels.clone());
                }
            }
        }
        found.retain(|labels| kept.contains(labels) || !hits.iter().any(|it| it.is_of(labels.view())));
        Ok(found)
    }

    /// Names of labels.
    pub(super) async fn label_names(
        &self,
        deletions: &Deletions,
        request: SeriesRequest,
    ) -> Result<Vec<String>, Failure> {
        if deletions.touching(&request).is_empty() {
            return Ok(self.service.label_names(request).await?);
        }
        let series = self.series(deletions, request).await?;
        let names: BTreeSet<&str> = series.iter().flat_map(Labels::iter).map(|(name, _)| name).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// Values of a label.
    pub(super) async fn label_values(
        &self,
        deletions: &Deletions,
        label: String,
        request: SeriesRequest,
    ) -> Result<Vec<String>, Failure> {
        if deletions.touching(&request).is_empty() {
            return Ok(self.service.label_values(label, request).await?);
        }
        let series = self.series(deletions, request).await?;
        let values: BTreeSet<&str> = series.iter().filter_map(|labels| labels.get(&label)).collect();
        Ok(values.into_iter().map(str::to_owned).collect())
    }

    /// How many series each label has, where no tombstone is concerned; `None` where one is.
    pub(super) async fn cardinality(
        &self,
        deletions: &Deletions,
        asked: &SeriesRequest,
        request: CardinalityRequest,
    ) -> Result<Option<Cardinality>, Failure> {
        if !deletions.touching(asked).is_empty() {
            return Ok(None);
        }
        Ok(Some(self.service.cardinality(request).await?))
    }

    /// Exemplars by series. Which cut they were stamped with is not known: those of a deleted time are all left out.
    pub(super) async fn exemplars(
        &self,
        deletions: &Deletions,
        request: SeriesRequest,
    ) -> Result<Vec<SeriesExemplars>, Failure> {
        let touching = deletions.touching(&request);
        let mut found = self.service.exemplars(request).await?;
        if !touching.is_empty() {
            for series in &mut found {
                let holes = holes(&touching, series.labels.view());
                series.exemplars.retain(|exemplar| !holes.contain(exemplar.timestamp));
            }
            found.retain(|series| !series.exemplars.is_empty());
        }
        Ok(found)
    }
}

/// The same question for what a tombstone is not of any more.
fn later(request: &SeriesRequest, tombstone: &Tombstone) -> SeriesRequest {
    SeriesRequest {
        matchers: both(request, tombstone),
        start: request.start.max(tombstone.deletion.start),
        end: request.end.min(tombstone.deletion.end),
        seam: Some(request.seam.clone().unwrap_or_default().at_least(tombstone.below)),
        ..request.clone()
    }
}

fn both(request: &SeriesRequest, tombstone: &Tombstone) -> Vec<mneme_model::Matcher> {
    request.matchers.iter().chain(&tombstone.deletion.matchers).cloned().collect()
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Final(Error::Internal(format!("recent data: {error}")))
}
