//! `histogram_quantile`, `histogram_quantiles`, `histogram_fraction`: brings the buckets of classic histograms together, keeps them apart
//! from native ones, and asks `functions::histogram` for the numbers.

use hashbrown::HashMap;
use mneme_model::Labels;

use super::binary::ResultTable;
use super::call::arg;
use super::{Column, Context, Sink, Steps, ValueRef, collect, names};
use crate::Error;
use crate::annotations::{Note, Notes};
use crate::format::go_open_metrics;
use crate::functions::contract::{Bucket, Value};
use crate::functions::{Function, histogram};
use crate::plan::{CallNode, Node};

/// Hands the results to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let (vector, label, scalars): (usize, Option<&str>, Vec<usize>) = match call.function {
        Function::HistogramQuantile => (1, None, vec![0]),
        Function::HistogramFraction => (2, None, vec![0, 1]),
        _ => match arg(call, 1)? {
            Node::String(label) => (0, Some(label.as_str()), (2..call.args.len()).collect()),
            _ => {
                return Err(Error::Execution(
                    "argument 1 of histogram_quantiles must be a string".to_owned(),
                ));
            }
        },
    };
    let mut values = Vec::with_capacity(scalars.len());
    for i in &scalars {
        values.push((*i, super::scalar(cx, arg(call, *i)?, steps)?));
    }
    let input = collect(cx, arg(call, vector)?, steps)?;
    let input = Input::new(cx, &input.columns);
    let rows = vec![None; input.histograms.len()];
    let mut run =
        Run { cx, call, vector, input, rows, buckets: Vec::new(), table: ResultTable::new(cx, steps), steps };
    for step in 0..steps.count {
        cx.cancel.check()?;
        run.step(step, label, &values)?;
    }
    run.table.emit(sink)
}

/// The series, sorted into histograms.
struct Input<'a> {
    columns: &'a [Column],
    histograms: Vec<Histogram>,
    /// Series whose `le` is no number, with what to say.
    bad: Vec<(usize, Note)>,
}

/// The series of one histogram: its buckets if it is classic, itself if it is native, or both.
struct Histogram {
    /// Without `le`.
    labels: Labels,
    /// Bound and series.
    buckets: Vec<(f64, usize)>,
    /// The series with exactly these labels.
    native: Option<usize>,
}

impl<'a> Input<'a> {
    fn new(cx: &Context<'_>, columns: &'a [Column]) -> Self {
        let mut histograms: Vec<Histogram> = Vec::new();
        let mut by_labels: HashMap<Labels, usize> = HashMap::new();
        let mut bad = Vec::new();
        let mut of = |histograms: &mut Vec<Histogram>, labels: Labels| {
            *by_labels.entry(labels.clone()).or_insert_with(|| {
                histograms.push(Histogram { labels, buckets: Vec::new(), native: None });
                histograms.len() - 1
            })
        };
        for (series, column) in columns.iter().enumerate() {
            if column.has_histograms() {
                let at = of(&mut histograms, column.labels.clone());
                histograms[at].native = Some(series);
            }
            if !column.has_floats() {
                continue;
            }
            let le = column.labels.get("le").unwrap_or("");
            match parse_bound(le) {
                Some(bound) => {
                    let at = of(&mut histograms, column.labels.view().filter(|name| name != "le"));
                    histograms[at].buckets.push((bound, series));
                }
                None => bad.push((
                    series,
                    Note::BadBucketLabel { metric: metric(cx, &column.labels), label: le.to_owned() },
                )),
            }
        }
        Self { columns, histograms, bad }
    }
}

/// The name for a note: only known while names are still there.
fn metric(cx: &Context<'_>, labels: &Labels) -> String {
    if cx.features.delayed_name_removal { labels.metric_name().to_owned() } else { String::new() }
}

/// `strconv.ParseFloat` of an `le` label.
fn parse_bound(le: &str) -> Option<f64> {
    le.parse().ok()
}

struct Run<'a, 'c> {
    cx: &'a Context<'c>,
    call: &'a CallNode,
    vector: usize,
    input: Input<'a>,
    /// The results' rows by histogram, where a histogram has only one.
    rows: Vec<Option<usize>>,
    /// Buckets of one histogram at one step, before they are sorted.
    buckets: Vec<Bucket>,
    table: ResultTable<'a>,
    steps: Steps,
}

/// One histogram's values at a step.
#[derive(Clone)]
enum Found {
    Native(std::sync::Arc<mneme_model::FloatHistogram>),
    Classic(Vec<Bucket>),
}

impl Run<'_, '_> {
    fn step(&mut self, step: usize, label: Option<&str>, scalars: &[(usize, Vec<f64>)]) -> Result<(), Error> {
        let (cx, call) = (self.cx, self.call);
        let place = call.arg_pos.get(self.vector).copied().unwrap_or_default();
        if !matches!(call.function, Function::HistogramFraction) {
            self.note_invalid_quantiles(step, scalars);
        }
        for (series, note) in &self.input.bad {
            if self.input.columns[*series].float(step).is_some() {
                cx.note(note.clone(), place);
            }
        }
        for at in 0..self.input.histograms.len() {
            let Some(mut found) = self.found(at, step) else { continue };
            let name = metric(cx, &self.input.histograms[at].labels);
            let last = scalars.len().saturating_sub(1);
            if matches!(call.function, Function::HistogramFraction) {
                let (lower, upper) = (scalars[0].1[step], scalars[1].1[step]);
                let value =
                    self.with_notes(|notes, vector| fraction(lower, upper, &mut found, &name, vector, notes));
                self.put(at, step, None, value)?;
                self.take_back(found);
                continue;
            }
            for (i, (_, quantiles)) in scalars.iter().enumerate() {
                let (q, t) = (quantiles[step], self.steps.time(step));
                // A quantile sorts and mends the buckets: each one but the last works on a copy.
                let mut copy = (i < last).then(|| found.clone());
                let found = copy.as_mut().unwrap_or(&mut found);
                let value = self.with_notes(|notes, vector| quantile(q, found, &name, t, vector, notes));
                self.put(at, step, label.map(|label| (label, q)), value)?;
            }
            self.take_back(found);
        }
        Ok(())
    }

    /// Keeps the memory of buckets for the next histogram.
    fn take_back(&mut self, found: Found) {
        if let Found::Classic(buckets) = found {
            self.buckets = buckets;
        }
    }

    fn with_notes<T>(&self, f: impl FnOnce(&mut Notes<'_>, usize) -> T) -> T {
        self.cx.with_notes(&self.call.arg_pos, |notes| f(notes, self.vector))
    }

    fn note_invalid_quantiles(&self, step: usize, scalars: &[(usize, Vec<f64>)]) {
        for (i, quantiles) in scalars {
            let q = quantiles[step];
            if q.is_nan() || !(0.0..=1.0).contains(&q) {
                self.cx.note(
                    Note::InvalidQuantile { q },
                    self.call.arg_pos.get(*i).copied().unwrap_or_default(),
                );
            }
        }
    }

    /// The histogram's values; `None` if it has none, or if it is both classic and native at this step.
    fn found(&mut self, at: usize, step: usize) -> Option<Found> {
        let mut buckets = std::mem::take(&mut self.buckets);
        buckets.clear();
        let histogram = &self.input.histograms[at];
        let columns = self.input.columns;
        buckets.extend(histogram.buckets.iter().filter_map(|(upper_bound, series)| {
            Some(Bucket { upper_bound: *upper_bound, count: columns[*series].float(step)? })
        }));
        let native = histogram.native.and_then(|series| columns[series].get(step));
        match native {
            Some(ValueRef::Histogram(_)) if !buckets.is_empty() => {
                let note = Note::MixedClassicNativeHistograms { metric: metric(self.cx, &histogram.labels) };
                self.cx.note(note, self.call.arg_pos.get(self.vector).copied().unwrap_or_default());
                None
            }
            Some(ValueRef::Histogram(h)) => Some(Found::Native(h.clone())),
            _ if buckets.is_empty() => {
                self.buckets = buckets;
                None
            }
            _ => Some(Found::Classic(buckets)),
        }
    }

    fn put(&mut self, at: usize, step: usize, label: Option<(&str, f64)>, value: f64) -> Result<(), Error> {
        if let (None, Some(row)) = (label, self.rows[at]) {
            return self.table.set(row, step, Value::Float(value));
        }
        let histogram = &self.input.histograms[at];
        let mut labels = histogram.labels.clone();
        if !self.cx.features.delayed_name_removal {
            labels = names::without_metadata(&labels);
        }
        if let Some((name, q)) = label {
            labels = labels.to_builder().set(name, &go_open_metrics(q)).build();
        }
        let row = self.table.row(labels, true)?;
        self.rows[at] = Some(row);
        self.table.set(row, step, Value::Float(value))
    }
}

fn quantile(q: f64, found: &mut Found, name: &str, t: i64, arg: usize, notes: &mut Notes<'_>) -> f64 {
    match found {
        Found::Native(h) => histogram::native_quantile(q, h, name, arg, notes),
        Found::Classic(buckets) => histogram::classic_quantile(q, buckets, name, t, arg, notes),
    }
}

fn fraction(lower: f64, upper: f64, found: &mut Found, name: &str, arg: usize, notes: &mut Notes<'_>) -> f64 {
    match found {
        Found::Native(h) => histogram::native_fraction(lower, upper, h, name, arg, notes),
        Found::Classic(buckets) => histogram::classic_fraction(lower, upper, buckets),
    }
}
