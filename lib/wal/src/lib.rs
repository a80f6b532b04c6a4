//! The write-ahead log in the bucket: log, segments, group commit, tail, replay.
//!
//! Vocabulary: a *segment* is one object of one *writer* (an incarnation, numbered by its *join* in the *log*), a *section*
//! one partition's records in it, a *cut* a numbered barrier that segments are stamped with, a *seal* a writer's end.
//! Formats: `docs/formats/wal.md`.
//!
//! Flow: [`Records`] stage one request -> [`Wal::append`] merges them into the open batch -> group commit puts one segment
//! after the other -> [`Deliver`] hands the sections to their owners -> the append returns. Reading: [`Log`] names the
//! writers and cuts, a [`Tail`] reads one writer's segments in order, [`Section`] reads the records.
//! Deliberately absent: what is done with the records (`lib/head`), who owns which partition, clocks (times are arguments).

mod catalog;
mod cluster;
mod config;
mod deliver;
mod error;
mod log;
mod records;
mod section;
mod segment;
mod tail;
mod truncate;
mod writer;

pub use catalog::{Catalog, CatalogReader, CatalogWriter, Numbered, SeriesId, SpaceId};
pub use cluster::Cluster;
pub use config::{Compression, Config};
pub use deliver::{CommittedSegment, Conflict, Deliver, DeliverNowhere, Verdict};
pub use error::{AppendError, DecodeError, Error};
pub use log::{Entry, EntryKind, Log, WriterInfo, writers};
pub use records::Records;
pub use section::{Definition, ExemplarRecord, Float, HistogramRecord, MetadataRecord, References, Section};
pub use segment::decode::HeaderError;
pub use segment::{Counts, Header, Kind, SectionEntry};
pub use tail::{Tail, TailEvent, TailSegment, replay, seal};
pub use truncate::{Kept, Truncation, truncate};
pub use writer::{Appended, CommitHook, Parts, Stats, Wal};

/// Numbers and texts as bytes, for the other formats of the bucket.
pub mod wire {
    pub use crate::section::wire::{Reader, put_bytes, put_varint, put_zigzag};
}
