//! Generations, page by page, for flushes and checkpoints.

use mneme_model::chunk::Chunk;
use mneme_model::{Cut, Labels, TenantId};

/// Where the next page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportCursor(pub(crate) u32);

/// Some series with their chunks of the generations asked for.
#[derive(Clone, Debug, Default)]
pub struct ExportPage {
    /// Those that have such chunks, in no order.
    pub series: Vec<ExportedSeries>,
    /// Where to go on; `None` at the end.
    pub next: Option<ExportCursor>,
}

/// One series' chunks.
#[derive(Clone, Debug)]
pub struct ExportedSeries {
    /// Whose.
    pub tenant: TenantId,
    /// The whole identity.
    pub labels: Labels,
    /// Generation and chunk; they may overlap and repeat samples.
    pub chunks: Vec<(Cut, Chunk)>,
}
