//! One part of a block: a range of its series.

use std::collections::BTreeMap;
use std::ops::Range;

use mneme_model::chunk::RawSamples;
use mneme_model::{Exemplar, TimestampMs};

use super::histograms::HistogramsFile;
use super::labels::LabelColumns;
use super::samples::SamplesFile;
use super::series::{self, SeriesStats};
use super::{Sink, Source, WriterOptions, exemplars};
use crate::Error;
use crate::meta::{FileKind, FileMeta, PartMeta, SeriesKey};

/// Writes the files of part `number` with the series `range` of `source`.
pub(crate) fn write(
    options: &WriterOptions,
    number: usize,
    range: Range<usize>,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
) -> Result<PartMeta, Error> {
    let mut part = Part::begin(options, range, source);
    let windows = part.windows(source)?;
    for (start, series) in &windows {
        part.window(*start, series, source)?;
    }
    part.end(number, windows.into_keys().collect(), source, sink)
}

struct Part<'a> {
    options: &'a WriterOptions,
    range: Range<usize>,
    first: SeriesKey,
    last: SeriesKey,
    samples: Option<SamplesFile>,
    histograms: Option<HistogramsFile>,
    stats: SeriesStats,
    floats: u64,
    histogram_count: u64,
    buffer: RawSamples,
}

impl<'a> Part<'a> {
    fn begin(options: &'a WriterOptions, range: Range<usize>, source: &dyn Source) -> Self {
        let key = |series| SeriesKey(source.labels(series));
        Self {
            options,
            first: key(range.start),
            last: key(range.end - 1),
            samples: None,
            histograms: None,
            stats: SeriesStats::new(range.len()),
            floats: 0,
            histogram_count: 0,
            buffer: RawSamples::default(),
            range,
        }
    }

    /// The series that may have samples in each window, by their sid.
    fn windows(&self, source: &mut dyn Source) -> Result<BTreeMap<TimestampMs, Vec<u32>>, Error> {
        let mut windows: BTreeMap<TimestampMs, Vec<u32>> = BTreeMap::new();
        let mut starts = Vec::new();
        for (sid, series) in self.range.clone().enumerate() {
            starts.clear();
            source.windows(series, i64::from(self.options.window_ms), &mut starts)?;
            starts.sort_unstable();
            starts.dedup();
            for start in &starts {
                windows.entry(*start).or_default().push(sid as u32);
            }
        }
        Ok(windows)
    }

    fn window(&mut self, start: TimestampMs, series: &[u32], source: &mut dyn Source) -> Result<(), Error> {
        let end = window_end(start, i64::from(self.options.window_ms));
        for sid in series {
            let at = *sid as usize;
            self.buffer.clear();
            source.read(self.range.start + at, start, end, &mut self.buffer)?;
            let buffer = &self.buffer;
            if let [first, .., last] | [first @ last] = buffer.t.as_slice() {
                self.stats.add(at, buffer.t.len(), *first, *last);
            }
            if let [first, .., last] | [first @ last] = buffer.histograms.as_slice() {
                self.stats.add(at, buffer.histograms.len(), first.t, last.t);
            }
            if !buffer.t.is_empty() {
                self.floats += buffer.t.len() as u64;
                let file = match &mut self.samples {
                    Some(file) => file,
                    none => none.insert(SamplesFile::new(self.options)?),
                };
                file.push(*sid, &buffer.t, &buffer.v, &buffer.st)?;
            }
            if !buffer.histograms.is_empty() {
                self.histogram_count += buffer.histograms.len() as u64;
                let file = match &mut self.histograms {
                    Some(file) => file,
                    none => none.insert(HistogramsFile::new(self.options)?),
                };
                file.push(*sid, &buffer.histograms)?;
            }
        }
        self.samples.as_mut().map_or(Ok(()), SamplesFile::end_group)?;
        self.histograms.as_mut().map_or(Ok(()), HistogramsFile::end_group)
    }

    fn end(
        mut self,
        number: usize,
        windows: Vec<TimestampMs>,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<PartMeta, Error> {
        let mut put = |kind, (bytes, meta): (bytes::Bytes, FileMeta)| {
            sink.put(number, kind, bytes)?;
            Ok::<_, Error>(meta)
        };
        let samples_file = match self.samples.take() {
            Some(file) => Some(put(FileKind::Samples, file.finish()?)?),
            None => None,
        };
        let histograms_file = match self.histograms.take() {
            Some(file) => Some(put(FileKind::Histograms, file.finish()?)?),
            None => None,
        };
        let exemplars = self.exemplars(source)?;
        let exemplars_file = match exemplars.as_slice() {
            [] => None,
            all => Some(put(FileKind::Exemplars, exemplars::write(self.options, all)?)?),
        };
        let min_time = self.stats.mint.iter().copied().min().unwrap_or(0);
        let max_time = self.stats.maxt.iter().copied().max().unwrap_or(0);
        let mut labels = LabelColumns::default();
        self.range.clone().for_each(|series| labels.push(&source.labels(series)));
        let series_file = put(FileKind::Series, series::write(self.options, labels, &self.stats)?)?;
        Ok(PartMeta {
            first: self.first,
            last: self.last,
            min_time,
            max_time,
            series: self.range.len() as u64,
            samples: self.floats,
            histograms: self.histogram_count,
            exemplars: exemplars.len() as u64,
            windows,
            series_file,
            samples_file,
            histograms_file,
            exemplars_file,
        })
    }

    /// All exemplars, sorted by series and time, each once.
    fn exemplars(&self, source: &mut dyn Source) -> Result<Vec<(u32, Exemplar)>, Error> {
        let mut all = Vec::new();
        let mut of_series = Vec::new();
        for (sid, series) in self.range.clone().enumerate() {
            of_series.clear();
            source.exemplars(series, &mut of_series)?;
            let order = |it: &Exemplar| (it.timestamp, it.value.to_bits(), it.labels.clone());
            of_series.sort_by_cached_key(order);
            of_series.dedup_by(|a, b| order(a) == order(b));
            all.extend(of_series.drain(..).map(|exemplar| (sid as u32, exemplar)));
        }
        Ok(all)
    }
}

/// The last millisecond of a window.
pub(crate) fn window_end(start: TimestampMs, window_ms: i64) -> TimestampMs {
    // The first window of all time starts late.
    let aligned = start.rem_euclid(window_ms);
    start.saturating_add(window_ms - aligned - 1)
}
