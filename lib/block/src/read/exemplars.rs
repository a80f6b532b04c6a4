//! Exemplars of a part.

use mneme_model::{Exemplar, Labels, LabelsBuilder, TimestampMs};

use super::footer::Footer;
use super::labels::{self, TextColumn, TextLists};
use super::pieces::Pieces;
use super::table::Found;
use super::{RangeReader, ReadOptions, column};
use crate::Error;
use crate::codec::page::Unpacker;
use crate::write::TRACE_ID;

/// The exemplars of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockExemplars {
    /// The series.
    pub labels: Labels,
    /// Ascending in time.
    pub exemplars: Vec<Exemplar>,
}

const COLUMNS: [&str; 6] =
    ["sid", "ts", "value", "trace_id", "labels.key_value.key", "labels.key_value.value"];

/// The exemplars of `start..=end` of the series found, ascending by sid.
pub(crate) async fn read(
    footer: &Footer,
    reader: &dyn RangeReader,
    options: ReadOptions,
    found: &[Found],
    (start, end): (TimestampMs, TimestampMs),
) -> Result<Vec<BlockExemplars>, Error> {
    let mut out: Vec<(u32, BlockExemplars)> = Vec::new();
    for group in 0..footer.groups() {
        if footer.bounds(group, "ts").is_some_and(|(first, last)| first > end || last < start) {
            continue;
        }
        let rows = footer.all_rows(group)?;
        let chunks = COLUMNS.iter().map(|name| footer.chunk(group, name)).collect::<Result<Vec<_>, _>>()?;
        let ranges = chunks.iter().flat_map(|chunk| TextColumn::ranges(chunk, &rows)).collect();
        let mut pieces = Pieces::default();
        pieces.fetch_checked(reader, footer, ranges, options.coalesce_bytes).await?;
        let mut unpacker = Unpacker::new().map_err(|bad| footer.bad("file", 0, bad.0))?;
        let [sid, ts, value, trace, key, text] = chunks.as_slice() else { continue };
        let (mut sids, mut times, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (chunk, wide, out) in [(sid, false, &mut sids), (ts, true, &mut times)] {
            for place in &chunk.pages {
                let page = labels::page(footer, chunk, &pieces, place, &mut unpacker)?;
                column::integers(&page, wide, out)
                    .map_err(|bad| footer.bad(&chunk.column, place.bytes.start, bad.0))?;
            }
        }
        for place in &value.pages {
            let page = labels::page(footer, value, &pieces, place, &mut unpacker)?;
            column::doubles(&page, &mut values)
                .map_err(|bad| footer.bad("value", place.bytes.start, bad.0))?;
        }
        let traces = TextColumn::read(footer, trace, &rows, &pieces, &mut unpacker)?;
        let keys = TextLists::read(footer, key, &pieces, &mut unpacker)?;
        let texts = TextLists::read(footer, text, &pieces, &mut unpacker)?;
        for (row, ((sid, t), value)) in (0u32..).zip(sids.iter().zip(&times).zip(&values)) {
            let sid = *sid as u32;
            let Ok(at) = found.binary_search_by_key(&sid, |found| found.sid) else { continue };
            if !(start..=end).contains(t) || found[at].holes.contain(*t) {
                continue;
            }
            let mut builder = LabelsBuilder::new();
            builder.set(TRACE_ID, traces.texts.get(traces.id(row)));
            for (name, value) in keys.row(row).zip(texts.row(row)) {
                builder.set(name, value);
            }
            let exemplar = Exemplar { labels: builder.build(), value: *value, timestamp: *t };
            match out.last_mut() {
                Some((last, series)) if *last == sid => series.exemplars.push(exemplar),
                _ => {
                    let labels = found[at].labels.clone();
                    out.push((sid, BlockExemplars { labels, exemplars: vec![exemplar] }));
                }
            }
        }
    }
    Ok(out.into_iter().map(|(_, series)| series).collect())
}
