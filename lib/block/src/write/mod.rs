//! Writes a block: series by series, window by window, with one open row group in memory; what is done goes to where files lie.

mod block;
mod chunks;
mod columns;
mod exemplars;
mod file;
mod histograms;
mod labels;
mod long;
mod metadata;
mod options;
mod part;
mod samples;
mod series;
mod sink;
mod source;
mod texts;

pub use block::write_block;
pub use chunks::{ChunkSeries, ChunkSource};
pub use long::LongTable;
pub use metadata::MetadataRow;
pub use options::WriterOptions;
pub use sink::{MemorySink, Sink};
pub use source::Source;

pub(crate) use exemplars::TRACE_ID;
pub(crate) use part::window_end;
