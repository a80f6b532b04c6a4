//! `info(v, {..})`: adds the labels of info series (`target_info` ..) with the same `instance` and `job`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, LabelsBuilder, Matcher, Samples};

use super::binary::ResultTable;
use super::call::arg;
use super::selector::{self, Found};
use super::{Collected, Column, Context, Sink, Steps, collect};
use crate::Error;
use crate::go_labels;
use crate::plan::{CallNode, Node};

/// The labels by which info series belong to others.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// Hands the enriched series to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let Node::Selector(selector) = arg(call, 1)? else {
        return Err(Error::Execution("the second argument of info must be a selector".to_owned()));
    };
    let base = collect(cx, arg(call, 0)?, steps)?;
    let (by_name, by_label): (Vec<&Matcher>, Vec<&Matcher>) =
        selector.matchers.iter().partition(|matcher| matcher.name() == METRIC_NAME);
    // Info series themselves are not enriched.
    let ignored: Vec<bool> =
        base.columns.iter().map(|c| by_name.iter().all(|m| m.matches(c.labels.metric_name()))).collect();
    let wanted = Wanted::of(&base, &ignored);
    let mut series: Vec<InfoSeries> = Vec::new();
    if !wanted.values.is_empty() {
        selector::each_found(cx, selector, steps, &mut |labels, samples, found| {
            if wanted.accepts(labels) {
                series.push(InfoSeries::new(labels, samples, found)?);
            }
            Ok(())
        })?;
    } else {
        cx.each_series(selector.select, &mut |_, _| Ok(()))?;
    }
    let mut join =
        Join { by_label, table: ResultTable::new(cx, steps), rows: HashMap::new(), series: &series };
    for step in 0..steps.count {
        cx.cancel.check()?;
        join.step(&base, &ignored, step)?;
    }
    join.table.emit(sink)
}

/// The values that the series to be enriched have for the identifying labels.
struct Wanted<'a> {
    values: BTreeMap<&'static str, BTreeSet<&'a str>>,
}

impl<'a> Wanted<'a> {
    fn of(base: &'a Collected<'_>, ignored: &[bool]) -> Self {
        let mut values: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for (column, _) in base.columns.iter().zip(ignored).filter(|(_, ignored)| !**ignored) {
            for name in IDENTIFYING {
                if let Some(value) = column.labels.get(name) {
                    values.entry(name).or_default().insert(value);
                }
            }
        }
        Self { values }
    }

    fn accepts(&self, labels: &Labels) -> bool {
        self.values.iter().all(|(name, values)| labels.get(name).is_some_and(|value| values.contains(value)))
    }
}

/// What info series are matched by: their name, and the identifying labels.
type Signature = (String, Labels);

struct InfoSeries {
    labels: Labels,
    signature: Signature,
    /// The time of the sample that each step sees.
    times: HashMap<usize, i64>,
}

impl InfoSeries {
    fn new(labels: &Labels, samples: &Samples, found: &[(usize, Found)]) -> Result<Self, Error> {
        if found.iter().any(|(_, found)| matches!(found, Found::Histogram(_))) {
            return Err(Error::Execution(format!(
                "this should be an info metric, with float samples: {}",
                go_labels::text(labels.view())
            )));
        }
        let times = found.iter().map(|(step, found)| (*step, selector::time(samples, *found))).collect();
        Ok(Self { labels: labels.clone(), signature: signature(labels.metric_name(), labels), times })
    }
}

fn signature(name: &str, labels: &Labels) -> Signature {
    (name.to_owned(), labels.view().filter(|label| IDENTIFYING.contains(&label)))
}

struct Join<'a> {
    by_label: Vec<&'a Matcher>,
    table: ResultTable<'a>,
    /// Result rows by the series and the info series that enrich it.
    rows: HashMap<(usize, Vec<usize>), Option<usize>>,
    series: &'a [InfoSeries],
}

impl Join<'_> {
    fn step(&mut self, base: &Collected<'_>, ignored: &[bool], step: usize) -> Result<(), Error> {
        let series = self.series;
        let newest = newest(series, step)?;
        for (i, column) in base.columns.iter().enumerate() {
            let Some(value) = column.get(step) else { continue };
            let value = value.to_value();
            let matching = if ignored[i] { Vec::new() } else { matching(column, &newest) };
            let row = match self.rows.get(&(i, matching.clone())) {
                Some(row) => *row,
                None => {
                    let row = self.row(column, ignored[i], &matching)?;
                    self.rows.insert((i, matching), row);
                    row
                }
            };
            if let Some(row) = row {
                self.table.set(row, step, value)?;
            }
        }
        Ok(())
    }

    /// The row of a series with what its info series add; `None` if it is left out.
    fn row(&mut self, column: &Column, ignored: bool, matching: &[usize]) -> Result<Option<usize>, Error> {
        if ignored {
            return self.table.row(column.labels.clone(), column.drop_name).map(Some);
        }
        if matching.is_empty() && self.by_label.iter().any(|matcher| !matcher.matches_empty()) {
            return Ok(None);
        }
        let mut added = LabelsBuilder::new();
        for info in matching {
            for (name, value) in self.series[*info].labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
                if !self.by_label.is_empty() && !self.by_label.iter().any(|matcher| matcher.name() == name) {
                    continue;
                }
                if added.get(name).is_some_and(|other| other != value) {
                    return Err(Error::Execution(format!("conflicting label: {name}")));
                }
                if column.labels.get(name).is_none() {
                    added.set(name, value);
                }
            }
        }
        let mut labels = column.labels.to_builder();
        for (name, value) in added.build().iter() {
            labels.set(name, value);
        }
        self.table.row(labels.build(), column.drop_name).map(Some)
    }
}

/// The newest info series of each signature at a step.
fn newest(series: &[InfoSeries], step: usize) -> Result<BTreeMap<&str, HashMap<&Labels, usize>>, Error> {
    let mut newest: BTreeMap<&str, HashMap<&Labels, usize>> = BTreeMap::new();
    for (i, info) in series.iter().enumerate() {
        let Some(time) = info.times.get(&step) else { continue };
        let entry = newest.entry(&info.signature.0).or_default().entry(&info.signature.1).or_insert(i);
        if *entry == i {
            continue;
        }
        let existing = &series[*entry];
        let existing_time = existing.times.get(&step).copied().unwrap_or(i64::MIN);
        if existing_time == *time {
            return Err(Error::Execution(format!(
                "found duplicate series for info metric: existing {} @ {existing_time}, new {} @ {time}",
                go_labels::text(existing.labels.view()),
                go_labels::text(info.labels.view())
            )));
        }
        if existing_time < *time {
            *entry = i;
        }
    }
    Ok(newest)
}

fn matching(column: &Column, newest: &BTreeMap<&str, HashMap<&Labels, usize>>) -> Vec<usize> {
    let (_, identity) = signature("", &column.labels);
    newest.values().filter_map(|by_identity| by_identity.get(&identity).copied()).collect()
}
