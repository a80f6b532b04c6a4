//! The manifest: the numbered, authoritative list of a tenant's blocks.
//!
//! - A *version* is an object of the chain `tenants/<tenant>/manifest/<n>`: a whole [`Content`], never changed. What no version lists
//!   does not exist.
//! - A *mark* says, of a partition, below which cut its samples are in blocks. A [`Change`] moves it from the value that the author
//!   started at, or is void: whatever is flushed twice, by whomever, one commit wins.
//! - The *floor* is an id: blocks with lower ids can be committed no more, so that what is lower and listed nowhere may be deleted.
//! - *Recent* blocks are in the version itself; blocks of *closed* days are in immutable *lists* beside it, which a version names.
//!
//! Flow: [`Manifests::newest`] -> a [`Manifest`], pinned -> [`Manifest::blocks`] of a time range. [`Manifests::commit`] of a [`Change`]:
//! the next version is created from the newest, or lost to another's and tried again on top of it. [`Manifests::clean`] deletes old
//! versions and what no version lists. Format: `docs/formats/manifest.md`. Deliberately absent: clocks (times are arguments).

mod apply;
mod cache;
mod change;
mod clean;
mod content;
mod diff;
mod error;
mod fold;
mod frame;
mod keys;
mod list;
mod manifests;
mod mark;
mod pinned;
mod rollback;
mod tombstone;
mod verify;

/// How long a version lives past its successor, and with it all that it lists.
pub const VERSION_AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

pub use cache::ManifestCache;
pub use change::{Change, Committed, MarkMove, Removed, Void};
pub use clean::{CleanOptions, Cleaned};
pub use content::Content;
pub use diff::Diff;
pub use error::Error;
pub use list::ListRef;
pub use manifests::Manifests;
pub use mark::{Marks, PartitionOf};
pub use pinned::Manifest;
pub use rollback::{RollbackOptions, RolledBack};
pub use tombstone::{Tombstone, TombstoneMatcher};
pub use verify::{Problem, Verified};
