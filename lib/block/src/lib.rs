//! The block: an immutable time range of one tenant as Parquet files, and the manifest that lists blocks.
//!
//! Vocabulary: a *block* is cut into *parts* by ranges of (metric name, labels); a *part* has one file per [`meta::FileKind`]: the
//! *series table* (one row per series), the *samples table* (one row per series and *window*), histograms, exemplars; a *window* is
//! a slice of time, aligned to UTC, that no row crosses; a *row group* is the unit of I/O.
//!
//! Flow: [`write::write_block`] pulls a [`write::Source`] and hands finished files to a [`write::Sink`]; [`manifest`] lists what was
//! written; [`read::BlockReader`] answers from it; the bytes are described in docs/formats/block.md.

mod codec;
mod error;
pub mod manifest;
pub mod meta;
pub mod read;
mod rows;
mod schema;
pub mod write;

pub use error::Error;
