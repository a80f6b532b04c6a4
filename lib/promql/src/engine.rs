//! Runs a plan over a store and makes an answer of what comes out.

use std::sync::Arc;

use mneme_model::{HistogramPoint, Samples};

use crate::annotations::Severity;
use crate::ast::{RangeModifier, ValueType};
use crate::eval::{self, Column, Context, Measurements, Steps, ValueRef};
use crate::plan::{Node, RangeSource};
use crate::{
    Cancel, Error, Explain, Plan, QueryResult, QueryStats, Queryable, ResultSeries, ResultValue, VectorSample,
};

/// Evaluates `plan` over `queryable`, in this thread and without waiting, until it is done, fails or is stopped through `cancel`.
///
/// # Errors
/// See [`Error`]; nothing partial is ever returned.
pub fn evaluate(plan: &Plan, queryable: &dyn Queryable, cancel: &Cancel) -> Result<QueryResult, Error> {
    let cx = Context::new(plan, queryable, cancel);
    let value = value(&cx, plan)?;
    Ok(result(cx, plan, value))
}

/// [`evaluate`], and what each operator of the plan cost. Reading the clock twice per series and operator makes it a little slower.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_analyzed(
    plan: &Plan,
    queryable: &dyn Queryable,
    cancel: &Cancel,
) -> Result<(QueryResult, Explain), Error> {
    let mut cx = Context::new(plan, queryable, cancel);
    cx.measurements = Some(Measurements::default());
    let value = value(&cx, plan)?;
    let measurements = cx.measurements.take().unwrap_or_default();
    let explain = plan.explain_with(&|key| measurements.get(key));
    Ok((result(cx, plan, value), explain))
}

fn value(cx: &Context<'_>, plan: &Plan) -> Result<ResultValue, Error> {
    let params = plan.params();
    let steps = Steps::new(params.start, params.end, params.step_ms);
    Ok(match (plan.value_type(), &plan.root) {
        (ValueType::String, node) => string(node, steps)?,
        (ValueType::Matrix, node) => ResultValue::Matrix(matrix(cx, node, steps)?),
        (ValueType::Scalar, node) => scalar(cx, node, steps, params.is_instant())?,
        (ValueType::Vector, node) => vector(cx, node, steps, params.is_instant())?,
    })
}

fn result(cx: Context<'_>, plan: &Plan, value: ResultValue) -> QueryResult {
    let stats = QueryStats {
        total_queryable_samples: cx.queryable_samples.get(),
        peak_samples: cx.budget.peak_samples(),
        peak_bytes: cx.budget.peak_bytes(),
        series: cx.series.get(),
    };
    let annotations = cx.into_annotations();
    let text = &plan.params().text;
    QueryResult {
        value,
        warnings: annotations.texts(Severity::Warning, text),
        infos: annotations.texts(Severity::Info, text),
        stats,
    }
}

fn string(node: &Node, steps: Steps) -> Result<ResultValue, Error> {
    match node {
        Node::String(text) => Ok(ResultValue::String { t: steps.start, s: text.clone() }),
        _ => Err(Error::Execution("expected a string".to_owned())),
    }
}

fn scalar(cx: &Context<'_>, node: &Node, steps: Steps, instant: bool) -> Result<ResultValue, Error> {
    let values = eval::scalar(cx, node, steps)?;
    if instant {
        return Ok(ResultValue::Scalar { t: steps.start, v: values.first().copied().unwrap_or(f64::NAN) });
    }
    let column = Column::of_floats(mneme_model::Labels::empty(), values);
    Ok(ResultValue::Matrix(vec![series(&column, steps)]))
}

fn vector(cx: &Context<'_>, node: &Node, steps: Steps, instant: bool) -> Result<ResultValue, Error> {
    let mut collected = eval::collect(cx, node, steps)?;
    let columns = finish_names(cx, std::mem::take(&mut collected.columns))?;
    if instant {
        let samples = columns.iter().filter_map(|column| {
            let value = column.get(0)?.to_value();
            Some(VectorSample { labels: column.labels.clone(), t: steps.start, value })
        });
        return Ok(ResultValue::Vector(samples.collect()));
    }
    let mut all: Vec<ResultSeries> = columns.iter().map(|column| series(column, steps)).collect();
    all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
    Ok(ResultValue::Matrix(all))
}

/// Removes the names that were marked, then merges what is the same without them.
fn finish_names(cx: &Context<'_>, columns: Vec<Column>) -> Result<Vec<Column>, Error> {
    let mut merged = eval::Merged::default();
    for mut column in columns {
        cx.cancel.check()?;
        if cx.features.delayed_name_removal && column.drop_name {
            column.labels = eval::without_metadata(&column.labels);
        }
        merged.add(&mut column)?;
    }
    Ok(merged.columns())
}

fn series(column: &Column, steps: Steps) -> ResultSeries {
    let mut out =
        ResultSeries { labels: column.labels.clone(), floats: Default::default(), histograms: Vec::new() };
    for (step, value) in column.values() {
        let t = steps.time(step);
        match value {
            ValueRef::Float(value) => {
                out.floats.0.push(t);
                out.floats.1.push(value);
            }
            ValueRef::Histogram(h) => out.histograms.push((t, Arc::clone(h))),
        }
    }
    out
}

/// A range vector as the answer: the samples as they are.
fn matrix(cx: &Context<'_>, node: &Node, steps: Steps) -> Result<Vec<ResultSeries>, Error> {
    let node = match node {
        Node::StepInvariant(inner) => inner,
        node => node,
    };
    let Node::Matrix(source) = node else {
        return Err(Error::Execution("expected a range vector".to_owned()));
    };
    let bounds = eval::Bounds::new(cx, source);
    let reach = bounds.of(steps.start);
    let modifier = match &**source {
        RangeSource::Selector(selector) => selector.modifier,
        RangeSource::Subquery(_) => RangeModifier::None,
    };
    let mut all = Vec::new();
    let mut held = cx.budget.hold();
    eval::each_source(cx, source, steps, &mut |range| {
        let mut samples = range.samples.clone();
        cut(&mut samples, reach.after, reach.until);
        if modifier != RangeModifier::None {
            samples = eval::extended(&samples, reach, modifier)?;
        }
        held.grow(samples.len(), 16 * samples.len())?;
        cx.queryable_samples.set(cx.queryable_samples.get() + samples.len() as u64);
        if !samples.is_empty() {
            let drop_name = range.drop_name && cx.features.delayed_name_removal;
            let labels = if drop_name { eval::without_metadata(range.labels) } else { range.labels.clone() };
            let histograms =
                samples.histograms.into_iter().map(|HistogramPoint { t, h, .. }| (t, h)).collect();
            all.push(ResultSeries { labels, floats: (samples.t, samples.v), histograms });
        }
        Ok(())
    })?;
    all.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
    if all.windows(2).any(|pair| pair[0].labels == pair[1].labels) {
        all = merge_equal(all)?;
    }
    Ok(all)
}

fn cut(samples: &mut Samples, after: i64, until: i64) {
    let (from, to) = (samples.t.partition_point(|t| *t <= after), samples.t.partition_point(|t| *t <= until));
    samples.t = samples.t[from..to].to_vec();
    samples.v = samples.v[from..to].to_vec();
    samples.st.clear();
    samples.histograms.retain(|point| after < point.t && point.t <= until);
}

/// Merges neighbours of equal labels; an equal time is an error.
fn merge_equal(sorted: Vec<ResultSeries>) -> Result<Vec<ResultSeries>, Error> {
    let mut merged: Vec<ResultSeries> = Vec::new();
    for series in sorted {
        let Some(last) = merged.last_mut().filter(|last| last.labels == series.labels) else {
            merged.push(series);
            continue;
        };
        let mut floats: Vec<(i64, f64)> =
            std::mem::take(&mut last.floats.0).into_iter().zip(std::mem::take(&mut last.floats.1)).collect();
        floats.extend(series.floats.0.into_iter().zip(series.floats.1));
        floats.sort_by_key(|(t, _)| *t);
        last.histograms.extend(series.histograms);
        last.histograms.sort_by_key(|(t, _)| *t);
        let double = floats.windows(2).any(|pair| pair[0].0 == pair[1].0)
            || last.histograms.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if double {
            return Err(eval::duplicate());
        }
        last.floats = floats.into_iter().unzip();
    }
    Ok(merged)
}
