//! `mneme block ls`.

use super::Opened;
use crate::stdout::line;

/// Prints a line for each block.
pub(super) async fn run(opened: &Opened) -> anyhow::Result<()> {
    for block in opened.blocks(None).await? {
        line(&format!(
            "{} level {} {}..={} ms {} series {} floats {} histograms {} exemplars {} parts {} bytes",
            block.id,
            block.level,
            block.min_time,
            block.max_time,
            block.series,
            block.samples,
            block.histograms,
            block.exemplars,
            block.parts.len(),
            block.size()
        ));
    }
    Ok(())
}
