//! What a metric is: labels, matchers, samples, native histograms, exemplars, metadata, tenants, time.
//!
//! Pure values without I/O, clocks or randomness; every other crate speaks in these words.
//!
//! - [`Labels`] a series' identity in one allocation, [`LabelsRef`] the same bytes borrowed.
//! - [`Matcher`] one condition of a selector.
//! - [`Samples`] decoded samples of one series, as columns; [`chunk`] the same compressed.
//! - [`histogram`] native histograms, exponential and with custom buckets.
//! - [`TenantId`], [`PartitionId`], [`Cut`], [`WriterId`] who and where.

pub mod chunk;
pub mod duration;
mod exemplar;
pub mod histogram;
mod ids;
pub mod labels;
mod matcher;
mod metadata;
mod read_hints;
mod samples;
mod tenant;

pub use exemplar::Exemplar;
pub use histogram::{AnyHistogram, FloatHistogram, Histogram};
pub use ids::{Cut, PartitionId, WriterId};
pub use labels::{Labels, LabelsBuilder, LabelsRef};
pub use matcher::{InvalidRegex, MatchOp, Matcher};
pub use metadata::{Metadata, MetricType};
pub use read_hints::ReadHints;
pub use samples::{
    HistogramPoint, STALE_NAN_BITS, Samples, TimestampMs, is_stale_nan, prefer_value, stale_nan,
};
pub use tenant::{InvalidTenant, TenantId};
