//! What an ingester offers: it takes delivered WAL parts, and answers for recent data.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mneme_model::{
    Cut, Exemplar, Labels, Matcher, Metadata, PartitionId, ReadHints, TenantId, TimestampMs, WriterId,
};

use super::cardinality;
pub use super::cardinality::{Cardinality, CardinalityBuilder, CardinalityRequest, LabelCardinality};
pub use super::fetch_budget::{FetchBudget, Held, OverBudget};
pub use super::seam::{PartitionMark, Seam};
pub use super::series_answer::{AT_HAND, SeriesAnswer, WholeAnswer, drain};

/// Parts of one committed segment, for the partitions that the receiver owns.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Who wrote the segment.
    pub writer: WriterId,
    /// The segment's number; a receiver applies a writer's segments in this order, each once.
    pub seq: u64,
    /// The cut that the segment is stamped with.
    pub cut: Cut,
    /// Partition and its section, encoded as in the segment (`docs/formats/wal.md`).
    pub sections: Vec<(PartitionId, Bytes)>,
}

/// What the owner says to the samples of a delivery. Advice to the sender: it never decides what is stored.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Samples whose series already had another value at that time.
    pub conflicts: Vec<Conflict>,
    /// The owner is behind (short of memory, replaying): it will apply from the bucket later and knows of no conflicts.
    pub behind: bool,
}

/// One sample that met another value at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which section.
    pub partition: PartitionId,
    /// The sample's position among the section's samples (floats and histograms), in the order in which they were added.
    pub ordinal: u32,
}

/// A question for series of one tenant.
#[derive(Clone, Debug)]
pub struct SeriesRequest {
    /// Whose.
    pub tenant: TenantId,
    /// All must hold; empty = every series.
    pub matchers: Vec<Matcher>,
    /// Inclusive.
    pub start: TimestampMs,
    /// Inclusive.
    pub end: TimestampMs,
    /// What of a [`QueryService::select`]'s answer matters; other questions are not concerned.
    pub hints: ReadHints,
    /// Only generations from the seam on, which the answer must have whole, or else it is [`Error::FloorAboveMark`]; `None`: all that
    /// there are. Exemplars and metadata are not concerned.
    ///
    /// To a service that knows the marks itself: what an earlier attempt was told ([`Self::again`]). It reads the manifest anew.
    pub seam: Option<Seam>,
}

impl SeriesRequest {
    /// All there is of the series that fulfil `matchers`.
    #[must_use]
    pub fn all_times(tenant: TenantId, matchers: Vec<Matcher>) -> Self {
        let (start, end) = (TimestampMs::MIN, TimestampMs::MAX);
        Self { tenant, matchers, start, end, hints: ReadHints::default(), seam: None }
    }

    /// The same question once more, after [`Error::FloorAboveMark`].
    #[must_use]
    pub fn again(self, floors: &[PartitionMark]) -> Self {
        let seam = self.seam.unwrap_or_default().raised(floors);
        Self { seam: Some(seam), ..self }
    }
}

/// One series' exemplars.
#[derive(Clone, Debug)]
pub struct SeriesExemplars {
    /// The series.
    pub labels: Labels,
    /// Ascending in time.
    pub exemplars: Vec<Exemplar>,
}

/// What is known of a metric family.
#[derive(Clone, Debug)]
pub struct MetricMetadata {
    /// The family's name.
    pub metric: String,
    /// Each different metadata seen.
    pub metadata: Vec<Metadata>,
}

/// Why an ingester could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It is replaying or not fresh: ask another or later (503).
    #[error("ingester is not ready: {0}")]
    NotReady(String),
    /// A limit of the process (503) was reached.
    #[error("ingester is over its limit: {0}")]
    Overloaded(String),
    /// The question's own budget is spent (422).
    #[error("the question's answer is too large: {0}")]
    OverBudget(#[from] OverBudget),
    /// Generations from the question's seam on are no longer held: read the manifest anew, and ask from these floors on at least (503).
    /// Without any floor it is a block that is no longer there: the newest manifest lists another one.
    #[error("recent data was flushed meanwhile: {} partitions hold less than was asked for", .0.len())]
    FloorAboveMark(Vec<PartitionMark>),
    /// Anything else (500).
    #[error("ingester failed: {0}")]
    Internal(String),
}

/// Takes committed WAL parts.
#[async_trait]
pub trait DeliveryService: Send + Sync {
    /// Applies one segment's parts. The reply comes when they are visible to queries, or as `behind`.
    async fn deliver(&self, delivery: Delivery) -> Result<Verdict, Error>;
}

/// Answers for recent data. Every answer holds all writes that were acknowledged before the question.
#[async_trait]
pub trait QueryService: Send + Sync {
    /// Series with their samples, each series once, to be pulled. What is found counts into `budget`, and a pull gives up once that is
    /// spent. This call waits for what has to be waited for; the work is the pulls'.
    async fn select(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error>;

    /// Series without samples, each once, in any order.
    async fn series(&self, request: SeriesRequest) -> Result<Vec<Labels>, Error>;

    /// Label names of the matching series, sorted, each once.
    async fn label_names(&self, request: SeriesRequest) -> Result<Vec<String>, Error>;

    /// Values of one label of the matching series, sorted, each once.
    async fn label_values(&self, label: String, request: SeriesRequest) -> Result<Vec<String>, Error>;

    /// Metadata by metric family, sorted by name; of one metric if given.
    async fn metadata(&self, tenant: TenantId, metric: Option<String>) -> Result<Vec<MetricMetadata>, Error>;

    /// How many series each label has.
    async fn cardinality(&self, request: CardinalityRequest) -> Result<Cardinality, Error> {
        let (tenant, matchers) = (request.tenant.clone(), request.matchers.clone());
        let all = SeriesRequest::all_times(tenant, matchers);
        let asked = SeriesRequest { start: request.start, end: request.end, ..all };
        Ok(cardinality::count(&self.series(asked).await?, &request))
    }

    /// Exemplars in the time range of series that fulfil all matchers.
    async fn exemplars(&self, request: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error>;
}

/// A shared query service.
pub type SharedQueryService = Arc<dyn QueryService>;
