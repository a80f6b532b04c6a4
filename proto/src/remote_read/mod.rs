//! Prometheus remote read: requests, and both kinds of replies (`prompb/remote.proto`, `docs/querying/remote_read_api.md`).
//!
//! - [`ReadRequest`] decodes what a client asks; the body is a snappy block ([`crate::remote_write::snappy`]).
//! - [`SamplesReply`] is the reply of type SAMPLES: one message with all series, a snappy block again.
//! - [`push_frame`] writes one frame of the reply of type STREAMED_XOR_CHUNKS: length, checksum, message.
//! - [`XorChunks`] and [`HistogramChunks`] cut a series into chunks in Prometheus' own encodings.

mod bits;
mod frame;
mod histogram_chunk;
mod request;
mod samples;
mod xor_chunk;

pub use frame::{EncodedChunk, Encoding, push_frame};
pub use histogram_chunk::HistogramChunks;
pub use request::{ReadQuery, ReadRequest, ResponseType};
pub use samples::SamplesReply;
pub use xor_chunk::XorChunks;
