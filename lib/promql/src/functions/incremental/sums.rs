//! Sums and averages of sliding windows, bit for bit as compensated addition from a window's first sample to its last gives them.

use mneme_model::histogram::KahanSum;

use super::super::over_time::float_average;
use super::{FloatSeries, FloatWindow, Scratch};
use crate::Error;
use crate::cancel::Work;

/// Windows that are added up side by side: one addition waits for the one before it, those of other windows do not.
const LANES: usize = 8;

/// 2^53: up to here whole numbers add up without rounding.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// `sum_over_time`.
pub(super) fn sums(
    series: &FloatSeries<'_>,
    scratch: &mut Scratch,
    work: &mut Work<'_>,
    out: &mut [f64],
) -> Result<(), Error> {
    if running_sums(series, &mut scratch.sums) {
        let sums = &scratch.sums;
        series.each(out, |window| sums[window.to] - sums[window.from]);
        return Ok(());
    }
    side_by_side(
        series,
        work,
        &mut |step, sum| {
            out[step] = if sum.sum.is_infinite() { sum.sum } else { sum.total() };
        },
        |_| 0.0,
    )
}

/// `avg_over_time`.
pub(super) fn averages(
    series: &FloatSeries<'_>,
    scratch: &mut Scratch,
    work: &mut Work<'_>,
    out: &mut [f64],
) -> Result<(), Error> {
    if running_sums(series, &mut scratch.sums) {
        let sums = &scratch.sums;
        series.each(out, |window| (sums[window.to] - sums[window.from]) / window.len() as f64);
        return Ok(());
    }
    let (v, windows) = (series.v, series.windows);
    // From a negative zero, nothing that is added changes but its sign: as if the sum began with the first sample.
    side_by_side(
        series,
        work,
        &mut |step, sum| {
            let (window, count) = (windows[step], windows[step].len() as f64);
            // Once a sum has overflowed, it never becomes finite again.
            out[step] = if sum.sum.is_finite() {
                sum.sum / count + sum.compensation / count
            } else {
                float_average(&v[window.from..window.to])
            };
        },
        |_| -0.0,
    )
}

/// Fills in `sums[i]` = the sum of the first `i` samples, if that is exact and windows overlap enough to be worth it.
fn running_sums(series: &FloatSeries<'_>, sums: &mut Vec<f64>) -> bool {
    let additions: usize = series.windows.iter().map(FloatWindow::len).sum();
    if additions < 2 * series.v.len() || !adds_up_exactly(series.v) {
        return false;
    }
    sums.clear();
    sums.push(0.0);
    let mut sum = 0.0;
    sums.extend(series.v.iter().map(|value| {
        sum += value;
        sum
    }));
    true
}

/// Whether all values are whole numbers (and none -0), so small that no sum of any of them is rounded.
pub(super) fn adds_up_exactly(values: &[f64]) -> bool {
    let mut magnitude = 0.0;
    for value in values {
        if (*value as i64 as f64).to_bits() != value.to_bits() {
            return false;
        }
        magnitude += value.abs();
    }
    magnitude <= MAX_EXACT
}

/// Adds up every window from its first sample to its last, beginning at `start`, and tells the sums.
fn side_by_side(
    series: &FloatSeries<'_>,
    work: &mut Work<'_>,
    tell: &mut dyn FnMut(usize, KahanSum),
    start: impl Fn(usize) -> f64,
) -> Result<(), Error> {
    let mut steps = [0; LANES];
    let mut lanes = 0;
    for (step, window) in series.windows.iter().enumerate() {
        if window.is_empty() {
            continue;
        }
        work.done(window.len())?;
        steps[lanes] = step;
        lanes += 1;
        if lanes == LANES {
            add_up(series, &steps, &start, tell);
            lanes = 0;
        }
    }
    for step in &steps[..lanes] {
        let window = series.windows[*step];
        let mut sum = KahanSum::new(start(*step));
        series.v[window.from..window.to].iter().for_each(|value| sum.add(*value));
        tell(*step, sum);
    }
    Ok(())
}

fn add_up(
    series: &FloatSeries<'_>,
    steps: &[usize; LANES],
    start: &impl Fn(usize) -> f64,
    tell: &mut dyn FnMut(usize, KahanSum),
) {
    let windows: [&[f64]; LANES] = steps.map(|step| {
        let window = series.windows[step];
        &series.v[window.from..window.to]
    });
    let common = windows.iter().map(|window| window.len()).min().unwrap_or(0);
    let heads = windows.map(|window| &window[..common]);
    let mut sums = steps.map(start);
    let mut compensations = [0.0; LANES];
    #[expect(
        clippy::needless_range_loop,
        reason = "by index, lanes are computed side by side: three times as fast"
    )]
    for at in 0..common {
        for lane in 0..LANES {
            let (value, sum) = (heads[lane][at], sums[lane]);
            let total = sum + value;
            let (large, small) = if sum.abs() >= value.abs() { (sum, value) } else { (value, sum) };
            let added = compensations[lane] + ((large - total) + small);
            compensations[lane] = if total.is_infinite() { 0.0 } else { added };
            sums[lane] = total;
        }
    }
    for (lane, step) in steps.iter().enumerate() {
        let mut sum = KahanSum { sum: sums[lane], compensation: compensations[lane] };
        windows[lane][common..].iter().for_each(|value| sum.add(*value));
        tell(*step, sum);
    }
}
