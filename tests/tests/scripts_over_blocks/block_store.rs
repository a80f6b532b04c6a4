//! Blocks as the store of scripts.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use mneme_block::meta::{BlockMeta, SeriesKey};
use mneme_block::read::{self, BlockReader, MemoryRanges, RangeReader, ReadOptions};
use mneme_block::write::{MemorySink, Source, WriterOptions, write_block};
use mneme_model::chunk::{HistogramSample, RawSamples, SeriesBatch, SeriesView, merge};
use mneme_model::{AnyHistogram, Exemplar, Labels, Samples, TenantId, TimestampMs};
use mneme_promql::{Error, Plan, Queryable, ReadSamples, Select, SeriesSink, StorageError};
use ulid::Ulid;

use crate::promqltest::store::Store;

/// So many loads make a block, so that queries read several.
const LOADS_PER_BLOCK: usize = 3;

/// What was loaded, and the blocks of it once they are asked for.
#[derive(Default)]
pub(crate) struct BlockStore {
    loads: Vec<(Labels, RawSamples)>,
    blocks: OnceLock<Vec<BlockReader>>,
}

impl Store for BlockStore {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn load(&mut self, labels: &Labels, samples: Samples) {
        let histograms = samples.histograms.iter().map(|point| HistogramSample {
            t: point.t,
            histogram: AnyHistogram::Float((*point.h).clone()),
            st: point.st,
        });
        let histograms = histograms.collect();
        self.loads
            .push((labels.clone(), RawSamples { t: samples.t, v: samples.v, st: samples.st, histograms }));
        self.blocks = OnceLock::new();
    }

    fn queryable(&self, _plan: &Plan) -> Box<dyn Queryable + '_> {
        Box::new(View(
            self.blocks.get_or_init(|| self.loads.chunks(LOADS_PER_BLOCK).filter_map(block).collect()),
        ))
    }
}

/// Writes the loads as a block in memory.
fn block(loads: &[(Labels, RawSamples)]) -> Option<BlockReader> {
    let mut all: BTreeMap<Labels, Vec<&RawSamples>> = BTreeMap::new();
    loads.iter().for_each(|(labels, samples)| all.entry(labels.clone()).or_default().push(samples));
    let mut series: Vec<(Labels, RawSamples)> =
        all.into_iter().map(|(labels, parts)| (labels, merged(parts.into_iter()))).collect();
    series.sort_by(|(a, _), (b, _)| SeriesKey::order(a.view(), b.view()));
    let mut sink = MemorySink::default();
    let meta = write_block(Ulid::from_parts(1, 1), &WriterOptions::flush(), &mut Loads(series), &mut sink);
    let meta = meta.expect("memory does not fail")?;
    let folder = BlockMeta::folder(&TenantId::anonymous(), meta.id);
    let files = sink.files.into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes)).collect();
    let files: Arc<dyn RangeReader> = Arc::new(MemoryRanges(files));
    Some(BlockReader::new(TenantId::anonymous(), Arc::new(meta), files, ReadOptions::default()))
}

/// Samples of one series, of equal times one.
fn merged<'a>(parts: impl Iterator<Item = &'a RawSamples>) -> RawSamples {
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for part in parts {
        for (i, t) in part.t.iter().enumerate() {
            let st = part.st.get(i).copied().unwrap_or(0);
            floats.push(mneme_model::chunk::FloatSample { t: *t, v: part.v[i], st });
        }
        histograms.extend(part.histograms.iter().cloned());
    }
    let mut out = RawSamples::default();
    out.push_unordered(floats, histograms);
    out
}

struct Loads(Vec<(Labels, RawSamples)>);

impl Source for Loads {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, series: usize) -> Labels {
        self.0[series].0.clone()
    }

    fn bytes(&self, series: usize) -> u64 {
        self.0[series].1.t.len() as u64
    }

    fn windows(
        &mut self,
        series: usize,
        window_ms: i64,
        out: &mut Vec<TimestampMs>,
    ) -> Result<(), mneme_block::Error> {
        let samples = &self.0[series].1;
        let times = samples.t.iter().copied().chain(samples.histograms.iter().map(|sample| sample.t));
        out.extend(times.map(|t| t - t.rem_euclid(window_ms)));
        Ok(())
    }

    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), mneme_block::Error> {
        let samples = &self.0[series].1;
        for (i, t) in samples.t.iter().enumerate().filter(|(_, t)| (start..=end).contains(*t)) {
            out.push_float(*t, samples.v[i], samples.st.get(i).copied().unwrap_or(0));
        }
        let inside = samples.histograms.iter().filter(|sample| (start..=end).contains(&sample.t));
        out.histograms.extend(inside.cloned());
        Ok(())
    }

    fn exemplars(&mut self, _: usize, _: &mut Vec<Exemplar>) -> Result<(), mneme_block::Error> {
        Ok(())
    }
}

struct View<'a>(&'a [BlockReader]);

impl Queryable for View<'_> {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let asked = read::Select {
            newest_only: select.hints.newest_only,
            ..read::Select::new(select.matchers.clone(), select.start, select.end)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
        let mut all = SeriesBatch::new();
        for block in self.0 {
            all.append(runtime.block_on(block.batch(&asked)).map_err(failed)?);
        }
        all.unite();
        all.iter().try_for_each(|series| sink(series.labels, &Compressed(series)))
    }
}

struct Compressed<'a>(SeriesView<'a>);

impl ReadSamples for Compressed<'_> {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        merge(self.0.chunks, start, end, out).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> StorageError {
    StorageError { message: error.to_string() }
}
