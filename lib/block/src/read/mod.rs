//! Reads blocks: prunes, plans coalesced ranges, and decodes without trust in the bytes.
//!
//! Flow: [`BlockReader::select`] fetches the series tables that may hold matches together with the samples' footers, finds the
//! series, then fetches the pages that they need, all at once; [`BlockSeries::read`] decodes. [`BlockReader::cursors`] gives
//! series one after the other instead, as chunks that are not decoded yet, and fetches their pages stretch by stretch
//! ([`PartCursor`]). Who computes and what is kept parsed is said by an [`Access`]. So a cold selector takes two round
//! trips. What is fetched goes through a [`RangeReader`], where caches stand.

mod access;
mod batch_builder;
mod block;
mod budget;
mod column;
mod cursor;
mod deletion;
mod exemplars;
mod fetch;
mod floats;
mod footer;
mod group;
mod holes;
mod labels;
mod leaf;
mod lists;
mod metadata;
mod numbers;
mod options;
mod ordered;
mod pack;
mod parsed;
mod part;
mod pieces;
mod plan;
mod ranges;
mod samples;
mod select;
mod series;
mod table;

pub use access::{Access, Work, Workers};
pub use batch_builder::BatchBuilder;
pub use block::BlockReader;
pub use budget::ReadBudget;
pub use cursor::PartCursor;
pub use deletion::Deletion;
pub use exemplars::BlockExemplars;
pub use fetch::{Fetch, Fetched};
pub use holes::Holes;
pub use options::ReadOptions;
pub use parsed::ParsedCache;
pub use ranges::{BucketRanges, MemoryRanges, RangeReader};
pub use select::{Projection, Select};
pub use series::BlockSeries;
