//! Checkpoints: a partition's generations as objects in the bucket. Format: `docs/formats/checkpoint.md`.
//!
//! - A checkpoint of cut k *covers* `from..k`: every record stamped so is in it, or there was none.
//! - *places*: where the log and each writer's segments go on for who has everything below the cut.
//! - A *page* holds some series of some tenants; the *directory* at the end tells where the pages of each tenant are.
//!
//! Writing: an [`Encoder`] of a head's generations -> [`save`]. Reading: [`CheckpointReader`] opens one, page by page -> [`load`] into a head.

mod coverage;
mod directory;
mod header;
mod list;
mod load;
mod page;
mod places;
mod read;
mod save;
#[cfg(test)]
mod tests;
mod write;

use mneme_model::{Cut, PartitionId};

pub(crate) use coverage::Coverage;
pub(crate) use header::Header;
pub(crate) use list::list;
pub(crate) use load::load;
pub(crate) use places::Places;
pub(crate) use read::CheckpointReader;
pub(crate) use save::{Saved, save};
pub(crate) use write::Encoder;

/// The first bytes of a checkpoint.
const MAGIC: [u8; 8] = *b"MNEMECKP";
/// The newest format known here.
const FORMAT: u16 = 2;

/// A checkpoint's key.
pub(crate) fn key(partition: PartitionId, count: u16, cut: Cut) -> String {
    format!("partitions/{}of{count}/checkpoint/{:020}", partition.0, cut.0)
}
