//! Compares the `data` of two answers of the query API: label set by label set, numerically within a relative tolerance.

use std::collections::BTreeMap;

use serde_json::Value;

/// The first difference between two `data` objects, in words; `None` if they agree.
///
/// Series are matched by their labels; times must be equal; values may differ by `tolerance` relative to the larger one.
pub fn difference(left: &Value, right: &Value, tolerance: f64) -> Option<String> {
    let kind = |data: &Value| data["resultType"].as_str().unwrap_or("none").to_owned();
    if kind(left) != kind(right) {
        return Some(format!("result types {} and {}", kind(left), kind(right)));
    }
    if kind(left) == "scalar" || kind(left) == "string" {
        return point_difference(&left["result"], &right["result"], tolerance);
    }
    let (left, right) = (by_labels(left), by_labels(right));
    if let Some(labels) = left.keys().find(|labels| !right.contains_key(*labels)) {
        return Some(format!("only left has {labels}"));
    }
    if let Some(labels) = right.keys().find(|labels| !left.contains_key(*labels)) {
        return Some(format!("only right has {labels}"));
    }
    left.iter().find_map(|(labels, points)| {
        let other = &right[labels];
        if points.len() != other.len() {
            return Some(format!("{labels}: {} and {} points", points.len(), other.len()));
        }
        let found = points.iter().zip(other).find_map(|(a, b)| point_difference(a, b, tolerance))?;
        Some(format!("{labels}: {found}"))
    })
}

/// How many points an answer has.
pub fn points(data: &Value) -> usize {
    if data["resultType"] == "scalar" { 1 } else { by_labels(data).values().map(Vec::len).sum() }
}

fn by_labels(data: &Value) -> BTreeMap<String, Vec<Value>> {
    let series = data["result"].as_array().cloned().unwrap_or_default();
    series
        .into_iter()
        .map(|series| {
            let labels: BTreeMap<_, _> =
                series["metric"].as_object().cloned().unwrap_or_default().into_iter().collect();
            let mut values = Vec::new();
            for (many, one) in [("values", "value"), ("histograms", "histogram")] {
                values.extend(series[many].as_array().cloned().unwrap_or_default());
                values.extend(series.get(one).cloned());
            }
            (serde_json::to_string(&labels).expect("labels print"), values)
        })
        .collect()
}

fn point_difference(a: &Value, b: &Value, tolerance: f64) -> Option<String> {
    let number =
        |point: &Value| point[1].as_str().and_then(|text| text.replace("Inf", "inf").parse::<f64>().ok());
    let same = match (number(a), number(b)) {
        (Some(x), Some(y)) => {
            let close =
                || x.is_finite() && y.is_finite() && (x - y).abs() <= tolerance * x.abs().max(y.abs());
            x == y || (x.is_nan() && y.is_nan()) || close()
        }
        _ => a[1] == b[1],
    };
    let same_time = a[0].as_f64() == b[0].as_f64();
    (!same || !same_time).then(|| format!("{a} and {b}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sees_values_labels_times_and_counts() {
        let vector = |job: &str, t: f64, v: &str| json!({"resultType":"vector","result":[{"metric":{"job":job},"value":[t, v]}]});
        let left = vector("a", 1.0, "100");
        assert_eq!(difference(&left, &vector("a", 1.0, "100.00000000001"), 1e-12), None);
        assert!(difference(&left, &vector("a", 1.0, "100.001"), 1e-12).is_some());
        assert!(difference(&left, &vector("b", 1.0, "100"), 1e-12).is_some());
        assert!(difference(&left, &vector("a", 1.5, "100"), 1e-12).is_some());
        assert!(difference(&left, &json!({"resultType":"vector","result":[]}), 1e-12).is_some());
        assert_eq!(difference(&vector("a", 1.0, "NaN"), &vector("a", 1.0, "NaN"), 1e-12), None);
        assert!(difference(&vector("a", 1.0, "+Inf"), &vector("a", 1.0, "-Inf"), 1e-12).is_some());
    }
}
