//! Whether an answer is the expected one.

use std::collections::BTreeMap;

use mneme_model::histogram::Span;
use mneme_model::{FloatHistogram, Labels};
use mneme_promql::functions::contract::Value;
use mneme_promql::{QueryResult, ResultSeries, ResultValue, VectorSample};

use super::cases::{Eval, Expected, Text};
use super::series::Point;

const EPSILON: f64 = 1e-6;

/// Checks warnings and infos.
pub(crate) fn annotations(expected: &Expected, result: &QueryResult) -> Result<(), String> {
    one_kind("warning", &expected.warn, expected.any_warn, expected.no_warn, &result.warnings)?;
    one_kind("info", &expected.info, expected.any_info, expected.no_info, &result.infos)
}

fn one_kind(kind: &str, expected: &[Text], any: bool, none: bool, found: &[String]) -> Result<(), String> {
    if none && !found.is_empty() {
        return Err(format!("unexpected {kind}: {found:?}"));
    }
    if (any || !expected.is_empty()) && found.is_empty() {
        return Err(format!("expected a {kind}, there is none"));
    }
    if expected.iter().any(|text| !found.iter().any(|found| text.accepts(found))) {
        return Err(format!("an expected {kind} is missing, found {found:?}"));
    }
    let surplus = |found: &&String| !expected.is_empty() && !expected.iter().any(|text| text.accepts(found));
    match found.iter().find(surplus) {
        Some(text) => Err(format!("unexpected {kind}: {text}")),
        None => Ok(()),
    }
}

/// Checks the value.
pub(crate) fn value(eval: &Eval, value: &ResultValue) -> Result<(), String> {
    let expected = &eval.expected;
    match value {
        ResultValue::Scalar { v, .. } => match expected.scalar {
            Some(wanted) => close(wanted, *v).then_some(()).ok_or(format!("expected {wanted}, got {v}")),
            None => Err(format!("got a scalar, {v}")),
        },
        ResultValue::String { s, .. } => match &expected.string {
            Some(wanted) if wanted == s => Ok(()),
            wanted => Err(format!("expected {wanted:?}, got {s:?}")),
        },
        ResultValue::Vector(samples) => vector(expected, samples),
        ResultValue::Matrix(series) => {
            if expected.scalar.is_some() || expected.ordered {
                return Err("got a matrix".to_owned());
            }
            let (start, end, step) =
                expected.range_vector.unwrap_or((eval.start, eval.end, eval.step.unwrap_or(1)));
            matrix(expected, series, start, end, step)
        }
    }
}

/// Checks an instant vector.
pub(crate) fn vector(expected: &Expected, samples: &[VectorSample]) -> Result<(), String> {
    if let Some(wanted) = expected.scalar {
        return Err(format!("expected {wanted}, got a vector"));
    }
    // Of equal series the last definition counts.
    let wanted: BTreeMap<&Labels, (usize, &Vec<Point>)> =
        expected.series.iter().enumerate().map(|(i, (labels, points))| (labels, (i, points))).collect();
    for (position, sample) in samples.iter().enumerate() {
        let labels = &sample.labels;
        let Some((at, points)) = wanted.get(labels) else {
            return Err(format!("unexpected series {labels} = {:?}", sample.value));
        };
        if expected.ordered && *at != position {
            return Err(format!("{labels} is at place {position}, expected at {at}"));
        }
        let point = points.first().ok_or("a series without points is expected")?;
        same(point, &sample.value).map_err(|error| format!("{labels}: {error}"))?;
    }
    let missing = wanted.keys().find(|labels| !samples.iter().any(|sample| sample.labels == ***labels));
    missing.map_or(Ok(()), |labels| Err(format!("missing series {labels}")))
}

fn matrix(
    expected: &Expected,
    found: &[ResultSeries],
    start: i64,
    end: i64,
    step: i64,
) -> Result<(), String> {
    if let Some(pair) = found.windows(2).find(|pair| pair[0].labels > pair[1].labels) {
        return Err(format!("the matrix is not sorted at {}", pair[1].labels));
    }
    let wanted: BTreeMap<&Labels, &Vec<Point>> = expected.series.iter().map(|(l, p)| (l, p)).collect();
    for series in found {
        let labels = &series.labels;
        let Some(points) = wanted.get(labels) else {
            return Err(format!("unexpected series {labels}: {:?} {:?}", series.floats, series.histograms));
        };
        let time = |i: usize| start + step * i as i64;
        if points.len() > 1 && time(points.len() - 1) > end {
            return Err(format!("{labels}: more points are expected than there are steps"));
        }
        let wanted: Vec<(i64, &Point)> = points
            .iter()
            .enumerate()
            .map(|(i, p)| (time(i), p))
            .filter(|(_, p)| !matches!(p, Point::Omitted))
            .collect();
        let mut got: Vec<(i64, Value)> =
            series.floats.0.iter().copied().zip(series.floats.1.iter().map(|v| Value::Float(*v))).collect();
        got.extend(series.histograms.iter().map(|(t, h)| (*t, Value::Histogram(h.clone()))));
        got.sort_by_key(|(t, _)| *t);
        if wanted.len() != got.len() {
            return Err(format!("{labels}: expected {} points, got {}: {got:?}", wanted.len(), got.len()));
        }
        for ((wanted_t, point), (t, value)) in wanted.iter().zip(&got) {
            if wanted_t != t {
                return Err(format!("{labels}: expected a point at {wanted_t}, got one at {t}"));
            }
            same(point, value).map_err(|error| format!("{labels} at {t}: {error}"))?;
        }
    }
    let missing = wanted.keys().find(|labels| !found.iter().any(|series| series.labels == ***labels));
    missing.map_or(Ok(()), |labels| Err(format!("missing series {labels}")))
}

fn same(wanted: &Point, got: &Value) -> Result<(), String> {
    let equal = match (wanted, got) {
        (Point::Float(wanted), Value::Float(got)) => close(*wanted, *got),
        (Point::Histogram(wanted, hinted), Value::Histogram(got)) => same_histogram(wanted, got, *hinted),
        _ => false,
    };
    if equal {
        return Ok(());
    }
    match (wanted, got) {
        (Point::Histogram(wanted, _), Value::Histogram(got)) => Err(format!(
            "expected {wanted} {:?}, got {got} {:?}",
            wanted.counter_reset_hint, got.counter_reset_hint
        )),
        _ => Err(format!("expected {wanted:?}, got {got:?}")),
    }
}

/// Equal up to a relative difference; NaN equals NaN, the stale marker only itself.
pub(crate) fn close(a: f64, b: f64) -> bool {
    if mneme_model::is_stale_nan(a) || mneme_model::is_stale_nan(b) {
        return mneme_model::is_stale_nan(a) && mneme_model::is_stale_nan(b);
    }
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let sum = a.abs() + b.abs();
    let difference = (a - b).abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}

fn same_histogram(wanted: &FloatHistogram, got: &FloatHistogram, hinted: bool) -> bool {
    let (mut a, mut b) = (wanted.clone(), got.clone());
    a.compact(0);
    b.compact(0);
    let custom =
        a.schema != mneme_model::histogram::CUSTOM_BUCKETS_SCHEMA || a.custom_values == b.custom_values;
    a.schema == b.schema
        && close(a.count, b.count)
        && close(a.sum, b.sum)
        && custom
        && a.zero_threshold == b.zero_threshold
        && close(a.zero_count, b.zero_count)
        && same_buckets(&a.positive_spans, &a.positive_buckets, &b.positive_spans, &b.positive_buckets)
        && same_buckets(&a.negative_spans, &a.negative_buckets, &b.negative_spans, &b.negative_buckets)
        && (!hinted || a.counter_reset_hint == b.counter_reset_hint)
}

fn same_buckets(a_spans: &[Span], a: &[f64], b_spans: &[Span], b: &[f64]) -> bool {
    indexes(a_spans) == indexes(b_spans) && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(*a, *b))
}

/// The index of each bucket.
fn indexes(spans: &[Span]) -> Vec<i64> {
    let mut next = 0;
    let mut indexes = Vec::new();
    for span in spans {
        next += i64::from(span.offset);
        for _ in 0..span.length {
            indexes.push(next);
            next += 1;
        }
    }
    indexes
}
