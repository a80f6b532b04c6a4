//! Samples of one generation that came out of order, waiting to be compressed.

use std::cmp::Ordering;

use mneme_model::chunk::{
    Chunk, FloatChunkBuilder, FloatSample, HistogramChunkBuilder, HistogramSample, Point,
};
use mneme_model::{Cut, TimestampMs};

use crate::HeadConfig;

/// Out-of-order samples of one series and generation, ascending, one float and one histogram per time at most.
pub(crate) struct Late {
    pub(crate) cut: Cut,
    floats: Vec<FloatSample>,
    histograms: Vec<HistogramSample>,
}

impl Late {
    pub(crate) fn new(cut: Cut) -> Self {
        Self { cut, floats: Vec::new(), histograms: Vec::new() }
    }

    /// Adds a sample. At an equal time of the same kind the preferred one stays.
    pub(crate) fn insert(&mut self, t: TimestampMs, point: &Point<'_>) {
        match *point {
            Point::Float { v, st } => {
                let sample = FloatSample { t, v, st };
                match search(&self.floats, t, |sample| sample.t) {
                    Err(at) => self.floats.insert(at, sample),
                    Ok(at) if float(&self.floats[at]).compare(point) == Ordering::Less => {
                        self.floats[at] = sample;
                    }
                    Ok(_) => {}
                }
            }
            Point::Histogram { h, st } => {
                let sample = || HistogramSample { t, histogram: h.clone(), st };
                match search(&self.histograms, t, |sample| sample.t) {
                    Err(at) => self.histograms.insert(at, sample()),
                    Ok(at) if histogram(&self.histograms[at]).compare(point) == Ordering::Less => {
                        self.histograms[at] = sample();
                    }
                    Ok(_) => {}
                }
            }
        }
    }

    /// Calls `see` with what is held at `t`.
    pub(crate) fn visit(&self, t: TimestampMs, see: &mut impl FnMut(Cut, &Point<'_>)) {
        if let Ok(at) = search(&self.floats, t, |sample| sample.t) {
            see(self.cut, &float(&self.floats[at]));
        }
        if let Ok(at) = search(&self.histograms, t, |sample| sample.t) {
            see(self.cut, &histogram(&self.histograms[at]));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.floats.len() + self.histograms.len()
    }

    /// First and last time; `None` if empty.
    pub(crate) fn bounds(&self) -> Option<(TimestampMs, TimestampMs)> {
        let first =
            self.floats.first().map(|s| s.t).into_iter().chain(self.histograms.first().map(|s| s.t)).min()?;
        let last =
            self.floats.last().map(|s| s.t).into_iter().chain(self.histograms.last().map(|s| s.t)).max()?;
        Some((first, last))
    }

    /// Heap bytes held, about.
    pub(crate) fn memory(&self) -> usize {
        // A histogram's vectors are counted at a guess: exact figures would cost a walk per insertion.
        self.floats.capacity() * size_of::<FloatSample>()
            + self.histograms.len() * (size_of::<HistogramSample>() + 256)
    }

    /// The samples, compressed.
    pub(crate) fn chunks(&self, config: &HeadConfig, out: &mut Vec<Chunk>) {
        for samples in self.floats.chunks(config.max_samples_per_chunk as usize) {
            let mut builder = FloatChunkBuilder::new(samples.iter().any(|sample| sample.st != 0));
            samples.iter().for_each(|sample| builder.push(sample.t, sample.v, sample.st));
            out.push(builder.chunk());
        }
        let mut builder = HistogramChunkBuilder::new();
        for sample in &self.histograms {
            if !builder.fits(&sample.histogram) {
                out.push(std::mem::take(&mut builder).chunk());
            }
            builder.push(sample.t, &sample.histogram, sample.st);
        }
        if !builder.is_empty() {
            out.push(builder.chunk());
        }
    }
}

fn float(sample: &FloatSample) -> Point<'_> {
    Point::Float { v: sample.v, st: sample.st }
}

fn histogram(sample: &HistogramSample) -> Point<'_> {
    Point::Histogram { h: &sample.histogram, st: sample.st }
}

fn search<T>(samples: &[T], t: TimestampMs, time: impl Fn(&T) -> TimestampMs) -> Result<usize, usize> {
    // Backfill arrives oldest first: the end is the likeliest place.
    match samples.last() {
        Some(last) if time(last) < t => Err(samples.len()),
        _ => samples.binary_search_by_key(&t, time),
    }
}
