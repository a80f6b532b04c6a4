//! A series' labels: checked, put in order, and written in their canonical form.

use mneme_model::labels::{METRIC_NAME, is_legacy_label_name, is_legacy_metric_name};
use mneme_model::{Labels, LabelsRef};
use mneme_tenant::{LabelValueStrategy, Limits};
use xxhash_rust::xxh3::xxh3_128;

use super::{Problem, clip, utf8};
use crate::Reason;

/// The canonical form of a series' labels, written into `text`. Labels with an empty value are as good as absent and left out;
/// unsorted ones are sorted, as Prometheus does.
pub(super) fn canonical<'t>(
    labels: &mut Vec<(&str, &str)>,
    limits: &Limits,
    text: &'t mut String,
) -> Result<LabelsRef<'t>, Problem> {
    labels.retain(|(_, value)| !value.is_empty());
    if !labels.is_sorted_by(|(a, _), (b, _)| a < b) {
        labels.sort_by_key(|(name, _)| *name);
    }
    check_metric_name(labels, limits)?;
    check_count(labels, limits)?;
    let mut last = None;
    let mut too_long = false;
    for (name, value) in labels.iter() {
        if last == Some(*name) {
            return Err(problem(Reason::DuplicateLabelNames, labels, |s| {
                format!("label {:?} is there twice in series '{s}'", clip(name))
            }));
        }
        last = Some(*name);
        check_name(name, labels, limits)?;
        too_long |= limits.max_label_value_length > 0 && value.len() > limits.max_label_value_length;
    }
    if too_long {
        shorten(labels, limits, text)?;
        return Ok(LabelsRef::parse(text.as_bytes()).unwrap_or_default());
    }
    LabelsRef::write_sorted(text, labels.iter().copied())
        .map_err(|invalid| (Reason::LabelInvalid, invalid.to_string()))
}

/// Whether a value is longer than the tenant's limit.
pub(super) fn too_long(labels: &[(&str, &str)], limits: &Limits) -> bool {
    let limit = limits.max_label_value_length;
    limit > 0 && labels.iter().any(|(_, value)| value.len() > limit)
}

fn check_metric_name(labels: &[(&str, &str)], limits: &Limits) -> Result<(), Problem> {
    match labels.iter().find(|(name, _)| *name == METRIC_NAME) {
        None => Err(problem(Reason::MissingMetricName, labels, |s| {
            format!("no metric name (label __name__) in series '{s}'")
        })),
        Some((_, name)) if !utf8(limits) && !is_legacy_metric_name(name) => {
            Err(problem(Reason::MetricNameInvalid, labels, |s| {
                format!(
                    "invalid metric name {:?} in series '{s}' (the tenant's name_validation_scheme is legacy)",
                    clip(name)
                )
            }))
        }
        Some(_) => Ok(()),
    }
}

fn check_count(labels: &[(&str, &str)], limits: &Limits) -> Result<(), Problem> {
    let (count, limit) = (labels.len(), limits.max_label_names_per_series);
    if limit > 0 && count > limit {
        return Err(problem(Reason::MaxLabelNamesPerSeries, labels, |s| {
            format!(
                "{count} labels, more than the tenant's limit max_label_names_per_series of {limit}, in series '{s}'"
            )
        }));
    }
    Ok(())
}

fn check_name(name: &str, labels: &[(&str, &str)], limits: &Limits) -> Result<(), Problem> {
    if name.is_empty() || (!utf8(limits) && !is_legacy_label_name(name)) {
        return Err(problem(Reason::LabelInvalid, labels, |s| {
            format!("invalid label name {:?} in series '{s}'", clip(name))
        }));
    }
    let limit = limits.max_label_name_length;
    if limit > 0 && name.len() > limit {
        return Err(problem(Reason::LabelNameTooLong, labels, |s| {
            let len = name.len();
            format!(
                "label name {:?} of {len} bytes, longer than the tenant's limit max_label_name_length of {limit}, in series '{s}'",
                clip(name)
            )
        }));
    }
    Ok(())
}

/// Applies the tenant's strategy to values over their limit, and writes the canonical form.
fn shorten(labels: &[(&str, &str)], limits: &Limits, text: &mut String) -> Result<(), Problem> {
    let limit = limits.max_label_value_length;
    let over = |value: &str| value.len() > limit;
    if limits.label_value_length_over_limit_strategy == LabelValueStrategy::Error {
        let (name, value) = labels.iter().find(|(_, value)| over(value)).copied().unwrap_or_default();
        return Err(problem(Reason::LabelValueTooLong, labels, |s| {
            let len = value.len();
            format!(
                "value {:?} of label {:?} of {len} bytes, longer than the tenant's limit max_label_value_length of {limit}, in series '{s}'",
                clip(value),
                clip(name)
            )
        }));
    }
    let keep = match limits.label_value_length_over_limit_strategy {
        LabelValueStrategy::Truncate => limit.saturating_sub(LabelValueStrategy::HASH_LEN),
        LabelValueStrategy::Drop | LabelValueStrategy::Error => 0,
    };
    let short = |value: &str| {
        let kept = value.get(..value.floor_char_boundary(keep)).unwrap_or_default();
        format!("{kept}(hash:{:032x})", xxh3_128(value.as_bytes()))
    };
    let shortened: Vec<String> = labels
        .iter()
        .map(|(_, value)| if over(value) { short(value) } else { (*value).to_owned() })
        .collect();
    let pairs = labels.iter().map(|(name, _)| *name).zip(shortened.iter().map(String::as_str));
    LabelsRef::write_sorted(text, pairs).map_err(|invalid| (Reason::LabelInvalid, invalid.to_string()))?;
    Ok(())
}

fn problem(reason: Reason, labels: &[(&str, &str)], words: impl FnOnce(&str) -> String) -> Problem {
    let series = Labels::from_pairs(labels.iter().copied().filter(|(name, _)| !name.is_empty())).to_string();
    (reason, words(&clip(&series)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(labels: &[(&str, &str)], limits: &Limits) -> Result<String, Reason> {
        let mut labels = labels.to_vec();
        let mut text = String::new();
        canonical(&mut labels, limits, &mut text)
            .map(|labels| labels.to_string())
            .map_err(|(reason, _)| reason)
    }

    #[test]
    fn labels_are_sorted_and_empty_ones_left_out() {
        let limits = Limits::default();
        let got = stored(&[("z", "1"), ("gone", ""), ("__name__", "up"), ("a.b", "ü"), ("", "")], &limits);
        assert_eq!(got.unwrap(), r#"up{"a.b"="ü", z="1"}"#);
    }

    #[test]
    fn long_values_are_cut_as_the_tenant_wishes_and_never_exceed_the_limit() {
        let value = "ä".repeat(100);
        let with = |strategy| Limits {
            max_label_value_length: 50,
            label_value_length_over_limit_strategy: strategy,
            ..Limits::default()
        };
        let labels = [("__name__", "up"), ("a", value.as_str()), ("b", "short")];
        let value_of = |strategy| {
            let (mut labels, mut text) = (labels.to_vec(), String::new());
            canonical(&mut labels, &with(strategy), &mut text)
                .map(|l| l.get("a").unwrap().to_owned())
                .map_err(|(reason, _)| reason)
        };
        assert_eq!(value_of(LabelValueStrategy::Error), Err(Reason::LabelValueTooLong));
        let truncated = value_of(LabelValueStrategy::Truncate).unwrap();
        assert!(truncated.starts_with("äääää(hash:") && truncated.len() == 49, "{truncated}");
        let dropped = value_of(LabelValueStrategy::Drop).unwrap();
        assert_eq!(dropped, truncated.trim_start_matches('ä'));
        assert_eq!(dropped.len(), LabelValueStrategy::HASH_LEN);
    }

    #[test]
    fn limits_of_zero_are_off() {
        let off = Limits {
            max_label_name_length: 0,
            max_label_value_length: 0,
            max_label_names_per_series: 0,
            ..Limits::default()
        };
        let (name, value) = ("n".repeat(5000), "v".repeat(5000));
        let many: Vec<String> = (0..100).map(|i| format!("l{i:03}")).collect();
        let mut labels = vec![("__name__", "up"), (name.as_str(), value.as_str())];
        labels.extend(many.iter().map(|name| (name.as_str(), "x")));
        assert!(stored(&labels, &off).is_ok());
        assert_eq!(stored(&labels, &Limits::default()), Err(Reason::MaxLabelNamesPerSeries));
    }
}
