//! An ingester that answers from lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use mneme_model::chunk::{Chunk, FloatChunkBuilder, HistogramChunkBuilder};
use mneme_model::histogram::Span;
use mneme_model::{
    AnyHistogram, Exemplar, FloatHistogram, Labels, Metadata, MetricType, TenantId, TimestampMs,
};
use mneme_proto::internal::ingester::{
    Error, FetchBudget, MetricMetadata, QueryService, SeriesAnswer, SeriesExemplars, SeriesRequest,
    WholeAnswer,
};

/// A series and its samples.
type FakeSeries = (Labels, Vec<(TimestampMs, f64)>);

/// Series of floats by tenant.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) series: BTreeMap<String, Vec<FakeSeries>>,
    /// Every call fails with this.
    pub(crate) failure: Option<Error>,
    /// Series of histograms.
    pub(crate) histograms: BTreeSet<Labels>,
    /// Selects never end.
    pub(crate) stuck: bool,
}

impl Fake {
    /// Adds a series of `tenant`.
    pub(crate) fn with(
        mut self,
        tenant: &str,
        labels: &[(&str, &str)],
        samples: &[(TimestampMs, f64)],
    ) -> Self {
        let series = (Labels::from_pairs(labels.iter().copied()), samples.to_vec());
        self.series.entry(tenant.to_owned()).or_default().push(series);
        self
    }

    /// Adds a series with one native histogram.
    pub(crate) fn with_histogram(self, tenant: &str, labels: &[(&str, &str)], t: TimestampMs) -> Self {
        let mut all = self.with(tenant, labels, &[(t, 0.0)]);
        all.histograms.insert(Labels::from_pairs(labels.iter().copied()));
        all
    }

    fn chunk(&self, labels: &Labels, samples: &[(TimestampMs, f64)]) -> Chunk {
        if !self.histograms.contains(labels) {
            return chunk(samples);
        }
        let mut builder = HistogramChunkBuilder::new();
        samples.iter().for_each(|(t, _)| builder.push(*t, &AnyHistogram::Float(histogram()), 0));
        builder.chunk()
    }

    fn find(&self, request: &SeriesRequest) -> Result<Vec<&FakeSeries>, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let all = self.series.get(request.tenant.as_str()).into_iter().flatten();
        let fits =
            |labels: &Labels| request.matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or("")));
        let within = |samples: &[(TimestampMs, f64)]| {
            samples.iter().any(|(t, _)| (request.start..=request.end).contains(t))
        };
        Ok(all.filter(|(labels, samples)| fits(labels) && within(samples)).collect())
    }
}

#[async_trait]
impl QueryService for Fake {
    async fn select(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error> {
        if self.stuck {
            std::future::pending::<()>().await;
        }
        let found = self.find(&request)?;
        let found = found.into_iter();
        let all =
            found.map(|(labels, samples)| (labels.clone(), vec![self.chunk(labels, samples)])).collect();
        Ok(Box::new(WholeAnswer::counted(all, &budget)?))
    }

    async fn series(&self, request: SeriesRequest) -> Result<Vec<Labels>, Error> {
        Ok(self.find(&request)?.into_iter().map(|(labels, _)| labels.clone()).collect())
    }

    async fn label_names(&self, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let names = self
            .find(&request)?
            .into_iter()
            .flat_map(|(labels, _)| labels.iter().map(|(name, _)| name.to_owned()));
        Ok(names.collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn label_values(&self, label: String, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let values =
            self.find(&request)?.into_iter().filter_map(|(labels, _)| labels.get(&label).map(str::to_owned));
        Ok(values.collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn metadata(
        &self,
        _tenant: TenantId,
        metric: Option<String>,
    ) -> Result<Vec<MetricMetadata>, Error> {
        let metadata = |help: &str| Metadata {
            metric_type: MetricType::Counter,
            help: help.to_owned(),
            unit: "s".to_owned(),
        };
        let all = [("a", vec![metadata("one"), metadata("<two>")]), ("b", vec![metadata("three")])];
        let wanted = |name: &str| metric.as_deref().is_none_or(|metric| metric == name);
        let found = all.into_iter().filter(|(name, _)| wanted(name));
        Ok(found.map(|(name, metadata)| MetricMetadata { metric: name.to_owned(), metadata }).collect())
    }

    async fn exemplars(&self, request: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        let exemplar =
            Exemplar { labels: Labels::from_pairs([("trace_id", "abc")]), value: 1.5, timestamp: 1234 };
        let found = self.find(&request)?;
        Ok(found
            .into_iter()
            .map(|(labels, _)| SeriesExemplars { labels: labels.clone(), exemplars: vec![exemplar.clone()] })
            .collect())
    }
}

fn histogram() -> FloatHistogram {
    FloatHistogram {
        schema: 1,
        zero_threshold: 0.5,
        zero_count: 2.0,
        count: 6.0,
        sum: 12.5,
        positive_spans: vec![Span { offset: 0, length: 1 }, Span { offset: 1, length: 1 }],
        positive_buckets: vec![1.0, 3.0],
        ..FloatHistogram::default()
    }
}

fn chunk(samples: &[(TimestampMs, f64)]) -> Chunk {
    let mut builder = FloatChunkBuilder::new(false);
    for (t, v) in samples {
        builder.push(*t, *v, 0);
    }
    builder.chunk()
}
