//! Minima and maxima of sliding windows.

use super::{FloatSeries, Scratch};

/// The first sample of each window that no other one of it is `better` than. NaN only where all are NaN: then the last.
pub(super) fn extreme(
    series: &FloatSeries<'_>,
    scratch: &mut Scratch,
    out: &mut [f64],
    better: impl Fn(f64, f64) -> bool,
) {
    // Samples that will be the best once those before them have left; each is at most as good as the one before.
    let candidates = &mut scratch.candidates;
    candidates.clear();
    let mut seen = 0;
    let v = series.v;
    series.each(out, |window| {
        for at in seen.max(window.from)..window.to {
            if v[at].is_nan() {
                continue;
            }
            while candidates.back().is_some_and(|last| better(v[at], v[*last])) {
                candidates.pop_back();
            }
            candidates.push_back(at);
        }
        seen = window.to;
        while candidates.front().is_some_and(|first| *first < window.from) {
            candidates.pop_front();
        }
        candidates.front().map_or(v[window.to - 1], |best| v[*best])
    });
}
