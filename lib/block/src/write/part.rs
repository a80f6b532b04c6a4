//! One part of a block: a range of its series.

use std::collections::BTreeMap;
use std::ops::Range;

use mneme_model::chunk::RawSamples;
use mneme_model::{Exemplar, TimestampMs};

use super::file::Out;
use super::histograms::HistogramsFile;
use super::labels::LabelColumns;
use super::samples::SamplesFile;
use super::series::{self, SeriesStats};
use super::{Sink, Source, WriterOptions, exemplars};
use crate::Error;
use crate::meta::{FileKind, PartMeta, SeriesKey};

/// Writes the files of part `number` with the series `range` of `source`.
pub(crate) fn write(
    options: &WriterOptions,
    number: usize,
    range: Range<usize>,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
) -> Result<PartMeta, Error> {
    let mut part = Part::begin(options, number, range, source);
    let windows = part.windows(source)?;
    for (start, series) in &windows {
        part.window(*start, series, source, sink)?;
    }
    part.end(windows.into_keys().collect(), source, sink)
}

struct Part<'a> {
    options: &'a WriterOptions,
    number: usize,
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
    fn begin(options: &'a WriterOptions, number: usize, range: Range<usize>, source: &dyn Source) -> Self {
        let key = |series| SeriesKey(source.labels(series));
        Self {
            options,
            number,
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

    fn window(
        &mut self,
        start: TimestampMs,
        series: &[u32],
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let part = self.number;
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
                let out = Out { sink: &mut *sink, part, kind: FileKind::Samples };
                file.push(*sid, &buffer.t, &buffer.v, &buffer.st, out)?;
            }
            if !buffer.histograms.is_empty() {
                self.histogram_count += buffer.histograms.len() as u64;
                let file = match &mut self.histograms {
                    Some(file) => file,
                    none => none.insert(HistogramsFile::new(self.options)?),
                };
                let out = Out { sink: &mut *sink, part, kind: FileKind::Histograms };
                file.push(*sid, &buffer.histograms, out)?;
            }
        }
        if let Some(file) = &mut self.samples {
            file.end_group(Out { sink: &mut *sink, part, kind: FileKind::Samples })?;
        }
        if let Some(file) = &mut self.histograms {
            file.end_group(Out { sink, part, kind: FileKind::Histograms })?;
        }
        Ok(())
    }

    fn end(
        mut self,
        windows: Vec<TimestampMs>,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<PartMeta, Error> {
        let part = self.number;
        let samples_file = self
            .samples
            .take()
            .map(|file| file.finish(Out { sink: &mut *sink, part, kind: FileKind::Samples }));
        let samples_file = samples_file.transpose()?;
        let histograms_file = self
            .histograms
            .take()
            .map(|file| file.finish(Out { sink: &mut *sink, part, kind: FileKind::Histograms }));
        let histograms_file = histograms_file.transpose()?;
        let exemplars = self.exemplars(source)?;
        let exemplars_file = match exemplars.as_slice() {
            [] => None,
            all => Some(exemplars::write(
                self.options,
                all,
                Out { sink: &mut *sink, part, kind: FileKind::Exemplars },
            )?),
        };
        let min_time = self.stats.mint.iter().copied().min().unwrap_or(0);
        let max_time = self.stats.maxt.iter().copied().max().unwrap_or(0);
        let mut labels = LabelColumns::default();
        self.range.clone().for_each(|series| labels.push(&source.labels(series)));
        let series_file = series::write(
            self.options,
            labels,
            &self.stats,
            Out { sink: &mut *sink, part, kind: FileKind::Series },
        )?;
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
