//! `topk` and `bottomk`: the k largest or smallest values of each group, at each step on its own.

use hashbrown::HashMap;
use mneme_model::Labels;

use super::grouping::Grouping;
use super::parameter::Parameter;
use crate::Error;
use crate::annotations::Note;
use crate::ast::AggregateOp;
use crate::budget::Held;
use crate::eval::binary::ResultTable;
use crate::eval::{Column, Context, Sink, Steps, ValueRef};
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
    if parameter.max() < 1.0 {
        return crate::eval::each(cx, &node.input, steps, &mut |_| Ok(()));
    }
    let checked = parameter.check_count();
    let mut best = Best::new(cx, node, &parameter, steps);
    crate::eval::each(cx, &node.input, steps, &mut |column| {
        if checked.is_ok() && column.any() { best.add(column) } else { Ok(()) }
    })?;
    checked?;
    best.emit(sink)
}

/// The best samples of each group at each step so far, and the labels of all series: of the series themselves nothing is held.
struct Best<'a, 'c> {
    cx: &'c Context<'c>,
    node: &'a AggregateNode,
    parameter: &'a Parameter,
    steps: Steps,
    grouping: Grouping<'a>,
    /// By group, then step.
    heaps: Vec<Heap>,
    /// Labels, and whether the name is to be removed.
    series: Vec<(Labels, bool)>,
    held: Held<'c>,
}

impl<'a, 'c> Best<'a, 'c> {
    fn new(cx: &'c Context<'c>, node: &'a AggregateNode, parameter: &'a Parameter, steps: Steps) -> Self {
        let (grouping, held) = (Grouping::new(node), cx.budget.hold());
        Self { cx, node, parameter, steps, grouping, heaps: Vec::new(), series: Vec::new(), held }
    }

    fn add(&mut self, column: &Column) -> Result<(), Error> {
        let (group, new) = self.grouping.number(&column.labels);
        if new.is_some() {
            self.held.grow(0, self.steps.count.saturating_mul(size_of::<Heap>()))?;
            let smallest = self.node.op == AggregateOp::BottomK;
            self.heaps.extend((0..self.steps.count).map(|_| Heap::new(smallest)));
        }
        self.held.grow(0, size_of::<(Labels, bool)>() + column.labels.as_bytes().len())?;
        let series = self.series.len();
        self.series.push((column.labels.clone(), column.drop_name));
        let heaps = self.heaps[group * self.steps.count..].iter_mut();
        let mut kept = 0;
        for ((step, heap), k) in heaps.take(self.steps.count).enumerate().zip(&self.parameter.values) {
            let Some(k) = usize::try_from(*k as i64).ok().filter(|k| *k > 0) else { continue };
            match column.get(step) {
                Some(ValueRef::Float(value)) => kept += usize::from(heap.offer(value, series, k)),
                Some(ValueRef::Histogram(_)) => {
                    let aggregation = self.node.op.name();
                    self.cx.note(Note::HistogramIgnoredInAggregation { aggregation }, self.node.pos);
                }
                None => {}
            }
        }
        self.held.grow(kept, kept * size_of::<(f64, usize)>())
    }

    fn emit(mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut table = ResultTable::new(self.cx, self.steps);
        let mut rows: HashMap<usize, usize> = HashMap::new();
        let groups = self.grouping.count();
        for step in 0..self.steps.count {
            self.cx.cancel.check()?;
            for group in 0..groups {
                for (value, series) in self.heaps[group * self.steps.count + step].drain_best_first() {
                    let row = match rows.get(&series) {
                        Some(row) => *row,
                        None => {
                            let (labels, drop_name) = &self.series[series];
                            let row = table.row(labels.clone(), *drop_name)?;
                            rows.insert(series, row);
                            row
                        }
                    };
                    table.set(row, step, Value::Float(value))?;
                }
            }
        }
        drop(self);
        table.emit(sink)
    }
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

    /// Keeps the sample if it is among the best `k`; tells whether the heap has grown.
    fn offer(&mut self, value: f64, series: usize, k: usize) -> bool {
        if self.entries.len() < k {
            self.entries.push((value, series));
            self.up();
            return true;
        }
        let worst = self.entries[0].0;
        let better = if self.smallest { worst > value } else { worst < value };
        if better || worst.is_nan() && !value.is_nan() {
            self.entries[0] = (value, series);
            self.down();
        }
        false
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
