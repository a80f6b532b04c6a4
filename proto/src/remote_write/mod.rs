//! Prometheus remote write 1.0 (`prometheus.WriteRequest`) and 2.0 (`io.prometheus.write.v2.Request`).
//!
//! [`snappy::decompress`] -> [`Request::parse`] -> [`Request::timeseries`] fills one [`Series`] after the other, whose texts borrow
//! from the decompressed bytes. What is wrong with one series' labels is in that series; what is wrong with the message is an
//! [`Error`] with its byte. [`Encoder`] is the way back.
//!
//! Sources: Prometheus' `prompb/{remote,types}.proto` and `prompb/io/prometheus/write/v2/types.proto` (3.14), remote write specifications
//! 1.0 and 2.0.

mod encode;
mod encode_histogram;
mod histogram;
mod request;
mod sample;
mod series;
pub mod snappy;
mod symbols;
mod v1;
mod v2;
mod version;

pub use crate::wire::{Error, Malformed};
pub use encode::{Encoder, SeriesToEncode};
pub(crate) use encode_histogram::write_float_histogram;
pub use histogram::HistogramReader;
pub use request::{FamilyMetadata, RawSeries, RawSeriesWalk, Request, TimeSeries, key_labels};
pub use sample::{HistogramSample, Sample};
pub use series::{ExemplarRef, MetadataRef, RawHistogram, Series, SeriesProblem};
pub use version::{UnsupportedContentType, Version};

/// The most of one repeated thing within a series or a histogram, and the most symbols of a message: far above what senders send,
/// it bounds the memory that a crafted message can take.
const MAX_ITEMS: usize = 1 << 20;
