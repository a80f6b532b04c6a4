//! Reads blocks: prunes, plans coalesced ranges, and decodes without trust in the bytes.
//!
//! Flow: [`BlockReader::select`] fetches the series tables that may hold matches together with the samples' footers, finds the
//! series, then fetches the pages that they need, all at once; [`BlockSeries::read`] decodes. [`BlockReader::batch`] gives chunks
//! instead, without decoding. Who computes and what is kept parsed is said by an [`Access`]. So a cold selector takes two round
//! trips. What is fetched goes through a [`RangeReader`], where caches stand.

mod access;
mod batch;
mod block;
mod budget;
mod column;
mod deletion;
mod exemplars;
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
pub use block::BlockReader;
pub use budget::ReadBudget;
pub use deletion::Deletion;
pub use exemplars::BlockExemplars;
pub use holes::Holes;
pub use options::ReadOptions;
pub use parsed::ParsedCache;
pub use ranges::{BucketRanges, MemoryRanges, RangeReader};
pub use select::{Projection, Select};
pub use series::BlockSeries;
