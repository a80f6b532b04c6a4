//! What a load costs once it lies in blocks: bytes per sample, the CPU of a flush, and what a selector asks of the bucket.
//!
//! Flow: [`Load`]s -> [`measure`] sends each to each peer, lets it write its blocks, and looks at its files -> [`table`].

mod files;
mod flush;
mod measure;
mod reads;
mod table;

pub use files::Size;
pub use flush::Flush;
pub use measure::{Stored, measure};
pub use reads::{Read, Requests};
pub use table::table;

/// A load, and what is looked at once it is in blocks.
#[derive(Clone, Debug)]
pub struct Load {
    /// Its name in the table.
    pub name: &'static str,
    /// What it is, in a few words.
    pub what: String,
    /// The flags of `mneme bench write`.
    pub flags: Vec<String>,
    /// The goal for bytes per sample, in words.
    pub goal: &'static str,
    /// A metric to select; `None` measures no selectors.
    pub metric: Option<&'static str>,
}
