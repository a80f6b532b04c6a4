//! `mneme block inspect`.

use anyhow::Context;
use mneme_block::meta::{BlockMeta, FileKind};
use ulid::Ulid;

use super::{Opened, REMEDY};
use crate::stdout::line;

/// Prints what the manifest says of a block, and its label names.
pub(super) async fn run(opened: &Opened, id: Ulid) -> anyhow::Result<()> {
    for block in opened.blocks(Some(id)).await? {
        line(&format!("{} in {}", block.id, BlockMeta::folder(opened.manifest.tenant(), block.id)));
        line(&format!(
            "level {}, windows of {} ms, {}..={} ms",
            block.level, block.window_ms, block.min_time, block.max_time
        ));
        for (number, part) in block.parts.iter().enumerate() {
            line(&format!(
                "part {number:04}: {} series from {} to {}, {} floats, {} histograms, {} exemplars, {} windows",
                part.series,
                part.first.0,
                part.last.0,
                part.samples,
                part.histograms,
                part.exemplars,
                part.windows.len()
            ));
            for kind in FileKind::OF_PARTS {
                if let Some(file) = part.file(kind) {
                    let per_sample = file.size as f64 / (part.samples + part.histograms).max(1) as f64;
                    line(&format!(
                        "  {}: {} bytes ({per_sample:.3} per sample), tail {}",
                        kind.path(number),
                        file.size,
                        file.tail
                    ));
                }
            }
        }
        let names = opened.reader(&block).label_names(&[], i64::MIN, i64::MAX).await.context(REMEDY)?;
        line(&format!("labels: {}", names.into_iter().collect::<Vec<_>>().join(" ")));
    }
    Ok(())
}
