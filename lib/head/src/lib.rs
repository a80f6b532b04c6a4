//! One partition's recent series of all tenants, in memory: index, compressed chunks, generations by cut.
//! A [`Head`] takes samples of any age in any order, any number of times, and always ends with the same answers.
//!
//! - A *tenant* is a key: every series, index and figure belongs to one, and no call sees two.
//! - A *generation* is the data stamped with one cut. What a generation holds depends only on the records stamped with
//!   its cut, never on what other generations hold, so that owners that read the WAL in different orders agree.
//! - A chunk is *open* (the newest generation's samples in order), *stored* (closed, in a page of its generation), or a *late*
//!   buffer (out of order). A page is in memory, or *spilled* to a local file ([`Head::spill`]).
//! - The *floor* is the lowest generation still held, of the head and of a tenant: see [`Head::drop_below`], [`Head::drop_tenant_below`].
//!
//! The flow: [`Head::appender`] takes the write lock once per WAL section; [`Appender::series`] finds or creates a series,
//! [`Appender::float`] and [`Appender::histogram`] add to it and say whether the sample was new. Queries
//! ([`Head::select`] and its like) take the read lock just long enough to find the series and to copy open chunks. A large answer is
//! gone through by a [`Cursor`]: the series are found once, then some are copied per hold of the lock into a [`Selection`].
//! A checkpoint reads generations in pages ([`Head::export`]), a flush one tenant's in order of the labels ([`Head::sorted`]), then drops them. What is spilled is read after the
//! lock was given up. What a series costs: `docs/decisions/0005`, measured by `cargo bench -p mneme-head --bench memory`.

mod appender;
mod at_once;
mod candidates;
mod cardinality;
mod config;
mod cursor;
mod exemplars;
mod export;
mod flush;
mod head;
mod index;
mod late;
mod memory;
mod metadata;
mod query;
mod select;
mod selection;
mod series;
mod slab;
mod state;
mod stats;
mod store;
mod tenant;
mod text_set;

pub use appender::{Appender, Outcome, SeriesRef};
pub use cardinality::Size;
pub use config::HeadConfig;
pub use cursor::Cursor;
pub use export::{ExportCursor, ExportPage, ExportedSeries};
pub use flush::Flushable;
pub use head::Head;
pub use memory::MemoryUse;
pub use metadata::MetricMetadata;
pub use query::{SelectedSeries, SeriesExemplars, Window};
pub use select::Wanted;
pub use selection::Selection;
pub use stats::{Generation, HeadStats, TenantStats};
pub use store::{ReadError, SpillFile, Spilled};
pub use text_set::TextSet;
