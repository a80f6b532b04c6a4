//! A group's state over all steps while it has seen nothing but floats: a few numbers per step, side by side.

use super::cell::Cell;
use crate::ast::AggregateOp;
use crate::eval::ABSENT;

/// What has been folded into a group. A step without a sample so far has [`ABSENT`] as its value.
#[derive(Debug)]
pub(super) struct Floats {
    op: AggregateOp,
    values: Vec<f64>,
    /// What rounding took from the values (`sum`, `avg`); else empty.
    compensations: Vec<f64>,
    /// How many samples (`avg`); else empty.
    counts: Vec<f64>,
}

impl Floats {
    /// Nothing yet; `None` where an aggregation needs more than this.
    pub(super) fn new(op: AggregateOp, steps: usize) -> Option<Self> {
        let column = |wanted: bool| vec![0.0; if wanted { steps } else { 0 }];
        let is_mean = op == AggregateOp::Avg;
        let compensates = is_mean || op == AggregateOp::Sum;
        let known = matches!(
            op,
            AggregateOp::Sum
                | AggregateOp::Avg
                | AggregateOp::Count
                | AggregateOp::Min
                | AggregateOp::Max
                | AggregateOp::Group
        );
        known.then(|| Self {
            op,
            values: vec![ABSENT; steps],
            compensations: column(compensates),
            counts: column(is_mean),
        })
    }

    /// Bytes per step of an aggregation, at most.
    pub(super) fn bytes_per_step(op: AggregateOp) -> usize {
        match op {
            AggregateOp::Avg => 24,
            AggregateOp::Sum => 16,
            _ => 8,
        }
    }

    /// Adds a series without histograms. False, and nothing is added, if an average's sum overflows.
    pub(super) fn add(&mut self, series: &[f64]) -> bool {
        match self.op {
            AggregateOp::Sum => add_up(&mut self.values, &mut self.compensations, series),
            AggregateOp::Avg => return self.add_to_mean(series),
            AggregateOp::Count => fold(&mut self.values, series, |_| 1.0, |count, _| count + 1.0),
            AggregateOp::Min => fold(
                &mut self.values,
                series,
                |value| value,
                |best, value| {
                    if best > value || best.is_nan() { value } else { best }
                },
            ),
            AggregateOp::Max => fold(
                &mut self.values,
                series,
                |value| value,
                |best, value| {
                    if best < value || best.is_nan() { value } else { best }
                },
            ),
            _ => fold(&mut self.values, series, |_| 1.0, |_, _| 1.0),
        }
        true
    }

    fn add_to_mean(&mut self, series: &[f64]) -> bool {
        let overflows = |(sum, value): (&f64, &f64)| {
            is_present(*value) && is_present(*sum) && (sum + value).is_infinite()
        };
        if self.values.iter().zip(series).any(overflows) {
            return false;
        }
        add_up(&mut self.values, &mut self.compensations, series);
        for (count, value) in self.counts.iter_mut().zip(series) {
            *count += f64::from(u8::from(is_present(*value)));
        }
        true
    }

    /// The same state in cells, which can do more.
    pub(super) fn to_cells(&self) -> Vec<Cell> {
        let at = |column: &[f64], step: usize| column.get(step).copied().unwrap_or(0.0);
        let cells = self.values.iter().enumerate().map(|(step, value)| {
            if !is_present(*value) {
                return Cell::default();
            }
            // Where it is not kept, a count of samples does not matter.
            let count = at(&self.counts, step).max(1.0);
            Cell::of_floats(self.op, *value, at(&self.compensations, step), count)
        });
        cells.collect()
    }

    /// The group's value at each step.
    pub(super) fn finish(mut self, out: &mut [f64]) {
        match self.op {
            AggregateOp::Sum => {
                for ((out, value), compensation) in out.iter_mut().zip(&self.values).zip(&self.compensations)
                {
                    *out = if is_present(*value) { value + compensation } else { ABSENT };
                }
            }
            AggregateOp::Avg => {
                for (step, out) in
                    out.iter_mut().enumerate().filter(|(step, _)| is_present(self.values[*step]))
                {
                    let count = self.counts[step];
                    *out = self.values[step] / count + self.compensations[step] / count;
                }
            }
            _ => out.swap_with_slice(&mut self.values),
        }
    }
}

#[inline(always)]
fn is_present(value: f64) -> bool {
    value.to_bits() != ABSENT.to_bits()
}

/// Folds a series into `values`: `first` of the first sample at a step, `next` of what there is and a further one.
fn fold(values: &mut [f64], series: &[f64], first: impl Fn(f64) -> f64, next: impl Fn(f64, f64) -> f64) {
    for (value, sample) in values.iter_mut().zip(series) {
        if is_present(*sample) {
            *value = if is_present(*value) { next(*value, *sample) } else { first(*sample) };
        }
    }
}

/// Compensated addition without branches, so that steps go side by side.
fn add_up(sums: &mut [f64], compensations: &mut [f64], series: &[f64]) {
    let whole = series.iter().chain(&*sums).fold(true, |whole, value| whole & is_present(*value));
    let each = sums.iter_mut().zip(compensations).zip(series);
    if whole {
        each.for_each(|((sum, compensation), &value)| {
            (*sum, *compensation) = added(*sum, *compensation, value);
        });
        return;
    }
    each.for_each(|((sum, compensation), &value)| {
        let both = added(*sum, *compensation, value);
        let next = if is_present(*sum) { both } else { (value, 0.0) };
        let present = is_present(value);
        *sum = if present { next.0 } else { *sum };
        *compensation = if present { next.1 } else { *compensation };
    });
}

/// A sum and its compensation, and one value more: [`mneme_model::histogram::kahan_add`], the same bits.
#[inline(always)]
fn added(sum: f64, compensation: f64, value: f64) -> (f64, f64) {
    let total = sum + value;
    let (large, small) = if sum.abs() >= value.abs() { (sum, value) } else { (value, sum) };
    let more = compensation + ((large - total) + small);
    (total, if total.is_infinite() { 0.0 } else { more })
}

#[cfg(test)]
mod tests {
    use mneme_model::stale_nan;

    use super::*;
    use crate::eval::ValueRef;

    const VALUES: [f64; 12] = [
        1.0,
        0.1,
        -0.0,
        1e100,
        f64::NAN,
        f64::INFINITY,
        -1e100,
        f64::MAX,
        1e-300,
        f64::NEG_INFINITY,
        0.0,
        123_456.789,
    ];

    /// Series of three steps each, with gaps.
    fn series(seed: usize) -> Vec<Vec<f64>> {
        let value = |at: usize| if at % 5 == 3 { stale_nan() } else { VALUES[at * at % 17 % VALUES.len()] };
        (0..9).map(|i| (0..3).map(|step| value(seed + 7 * i + 3 * step)).collect()).collect()
    }

    #[test]
    fn columns_and_cells_fold_to_the_same_bits() {
        use AggregateOp::{Avg, Count, Group, Max, Min, Sum};
        for (op, seed) in
            [Sum, Avg, Count, Min, Max, Group].into_iter().flat_map(|op| (0..60).map(move |seed| (op, seed)))
        {
            let mut floats = Floats::new(op, 3).unwrap();
            let mut cells: Vec<Cell> = (0..3).map(|_| Cell::default()).collect();
            let mut note = |_| {};
            let mut added = true;
            for series in series(seed) {
                added = added && floats.add(&series);
                for (cell, value) in cells.iter_mut().zip(series).filter(|(_, value)| is_present(*value)) {
                    cell.add(op, ValueRef::Float(value), "", &mut note);
                }
            }
            if !added {
                assert_eq!(op, Avg, "only a mean may refuse");
                continue;
            }
            let mut out = vec![ABSENT; 3];
            floats.finish(&mut out);
            for (cell, out) in cells.into_iter().zip(out) {
                let expected = match cell.finish(op, &mut note) {
                    Some(crate::functions::contract::Value::Float(value)) => value,
                    other => {
                        assert_eq!(other, None);
                        ABSENT
                    }
                };
                let same = expected.to_bits() == out.to_bits()
                    || expected.is_nan() && out.is_nan() && is_present(out);
                assert!(same, "{op:?} {seed}: {expected} {out}");
            }
        }
    }
}
