//! Two answers of the query API side by side.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::Request;

/// Relative; the last bits of other compilers and libraries.
const TOLERANCE: f64 = 1e-12;
/// Relative, for functions whose summation was changed after 2.42 (compensated since 3.0: `sum`, `avg`, `stddev`, `stdvar`; the mean
/// of sums instead of a moving mean: `avg_over_time`).
const LOOSE_TOLERANCE: f64 = 1e-9;
const LOOSE: &[&str] = &["avg", "stddev", "stdvar"];

/// What a server answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// `data`.
    Data(Value),
    /// The HTTP status, `errorType` and `error`.
    Refused(u16, String, String),
}

impl Answer {
    pub(super) fn of(status: u16, body: &Value) -> Self {
        if body["status"] == "success" {
            return Self::Data(body["data"].clone());
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self::Refused(status, text("errorType"), text("error"))
    }

    /// The same with another error text.
    pub(super) fn map_text(self, map: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Refused(status, kind, text) => Self::Refused(status, kind, map(&text)),
            data @ Self::Data(_) => data,
        }
    }

    /// How many points it has.
    pub(super) fn points(&self) -> usize {
        let Self::Data(data) = self else { return 0 };
        let series = data["result"].as_array().map(Vec::as_slice).unwrap_or_default();
        series.iter().map(|series| series["values"].as_array().map_or(1, Vec::len)).sum()
    }
}

/// What differs first, in words.
pub(super) fn difference(request: &Request, left: &Answer, right: &Answer) -> Option<String> {
    match (left, right) {
        (Answer::Data(left), Answer::Data(right)) => data_difference(&request.query.text, left, right),
        (left, right) if left == right => None,
        _ => Some("the answers".to_owned()),
    }
}

fn data_difference(query: &str, left: &Value, right: &Value) -> Option<String> {
    let loose = LOOSE.iter().any(|name| query.contains(name));
    let tolerance = if loose { LOOSE_TOLERANCE } else { TOLERANCE };
    if left["resultType"] != right["resultType"] {
        return Some(format!("result types {} and {}", left["resultType"], right["resultType"]));
    }
    if left["resultType"] == "scalar" || left["resultType"] == "string" {
        return point_difference(&left["result"], &right["result"], tolerance);
    }
    if left["resultType"] == "vector" && is_ordered(query) {
        let values = |data: &Value| -> Vec<Value> {
            data["result"].as_array().into_iter().flatten().map(|series| series["value"].clone()).collect()
        };
        let (left, right) = (values(left), values(right));
        let found = left.iter().zip(&right).find_map(|(a, b)| point_difference(a, b, tolerance));
        if let Some(found) = found {
            return Some(format!("the order: {found}"));
        }
    }
    let counts = (count(left), count(right));
    let (left, right) = (by_labels(left), by_labels(right));
    if counts != (left.len(), right.len()) {
        return Some("the same labels twice".to_owned());
    }
    if let Some(labels) = left.keys().find(|labels| !right.contains_key(*labels)) {
        return Some(format!("only Prometheus has {labels}"));
    }
    if let Some(labels) = right.keys().find(|labels| !left.contains_key(*labels)) {
        return Some(format!("only Mneme has {labels}"));
    }
    left.iter().find_map(|(labels, points)| {
        let found = points_difference(points, &right[labels], tolerance)?;
        Some(format!("{labels}: {found}"))
    })
}

/// Whether PromQL says in which order an instant query's result comes. Among equal values no order is promised.
fn is_ordered(query: &str) -> bool {
    ["sort(", "sort_desc("].iter().any(|name| query.starts_with(name))
}

fn count(data: &Value) -> usize {
    data["result"].as_array().map_or(0, Vec::len)
}

fn by_labels(data: &Value) -> BTreeMap<String, Vec<Value>> {
    let labels = |series: &Value| {
        let labels: BTreeMap<_, _> = series["metric"].as_object().into_iter().flatten().collect();
        serde_json::to_string(&labels).expect("labels print")
    };
    let points = |series: &Value| {
        series["values"].as_array().cloned().unwrap_or_else(|| vec![series["value"].clone()])
    };
    data["result"].as_array().into_iter().flatten().map(|series| (labels(series), points(series))).collect()
}

fn points_difference(left: &[Value], right: &[Value], tolerance: f64) -> Option<String> {
    let found = left.iter().zip(right).find_map(|(a, b)| point_difference(a, b, tolerance));
    found
        .or_else(|| (left.len() != right.len()).then(|| format!("{} and {} points", left.len(), right.len())))
}

fn point_difference(left: &Value, right: &Value, tolerance: f64) -> Option<String> {
    let number =
        |point: &Value| point[1].as_str().and_then(|text| text.replace("Inf", "inf").parse::<f64>().ok());
    let same = left[1] == right[1]
        || match (number(left), number(right)) {
            (Some(x), Some(y)) => {
                x == y
                    || (x.is_finite() && y.is_finite() && (x - y).abs() <= tolerance * x.abs().max(y.abs()))
            }
            _ => false,
        };
    let same_time = left[0].as_f64() == right[0].as_f64();
    (!same || !same_time).then(|| format!("{left} and {right}"))
}
