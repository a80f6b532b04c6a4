//! Series in memory, blocks of them, and a count of what reading asks for.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use mneme_block::Error;
use mneme_block::meta::{BlockMeta, SeriesKey};
use mneme_block::read::{BlockReader, BlockSeries, MemoryRanges, RangeReader, ReadOptions, Select};
use mneme_block::write::{MemorySink, MetadataRow, Source, WriterOptions, write_block};
use mneme_model::chunk::RawSamples;
use mneme_model::{Exemplar, Labels, TenantId, TimestampMs};
use ulid::Ulid;

/// A series in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    pub(crate) samples: RawSamples,
    pub(crate) exemplars: Vec<Exemplar>,
}

/// All series, sorted.
pub(crate) struct Memory {
    pub(crate) series: Vec<Series>,
    pub(crate) metadata: Vec<MetadataRow>,
}

impl Memory {
    pub(crate) fn new(mut series: Vec<Series>) -> Self {
        series.sort_by(|a, b| SeriesKey::order(a.labels.view(), b.labels.view()));
        Self { series, metadata: Vec::new() }
    }
}

impl Source for Memory {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, series: usize) -> Labels {
        self.series[series].labels.clone()
    }

    fn bytes(&self, series: usize) -> u64 {
        self.series[series].samples.t.len() as u64 * 2
    }

    fn windows(&mut self, series: usize, window_ms: i64, out: &mut Vec<TimestampMs>) -> Result<(), Error> {
        let samples = &self.series[series].samples;
        let times = samples.t.iter().copied().chain(samples.histograms.iter().map(|it| it.t));
        out.extend(times.map(|t| t - t.rem_euclid(window_ms)));
        Ok(())
    }

    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), Error> {
        let samples = clip(&self.series[series].samples, start, end);
        for (i, t) in samples.t.iter().enumerate() {
            out.push_float(*t, samples.v[i], samples.st.get(i).copied().unwrap_or(0));
        }
        out.histograms.extend(samples.histograms);
        Ok(())
    }

    fn exemplars(&mut self, series: usize, out: &mut Vec<Exemplar>) -> Result<(), Error> {
        out.extend_from_slice(&self.series[series].exemplars);
        Ok(())
    }

    fn metadata(&mut self) -> Result<Vec<MetadataRow>, Error> {
        Ok(self.metadata.clone())
    }
}

/// The samples of a range.
pub(crate) fn clip(samples: &RawSamples, start: TimestampMs, end: TimestampMs) -> RawSamples {
    let mut out = RawSamples::default();
    for (i, t) in samples.t.iter().enumerate().filter(|(_, t)| (start..=end).contains(*t)) {
        out.push_float(*t, samples.v[i], samples.st.get(i).copied().unwrap_or(0));
    }
    let inside = samples.histograms.iter().filter(|it| (start..=end).contains(&it.t));
    out.histograms = inside.cloned().collect();
    out
}

/// Samples by their bits.
pub(crate) fn bits(samples: &RawSamples) -> (Vec<i64>, Vec<u64>, Vec<i64>, String) {
    let st = (0..samples.t.len()).map(|i| samples.st.get(i).copied().unwrap_or(0)).collect();
    let v = samples.v.iter().map(|v| v.to_bits()).collect();
    // Rust prints doubles so that they read back as the same bits, but for NaN.
    (samples.t.clone(), v, st, format!("{:?}", samples.histograms))
}

/// Counts requests and bytes.
#[derive(Default)]
pub(crate) struct Counting {
    pub(crate) inner: MemoryRanges,
    pub(crate) gets: AtomicUsize,
    pub(crate) bytes: AtomicUsize,
    pub(crate) log: Mutex<Vec<String>>,
}

#[async_trait]
impl RangeReader for Counting {
    async fn get_ranges(&self, key: &str, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, Error> {
        self.gets.fetch_add(ranges.len(), Relaxed);
        self.bytes.fetch_add(ranges.iter().map(|it| (it.end - it.start) as usize).sum(), Relaxed);
        self.log.lock().unwrap().push(format!("{key} {ranges:?}"));
        self.inner.get_ranges(key, ranges).await
    }
}

/// A block in memory.
pub(crate) struct Block {
    pub(crate) meta: BlockMeta,
    pub(crate) ranges: Arc<Counting>,
    pub(crate) options: ReadOptions,
}

impl Block {
    pub(crate) fn write(options: &WriterOptions, source: &mut Memory) -> Self {
        let mut sink = MemorySink::default();
        let meta = write_block(Ulid::from_parts(1, 2), options, source, &mut sink).unwrap().unwrap();
        let folder = BlockMeta::folder(&tenant(), meta.id);
        let files = sink.files.into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes));
        let ranges = Counting { inner: MemoryRanges(files.collect()), ..Counting::default() };
        Self { meta, ranges: Arc::new(ranges), options: ReadOptions::default() }
    }

    pub(crate) fn reader(&self) -> BlockReader {
        let ranges = Arc::clone(&self.ranges) as Arc<dyn RangeReader>;
        BlockReader::new(tenant(), Arc::new(self.meta.clone()), ranges, self.options)
    }

    pub(crate) fn select(&self, select: &Select) -> Vec<BlockSeries> {
        block_on(self.reader().select(select)).unwrap()
    }

    /// GETs and bytes since the last call.
    pub(crate) fn requests(&self) -> (usize, usize) {
        (self.ranges.gets.swap(0, Relaxed), self.ranges.bytes.swap(0, Relaxed))
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("team").unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Small row groups and pages, so that few series make many of them.
pub(crate) fn small(window_ms: u32) -> WriterOptions {
    WriterOptions { group_rows: 32, page_rows: 4, window_ms, ..WriterOptions::flush() }
}
