//! Arithmetic, comparison and trimming between two instant vectors: one to one, or one to many with `group_left`, `group_right`.

use std::collections::{HashMap, HashSet};

use mneme_model::Labels;

use super::changes_metric;
use super::element::combine;
use super::pairs::Pairs;
use super::result_table::ResultTable;
use super::signature::{Groups, group_labels};
use crate::Error;
use crate::ast::{Cardinality, VectorMatching};
use crate::eval::names::is_metadata;
use crate::eval::{Column, Context, Sink, Steps, ValueRef, collect};
use crate::functions::contract::Value;
use crate::go_labels;
use crate::plan::BinaryNode;

/// Hands the results to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    binary: &BinaryNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let Some(matching) = &binary.matching else {
        return Err(Error::Execution("vector matching is missing".to_owned()));
    };
    let lhs = collect(cx, &binary.lhs, steps)?;
    let rhs = collect(cx, &binary.rhs, steps)?;
    let mut groups = Groups::new(matching);
    // The "one" side is on the right from here on.
    let swapped = matching.card == Cardinality::OneToMany;
    let (many, one) = if swapped { (&rhs.columns, &lhs.columns) } else { (&lhs.columns, &rhs.columns) };
    let many = Side { groups: groups.of(many), columns: many };
    let one = Side { groups: groups.of(one), columns: one };
    if let Some(pairs) = Pairs::new(cx, (binary, matching), groups.count(), (&many, &one)) {
        return pairs.each(cx, binary, swapped, steps, sink);
    }
    let mut run = Match {
        cx,
        binary,
        matching,
        swapped,
        table: ResultTable::new(cx, steps),
        rows: HashMap::new(),
        one_of_group: vec![None; groups.count()],
        matched: vec![false; groups.count()],
        inserted: HashSet::new(),
        many,
        one,
    };
    for step in 0..steps.count {
        cx.cancel.check()?;
        run.step(step)?;
    }
    run.table.emit(sink)
}

/// One side's series with their match groups.
pub(super) struct Side<'a> {
    pub(super) columns: &'a [Column],
    pub(super) groups: Vec<usize>,
}

impl Side<'_> {
    /// The series that have a value at a step.
    fn at(&self, step: usize) -> impl Iterator<Item = usize> {
        (0..self.columns.len()).filter(move |i| self.columns[*i].has(step))
    }
}

struct Match<'a, 'c> {
    cx: &'a Context<'c>,
    binary: &'a BinaryNode,
    matching: &'a VectorMatching,
    swapped: bool,
    many: Side<'a>,
    one: Side<'a>,
    table: ResultTable<'a>,
    /// Result rows by the series on both sides, `None` = filled in.
    rows: HashMap<(Option<usize>, Option<usize>), usize>,
    /// This step: the series of the "one" side in each group.
    one_of_group: Vec<Option<usize>>,
    /// This step: the groups that have a result.
    matched: Vec<bool>,
    /// This step: the rows that have a result, by group.
    inserted: HashSet<(usize, usize)>,
}

impl Match<'_, '_> {
    fn step(&mut self, step: usize) -> Result<(), Error> {
        let many: Vec<usize> = self.many.at(step).collect();
        let one: Vec<usize> = self.one.at(step).collect();
        let (fill_many, fill_one) = self.fills();
        let nothing_fills = self.matching.fill_left.is_none() && self.matching.fill_right.is_none();
        if many.is_empty() && one.is_empty() || (many.is_empty() || one.is_empty()) && nothing_fills {
            return Ok(());
        }
        self.one_of_group.fill(None);
        self.matched.fill(false);
        self.inserted.clear();
        self.index_one(&one)?;
        for i in many {
            match self.one_of_group[self.many.groups[i]] {
                Some(j) => self.pair(step, (Some(i), Some(j)), 0.0)?,
                None => {
                    if let Some(fill) = fill_one {
                        self.pair(step, (Some(i), None), fill)?;
                    }
                }
            }
        }
        if let Some(fill) = fill_many {
            for j in one {
                if !self.matched[self.one.groups[j]] {
                    self.pair(step, (None, Some(j)), fill)?;
                }
            }
        }
        Ok(())
    }

    /// The values for a missing sample on the "many" and on the "one" side. Upstream exchanges series, not fills, for `group_right`.
    fn fills(&self) -> (Option<f64>, Option<f64>) {
        (self.matching.fill_left, self.matching.fill_right)
    }

    fn index_one(&mut self, one: &[usize]) -> Result<(), Error> {
        for &j in one {
            let group = self.one.groups[j];
            if let Some(other) = self.one_of_group[group].replace(j) {
                return Err(self.duplicates(j, other));
            }
        }
        Ok(())
    }

    fn duplicates(&self, j: usize, other: usize) -> Error {
        let side = if self.swapped { "left" } else { "right" };
        let (a, b) = (&self.one.columns[j].labels, &self.one.columns[other].labels);
        let group = go_labels::text(group_labels(self.matching, a).view());
        let (mut a, mut b) = (go_labels::text(a.view()), go_labels::text(b.view()));
        if a > b {
            std::mem::swap(&mut a, &mut b);
        }
        Error::Execution(format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: [{a}, {b}];\
             many-to-many matching not allowed: matching labels must be unique on one side"
        ))
    }

    /// Combines two samples, one of which may be filled in.
    fn pair(&mut self, step: usize, pair: (Option<usize>, Option<usize>), fill: f64) -> Result<(), Error> {
        self.cx.cancel.check()?;
        let (i, j) = pair;
        let value = |side: &Side<'_>, at: Option<usize>| {
            at.and_then(|at| side.columns[at].get(step)).map_or(Value::Float(fill), ValueRef::to_value)
        };
        let (many, one) = (value(&self.many, i), value(&self.one, j));
        let (lhs, rhs) = if self.swapped { (&one, &many) } else { (&many, &one) };
        let outcome = match combine(self.binary.op, borrowed(lhs), borrowed(rhs)) {
            Ok(outcome) => outcome,
            Err(note) => {
                self.cx.note(note, self.binary.pos);
                return Ok(());
            }
        };
        // A warning means no result, as upstream.
        if let Some(warning) = outcome.warning {
            self.cx.note(warning, self.binary.pos);
            return Ok(());
        }
        if let Some(info) = outcome.info {
            self.cx.note(info, self.binary.pos);
        }
        let group = i.map_or_else(|| j.map_or(0, |j| self.one.groups[j]), |i| self.many.groups[i]);
        let row = self.row(pair)?;
        self.claim(group, row)?;
        if self.binary.return_bool {
            return self.table.set(row, step, Value::Float(f64::from(u8::from(outcome.keep))));
        }
        if outcome.keep { self.table.set(row, step, outcome.value) } else { Ok(()) }
    }

    /// Refuses a second result for the same group (one to one) or for the same labels of a group.
    fn claim(&mut self, group: usize, row: usize) -> Result<(), Error> {
        let refuse = |what: &str| Err(Error::Execution(format!("multiple matches for labels: {what}")));
        let again = std::mem::replace(&mut self.matched[group], true);
        if self.matching.card == Cardinality::OneToOne {
            return if again {
                refuse("many-to-one matching must be explicit (group_left/group_right)")
            } else {
                Ok(())
            };
        }
        if self.inserted.insert((group, row)) {
            Ok(())
        } else {
            refuse("grouping labels must ensure unique matches")
        }
    }

    fn row(&mut self, pair: (Option<usize>, Option<usize>)) -> Result<usize, Error> {
        if let Some(row) = self.rows.get(&pair) {
            return Ok(*row);
        }
        let labels = |side: &Side<'_>, at: Option<usize>| at.map(|at| side.columns[at].labels.clone());
        let (many, one) = (labels(&self.many, pair.0), labels(&self.one, pair.1));
        let filled = |other: &Option<Labels>| {
            other.as_ref().map(|other| group_labels(self.matching, other)).unwrap_or_default()
        };
        let many_labels = many.clone().unwrap_or_else(|| filled(&one));
        let one_labels = one.unwrap_or_else(|| filled(&many));
        let of = (self.binary, self.matching);
        let labels = result_labels(self.cx, of, (&many_labels, &one_labels));
        let row = self.table.row(labels, self.binary.return_bool)?;
        self.rows.insert(pair, row);
        Ok(row)
    }
}

/// The labels of what comes out of two series.
pub(super) fn result_labels(
    cx: &Context<'_>,
    (binary, matching): (&BinaryNode, &VectorMatching),
    (many, one): (&Labels, &Labels),
) -> Labels {
    let drops_now = binary.return_bool && !cx.features.delayed_name_removal;
    let drops = drops_now || changes_metric(binary.op);
    let one_to_one = matching.card == Cardinality::OneToOne;
    let listed = |name: &str| matching.labels.iter().any(|label| label == name);
    let is_kept = |name: &str| !(drops && is_metadata(name)) && (!one_to_one || listed(name) == matching.on);
    let kept = many.view().filter(is_kept);
    if matching.include.is_empty() {
        return kept;
    }
    let mut builder = kept.to_builder();
    for name in &matching.include {
        builder.set(name, one.get(name).unwrap_or(""));
    }
    builder.build()
}

fn borrowed(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Float(value) => ValueRef::Float(*value),
        Value::Histogram(h) => ValueRef::Histogram(h),
    }
}
