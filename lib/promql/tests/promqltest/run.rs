//! Runs the commands of a script, one after another.

use std::collections::BTreeMap;
use std::sync::Arc;

use mneme_model::histogram::{AnyHistogram, ClassicHistogram};
use mneme_model::labels::METRIC_NAME;
use mneme_model::{HistogramPoint, Labels, Samples};
use mneme_promql::functions::contract::Value;
use mneme_promql::{
    Cancel, Features, Plan, QueryParams, QueryResult, ResultValue, VectorSample, evaluate, parse,
};

use super::at_modifier;
use super::cases::{Command, Eval, Load};
use super::compare;
use super::planned::Planned;
use super::script;
use super::store::Store;

/// What came of a script.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    /// `line: query: why`.
    pub(crate) failed: Vec<String>,
    pub(crate) skipped: usize,
}

/// Runs a script; a script that does not parse is one failure.
pub(crate) fn run(text: &str, features: Features, store: &mut dyn Store) -> Outcome {
    let mut outcome = Outcome::default();
    let commands = match script::parse(text) {
        Ok(commands) => commands,
        Err(error) => {
            outcome.failed.push(error);
            return outcome;
        }
    };
    for command in commands {
        match command {
            Command::Clear => store.clear(),
            Command::Load(load) => self::load(load, store),
            Command::Eval(eval) => match self::eval(&eval, features, store) {
                Ok(()) => outcome.passed += 1,
                Err(error) => outcome.failed.push(format!("{}: {}: {error}", eval.line, eval.query)),
            },
        }
    }
    outcome
}

/// What the acceptance corpus presumes.
pub(crate) fn corpus_features() -> Features {
    Features { type_and_unit_labels: false, ..Features::all() }
}

/// Asks the queries of a script at times that nobody means; whatever the answer, there has to be one, soon.
pub(crate) fn survive(text: &str, store: &mut dyn Store) {
    const FAR: i64 = i64::MAX / 2;
    for command in script::parse(text).unwrap_or_default() {
        match command {
            Command::Clear => store.clear(),
            Command::Load(load) => self::load(load, store),
            Command::Eval(eval) => {
                for (start, end, step) in [
                    (-7_000, 33_000, 7_001),
                    (-FAR, -FAR, 0),
                    (FAR, FAR, 0),
                    (-FAR, FAR, FAR / 3),
                    (i64::MIN, i64::MIN + 10, 3),
                    (i64::MAX - 10, i64::MAX, 3),
                    (0, FAR, 1),
                ] {
                    let _ = query(&eval.query, start, end, step, corpus_features(), store);
                }
            }
        }
    }
}

fn load(load: Load, store: &mut dyn Store) {
    if load.with_nhcb {
        for (labels, samples) in custom_bucket_histograms(&load.series) {
            store.load(&labels, samples);
        }
    }
    for (labels, samples) in load.series {
        store.load(&labels, samples);
    }
}

/// The native histograms that the classic ones among `series` amount to.
fn custom_bucket_histograms(series: &[(Labels, Samples)]) -> BTreeMap<Labels, Samples> {
    let mut classic: BTreeMap<Labels, BTreeMap<i64, ClassicHistogram>> = BTreeMap::new();
    for (labels, samples) in series {
        let metric = labels.metric_name();
        let Some((base, kind)) =
            ["_bucket", "_count", "_sum"].iter().find_map(|s| Some((metric.strip_suffix(s)?, *s)))
        else {
            continue;
        };
        let le = labels.get("le").and_then(|le| le.parse::<f64>().ok()).filter(|le| !le.is_nan());
        if kind == "_bucket" && le.is_none() {
            continue;
        }
        let mut builder = labels.to_builder();
        let labels = builder.set(METRIC_NAME, base).remove("le").build();
        let by_time = classic.entry(labels).or_default();
        for (t, v) in samples.t.iter().zip(&samples.v) {
            let histogram = by_time.entry(*t).or_default();
            let _ = match (kind, le) {
                ("_bucket", Some(le)) => histogram.set_bucket(le, *v),
                ("_count", _) => histogram.set_count(*v),
                _ => {
                    histogram.set_sum(*v);
                    Ok(())
                }
            };
        }
    }
    let native = |histogram: &ClassicHistogram| match histogram.to_native() {
        Ok(AnyHistogram::Float(h)) => Some(h),
        Ok(AnyHistogram::Integer(h)) => Some(h.to_float()),
        Err(_) => None,
    };
    let points = |by_time: BTreeMap<i64, ClassicHistogram>| {
        by_time
            .iter()
            .filter_map(|(t, h)| Some(HistogramPoint { t: *t, h: Arc::new(native(h)?), st: 0 }))
            .collect()
    };
    classic
        .into_iter()
        .map(|(labels, by_time)| (labels, Samples { histograms: points(by_time), ..Samples::default() }))
        .collect()
}

fn eval(eval: &Eval, features: Features, store: &dyn Store) -> Result<(), String> {
    one(eval, &eval.query, eval.start, features, store)?;
    if eval.step.is_some() {
        return Ok(());
    }
    let at = eval.expected.range_vector.map_or(eval.start, |(_, end, _)| end);
    let Some((pinned, times)) = at_modifier::cases(&eval.query, at) else { return Ok(()) };
    for t in times {
        one(eval, &pinned, t, features, store).map_err(|error| format!("{pinned} at {t}: {error}"))?;
    }
    Ok(())
}

/// Asks once: an instant query at `t`, or the range query.
fn one(eval: &Eval, text: &str, t: i64, features: Features, store: &dyn Store) -> Result<(), String> {
    let (start, end) = if eval.step.is_some() { (eval.start, eval.end) } else { (t, t) };
    let result = match (query(text, start, end, eval.step.unwrap_or(0), features, store), &eval.expected.fail)
    {
        (Ok(_), Some(_)) => return Err("expected an error, there was none".to_owned()),
        (Ok(result), None) => result,
        (Err(error), Some(wanted)) if wanted.accepts(&error) => return Ok(()),
        (Err(error), _) => return Err(format!("error: {error}")),
    };
    compare::annotations(&eval.expected, &result)?;
    compare::value(eval, &result.value)?;
    in_range_mode(eval, text, t, &result.value, features, store)
        .map_err(|error| format!("in range mode: {error}"))
}

/// An instant query has the value that a range query has at its middle step.
fn in_range_mode(
    eval: &Eval,
    text: &str,
    t: i64,
    instant: &ResultValue,
    features: Features,
    store: &dyn Store,
) -> Result<(), String> {
    let expected = &eval.expected;
    let depends_on_range = ["start()", "end()", "range()", "step()"].iter().any(|f| text.contains(f));
    let other = eval.step.is_some()
        || expected.range_vector.is_some()
        || expected.string.is_some()
        || expected.ordered;
    if other || depends_on_range || matches!(instant, ResultValue::String { .. } | ResultValue::Matrix(_)) {
        return Ok(());
    }
    let result = query(text, t - 60_000, t + 60_000, 60_000, features, store)?;
    let ResultValue::Matrix(series) = result.value else { return Err("not a matrix".to_owned()) };
    if let Some(pair) = series.windows(2).find(|pair| pair[0].labels > pair[1].labels) {
        return Err(format!("the matrix is not sorted at {}", pair[1].labels));
    }
    let mut samples = Vec::new();
    for series in series {
        let labels = series.labels;
        let float = series.floats.0.iter().position(|at| *at == t).map(|i| Value::Float(series.floats.1[i]));
        let histogram =
            series.histograms.into_iter().find(|(at, _)| *at == t).map(|(_, h)| Value::Histogram(h));
        samples.extend(float.or(histogram).map(|value| VectorSample { labels, t, value }));
    }
    match (instant, samples.first()) {
        (ResultValue::Scalar { .. }, Some(VectorSample { value: Value::Float(v), .. })) => {
            compare::value(eval, &ResultValue::Scalar { t, v: *v })
        }
        _ => compare::vector(expected, &samples),
    }
}

fn query(
    text: &str,
    start: i64,
    end: i64,
    step_ms: i64,
    features: Features,
    store: &dyn Store,
) -> Result<QueryResult, String> {
    let params =
        QueryParams { max_samples: 10_000, features, ..QueryParams::range(text, start, end, step_ms) };
    let expr = parse(text, &features).map_err(|error| error.to_string())?;
    let plan = Plan::new(&expr, &params).map_err(|error| error.to_string())?;
    evaluate(&plan, &Planned::new(&plan, store.queryable(&plan)), &Cancel::new())
        .map_err(|error| error.to_string())
}
