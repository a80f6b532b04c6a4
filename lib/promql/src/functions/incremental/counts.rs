//! How often something happens between neighbours, by a running count.

use super::{FloatSeries, Scratch};

/// In each window, how many samples follow one of which `happens(before, now)` holds.
pub(super) fn pairs(
    series: &FloatSeries<'_>,
    scratch: &mut Scratch,
    out: &mut [f64],
    happens: impl Fn(f64, f64) -> bool,
) {
    let counts = &mut scratch.counts;
    counts.clear();
    counts.push(0);
    let mut count = 0u32;
    counts.extend(series.v.windows(2).map(|pair| {
        count += u32::from(happens(pair[0], pair[1]));
        count
    }));
    series.each(out, |window| f64::from(counts[window.to - 1] - counts[window.from]));
}
