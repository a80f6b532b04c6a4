//! Chunks and rows of a part as a batch of series.

use mneme_model::Samples;
use mneme_model::chunk::{Chunk, FloatChunkBuilder, RawSamples, SeriesBatch};

use super::BlockSeries;
use super::group::Row;
use super::select::Select;
use super::table::Found;
use crate::Error;

/// The series that have any samples. `found` ascends by series id; rows and chunks of one series are in the order of time.
pub(crate) fn assemble(
    found: &[Found],
    floats: Vec<Vec<(u32, Chunk)>>,
    histograms: Vec<Row>,
    select: &Select,
) -> Result<SeriesBatch, Error> {
    let mut chunks: Vec<(u32, Chunk)> = floats.into_iter().flatten().collect();
    chunks.sort_by_key(|(sid, _)| *sid);
    let mut rows = histograms;
    rows.sort_by_key(|row| row.head.sid);
    let mut batch = SeriesBatch::new();
    batch.reserve(found.len());
    let (mut chunks, mut rows) = (chunks.into_iter().peekable(), rows.into_iter().peekable());
    let mut own: Vec<Chunk> = Vec::new();
    for one in found {
        while let Some((_, chunk)) = chunks.next_if(|(sid, _)| *sid == one.sid) {
            own.push(chunk);
        }
        let mut histograms = Vec::new();
        while let Some(row) = rows.next_if(|row| row.head.sid == one.sid) {
            histograms.push(row);
        }
        if select.newest_only && histograms.is_empty() {
            let newest = newest(&own, select).map_err(|error| broken(one, &error))?;
            own.clear();
            own.extend(newest);
        }
        let raw = raw_histograms(one, histograms, select)?;
        if own.is_empty() && raw.is_empty() {
            continue;
        }
        batch.begin(one.labels.clone(), one.labels.view().identity());
        for chunk in own.drain(..) {
            batch.push(chunk);
        }
        batch.push_raw(&raw);
    }
    Ok(batch)
}

/// Histograms up to the end of the range, if any lie in it: the counter reset hint of one depends on those before it.
fn raw_histograms(found: &Found, rows: Vec<Row>, select: &Select) -> Result<RawSamples, Error> {
    let mut raw = RawSamples::default();
    if !rows.is_empty() {
        let (labels, holes) = (found.labels.clone(), found.holes.clone());
        let series = BlockSeries { labels, histograms: rows, holes, ..BlockSeries::default() };
        series.read_raw(i64::MIN, select.end, &mut raw)?;
        if raw.histograms.last().is_none_or(|last| last.t < select.start) {
            raw.clear();
        }
    }
    Ok(raw)
}

/// A chunk of the newest sample of the range.
fn newest(chunks: &[Chunk], select: &Select) -> Result<Option<Chunk>, mneme_model::chunk::Error> {
    let mut samples = Samples::default();
    for chunk in chunks.iter().rev() {
        samples.clear();
        chunk.read(select.start, select.end, &mut samples)?;
        if let (Some(t), Some(v)) = (samples.t.last(), samples.v.last()) {
            let st = samples.st.last().copied();
            let mut builder = FloatChunkBuilder::new(st.is_some());
            builder.push(*t, *v, st.unwrap_or(0));
            return Ok(Some(builder.chunk()));
        }
    }
    Ok(None)
}

fn broken(found: &Found, error: &mneme_model::chunk::Error) -> Error {
    Error::Corrupt {
        key: String::new(),
        column: format!("row of series {}", found.sid),
        offset: 0,
        reason: error.to_string(),
    }
}
