//! A whole block.

use std::ops::Range;

use ulid::Ulid;

use super::file::Out;
use super::{Sink, Source, WriterOptions, metadata, part};
use crate::Error;
use crate::meta::{BlockMeta, FileKind};

/// Writes a block of all samples of `source` and says what it is; `None` where there is no sample. Files are handed to `sink` while
/// they are made; the block exists once a manifest lists it. Memory: an open row group, and of a part its encoded series table, four
/// bytes per label of each series and per window that it is in, and its different labels.
///
/// # Errors
/// What the source or the sink say; [`Error::Write`] for options that are not valid.
pub fn write_block(
    id: Ulid,
    options: &WriterOptions,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
) -> Result<Option<BlockMeta>, Error> {
    options.validate().map_err(Error::Write)?;
    let mut parts = Vec::new();
    let mut next = 0;
    while let Some(range) = next_part(options, next, source) {
        next = range.end;
        parts.push(part::write(options, parts.len(), range, source, sink)?);
    }
    let total = |of: fn(&crate::meta::PartMeta) -> u64| parts.iter().map(of).sum::<u64>();
    let (samples, histograms) = (total(|part| part.samples), total(|part| part.histograms));
    if samples + histograms == 0 {
        return Ok(None);
    }
    let rows = source.metadata()?;
    let metadata = if rows.is_empty() {
        None
    } else {
        Some(metadata::write(options, rows, Out { sink, part: 0, kind: FileKind::Metadata })?)
    };
    Ok(Some(BlockMeta {
        id,
        level: options.level,
        resolution_ms: 0,
        window_ms: options.window_ms,
        min_time: parts.iter().map(|part| part.min_time).min().unwrap_or(0),
        max_time: parts.iter().map(|part| part.max_time).max().unwrap_or(0),
        series: total(|part| part.series),
        samples,
        histograms,
        exemplars: total(|part| part.exemplars),
        parts,
        metadata,
        carried_out: Vec::new(),
    }))
}

/// The series of the part that starts at `start`; `None` behind the last.
fn next_part(options: &WriterOptions, start: usize, source: &dyn Source) -> Option<Range<usize>> {
    let most = source.len().min(start.saturating_add(options.max_part_series));
    let mut bytes = 0u64;
    let mut end = start;
    while end < most && bytes < options.max_part_bytes {
        bytes = bytes.saturating_add(source.bytes(end));
        end += 1;
    }
    (end > start).then_some(start..end)
}
