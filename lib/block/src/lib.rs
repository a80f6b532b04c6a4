//! The block: an immutable time range of one tenant as Parquet files, and the manifest that lists blocks.
//!
//! Vocabulary: a *block* is cut into *parts* by ranges of (metric name, labels); a *part* has one file per [`meta::FileKind`]: the
//! *series table* (one row per series), the *samples table* (one row per series and *window*), histograms, exemplars; a *window* is
//! a slice of time, aligned to UTC, that no row crosses.

pub mod manifest;
pub mod meta;
