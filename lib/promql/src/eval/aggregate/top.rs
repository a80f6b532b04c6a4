//! `topk` and `bottomk`: the k largest or smallest values of each group, at each step on its own.

use super::grouping::Grouping;
use super::parameter::Parameter;
use crate::Error;
use crate::annotations::Note;
use crate::ast::AggregateOp;
use crate::eval::binary::ResultTable;
use crate::eval::{Context, Sink, Steps, ValueRef, collect};
use crate::functions::contract::Value;
use crate::plan::AggregateNode;

/// Hands the picked samples to `sink`, in an instant query best first.
pub(super) fn each(
    cx: &Context<'_>,
    node: &AggregateNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let parameter = Parameter::of(cx, node, steps)?;
    let input = collect(cx, &node.input, steps)?;
    if parameter.max() < 1.0 {
        return Ok(());
    }
    parameter.check_count()?;
    let mut grouping = Grouping::new(node);
    let groups = grouping.of(input.columns.iter().map(|column| &column.labels));
    let smallest = node.op == AggregateOp::BottomK;
    let mut table = ResultTable::new(cx, steps);
    let mut heaps: Vec<Heap> = (0..grouping.count()).map(|_| Heap::new(smallest)).collect();
    for step in 0..steps.count {
        cx.cancel.check()?;
        let k = (parameter.values[step] as i64).min(input.columns.len() as i64);
        let Some(k) = usize::try_from(k).ok().filter(|k| *k > 0) else { continue };
        for (series, column) in input.columns.iter().enumerate() {
            match column.get(step) {
                Some(ValueRef::Float(value)) => heaps[groups[series]].offer(value, series, k),
                Some(ValueRef::Histogram(_)) => {
                    cx.note(Note::HistogramIgnoredInAggregation { aggregation: node.op.name() }, node.pos);
                }
                None => {}
            }
        }
        for heap in &mut heaps {
            for (value, series) in heap.drain_best_first() {
                let column = &input.columns[series];
                let row = table.row(column.labels.clone(), column.drop_name)?;
                table.set(row, step, Value::Float(value))?;
            }
        }
    }
    drop(input);
    table.emit(sink)
}

/// The best values so far, the worst of them on top. Laid out and changed as Go's `container/heap` does it, so that among equal
/// values the same series stay.
struct Heap {
    smallest: bool,
    entries: Vec<(f64, usize)>,
}

impl Heap {
    fn new(smallest: bool) -> Self {
        Self { smallest, entries: Vec::new() }
    }

    /// Keeps the sample if it is among the best `k`.
    fn offer(&mut self, value: f64, series: usize, k: usize) {
        if self.entries.len() < k {
            self.entries.push((value, series));
            self.up();
            return;
        }
        let worst = self.entries[0].0;
        let better = if self.smallest { worst > value } else { worst < value };
        if better || worst.is_nan() && !value.is_nan() {
            self.entries[0] = (value, series);
            self.down();
        }
    }

    /// Whether entry `i` is worse than entry `j`; NaN is the worst.
    fn worse(&self, i: usize, j: usize) -> bool {
        let (a, b) = (self.entries[i].0, self.entries[j].0);
        a.is_nan() || if self.smallest { a > b } else { a < b }
    }

    fn up(&mut self) {
        let mut j = self.entries.len() - 1;
        while j > 0 {
            let parent = (j - 1) / 2;
            if !self.worse(j, parent) {
                break;
            }
            self.entries.swap(parent, j);
            j = parent;
        }
    }

    fn down(&mut self) {
        let mut i = 0;
        loop {
            let mut child = 2 * i + 1;
            if child >= self.entries.len() {
                break;
            }
            if child + 1 < self.entries.len() && self.worse(child + 1, child) {
                child += 1;
            }
            if !self.worse(child, i) {
                break;
            }
            self.entries.swap(i, child);
            i = child;
        }
    }

    /// Empties the heap; NaN comes last.
    fn drain_best_first(&mut self) -> impl Iterator<Item = (f64, usize)> {
        let smallest = self.smallest;
        self.entries.sort_by(|(a, _), (b, _)| match (a.is_nan(), b.is_nan()) {
            (false, false) if smallest => a.total_cmp(b),
            (false, false) => b.total_cmp(a),
            (a, b) => a.cmp(&b),
        });
        self.entries.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_and_puts_nan_last() {
        let mut heap = Heap::new(false);
        for (series, value) in [1.0, f64::NAN, 5.0, 3.0, 4.0].into_iter().enumerate() {
            heap.offer(value, series, 3);
        }
        let best: Vec<usize> = heap.drain_best_first().map(|(_, series)| series).collect();
        assert_eq!(best, [2, 4, 3]);
        let mut heap = Heap::new(true);
        for (series, value) in [f64::NAN, 2.0, 1.0].into_iter().enumerate() {
            heap.offer(value, series, 3);
        }
        let best: Vec<usize> = heap.drain_best_first().map(|(_, series)| series).collect();
        assert_eq!(best, [2, 1, 0]);
    }
}
