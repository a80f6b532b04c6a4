//! Blocks and recent data as one: what is below the marks of a manifest is read from its blocks, the rest asked of the ingesters.
//!
//! [`WithBlocks`] is a query service in front of the ingesters' one. Each question pins one version of its tenant's manifest (at most
//! 30 s old), reads the blocks that meet it, asks recent data from the marks on, and gives each series once. What a select finds is put
//! together while it is pulled. What was flushed or replaced meanwhile is told by an error and asked again of the newest version: no gap and no double (DESIGN section 5, seam).

mod access;
mod decoders;
mod deletions;
mod failure;
mod held_back;
mod merged;
mod read;
mod recent;
mod service;
mod stretches;
mod undeleted;

pub use access::block_access;
pub use service::WithBlocks;
