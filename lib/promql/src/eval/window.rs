//! The samples between two times that move forward: two indexes per column, no search.

use std::ops::Range;

use mneme_model::{HistogramPoint, Samples, TimestampMs, is_stale_nan};

/// Moves windows over one series' samples.
pub(super) struct Windows<'a> {
    samples: &'a Samples,
    floats: Range<usize>,
    histograms: Range<usize>,
}

/// The samples of one window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) t: &'a [TimestampMs],
    pub(super) v: &'a [f64],
    pub(super) st: &'a [TimestampMs],
    pub(super) histograms: &'a [HistogramPoint],
}

impl<'a> Windows<'a> {
    pub(super) fn new(samples: &'a Samples) -> Self {
        Self { samples, floats: 0..0, histograms: 0..0 }
    }

    /// The samples of `after < t <= until`. Neither bound may be before that of an earlier call.
    pub(super) fn next(&mut self, after: TimestampMs, until: TimestampMs) -> Part<'a> {
        let samples = self.samples;
        let (t, points) = (&samples.t, &samples.histograms);
        self.floats.end += t[self.floats.end..].iter().take_while(|t| **t <= until).count();
        self.floats.start +=
            t[self.floats.start..self.floats.end].iter().take_while(|t| **t <= after).count();
        self.histograms.end += points[self.histograms.end..].iter().take_while(|p| p.t <= until).count();
        let old =
            points[self.histograms.start..self.histograms.end].iter().take_while(|p| p.t <= after).count();
        self.histograms.start += old;
        let floats = self.floats.clone();
        Part {
            t: &t[floats.clone()],
            v: &samples.v[floats.clone()],
            st: samples.st.get(floats).unwrap_or_default(),
            histograms: &points[self.histograms.clone()],
        }
    }
}

impl Part<'_> {
    pub(super) fn len(&self) -> usize {
        self.t.len() + self.histograms.len()
    }

    /// How many samples it is worth (see [`super::column::histogram_samples`]).
    pub(super) fn samples(&self) -> usize {
        self.t.len() + self.histograms.iter().map(|p| super::column::histogram_samples(&p.h)).sum::<usize>()
    }
}

/// Removes stale markers.
pub(super) fn drop_stale(samples: &mut Samples) {
    // All are looked at, so that many are compared at once: nearly always there is none.
    if samples.v.iter().fold(false, |stale, v| stale | is_stale_nan(*v)) {
        let keep: Vec<bool> = samples.v.iter().map(|v| !is_stale_nan(*v)).collect();
        retain(&mut samples.t, &keep);
        retain(&mut samples.v, &keep);
        retain(&mut samples.st, &keep);
    }
    samples.histograms.retain(|point| !is_stale_nan(point.h.sum));
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().copied().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_on_the_left() {
        let mut samples = Samples::default();
        for t in [10, 20, 30, 40] {
            samples.push_float(t, t as f64, 0);
        }
        let mut windows = Windows::new(&samples);
        assert_eq!(windows.next(0, 20).t, [10, 20]);
        assert_eq!(windows.next(10, 30).t, [20, 30]);
        assert_eq!(windows.next(30, 35).t, [0i64; 0]);
        assert_eq!(windows.next(35, 100).v, [40.0]);
    }

    #[test]
    fn stale_markers_go_with_their_times() {
        let mut samples = Samples::default();
        samples.push_float(1, 1.0, 0);
        samples.push_float(2, mneme_model::stale_nan(), 1);
        samples.push_float(3, f64::NAN, 2);
        drop_stale(&mut samples);
        assert_eq!((samples.t, samples.st), (vec![1, 3], vec![0, 2]));
    }
}
