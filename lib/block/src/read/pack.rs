//! Rows of floats as chunks, without decoding them.

use bytes::Bytes;
use mneme_model::TimestampMs;
use mneme_model::chunk::{Chunk, Columns, FloatChunkBuilder};

use super::Holes;
use super::group::Row;
use crate::Error;
use crate::codec::Bad;

/// Chunks with the series ids of their rows, and the bytes that they hold.
pub(crate) type Packed = (Vec<(u32, Chunk)>, u64);

/// The rows that reach into `start..=end`, each as a chunk; `holes` says of a series id when it has no samples. All chunks share one
/// piece of memory.
pub(crate) fn pack<'h>(
    rows: &[Row],
    (start, end): (TimestampMs, TimestampMs),
    holes: impl Fn(u32) -> Option<&'h Holes>,
) -> Result<Packed, Error> {
    let mut data = Vec::new();
    let mut chunks: Vec<(u32, Chunk, usize)> = Vec::with_capacity(rows.len());
    for row in rows {
        let columns = row.columns().map_err(|bad| row.bad(bad))?;
        let (first, last) = (columns.min_time, columns.max_time());
        if first > end || last < start {
            continue;
        }
        match holes(row.head.sid).filter(|holes| holes.overlap(first, last)) {
            None => {
                columns.write(&mut data);
                chunks.push((row.head.sid, Chunk::of_columns(&columns, Bytes::new()), data.len()));
            }
            Some(holes) => {
                if let Some(chunk) = without(&columns, holes).map_err(|bad| row.bad(bad))? {
                    data.extend_from_slice(&chunk.data);
                    chunks.push((row.head.sid, chunk, data.len()));
                }
            }
        }
    }
    data.shrink_to_fit();
    let data = Bytes::from(data);
    let mut from = 0;
    let with_data = chunks.into_iter().map(|(sid, chunk, to)| {
        let data = data.slice(std::mem::replace(&mut from, to)..to);
        (sid, Chunk { data, ..chunk })
    });
    let chunks: Vec<(u32, Chunk)> = with_data.collect();
    let bytes = data.len() + chunks.len() * size_of::<(u32, Chunk)>();
    Ok((chunks, bytes as u64))
}

/// What is left of a row.
fn without(columns: &Columns<'_>, holes: &Holes) -> Result<Option<Chunk>, Bad> {
    let (mut t, mut v, mut st) = (Vec::new(), Vec::new(), Vec::new());
    columns.append((TimestampMs::MIN, TimestampMs::MAX), &mut t, &mut v, &mut st)?;
    let mut builder = FloatChunkBuilder::new(!st.is_empty());
    for (at, t) in t.iter().enumerate().filter(|(_, t)| !holes.contain(**t)) {
        builder.push(*t, v[at], st.get(at).copied().unwrap_or(0));
    }
    Ok((builder.count() > 0).then(|| builder.chunk()))
}
