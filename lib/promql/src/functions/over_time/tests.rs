//! Tables of the functions that fold a range.

use std::sync::Arc;

use mneme_model::{HistogramPoint, Labels, histogram::Span};

use super::*;
use crate::annotations::{Annotations, Severity};
use crate::ast::RangeModifier;

fn run(name: &str, v: &[f64], counts: &[f64], args: &[f64]) -> (Result<Option<Value>, String>, Vec<String>) {
    let t: Vec<i64> = (0..v.len() as i64).map(|i| i * 1000).collect();
    let point =
        |(i, count): (usize, &f64)| HistogramPoint { t: i as i64 * 1000 + 500, h: histogram(*count), st: 0 };
    let histograms: Vec<_> = counts.iter().enumerate().map(point).collect();
    let labels = Labels::from_pairs([("__name__", "m")]);
    let window = Window {
        labels: labels.view(),
        t: &t,
        v,
        st: &[],
        histograms: &histograms,
        eval_t: 0,
        start: -1,
        end: 100_000,
        range_ms: 100_001,
        modifier: RangeModifier::None,
        use_start_timestamps: false,
    };
    let mut all = Annotations::default();
    let value = lookup(name).expect("a known function")(&window, args, &mut Notes::new(&mut all, &[]));
    let mut texts = all.texts(Severity::Warning, "");
    texts.extend(all.texts(Severity::Info, ""));
    (value, texts)
}

fn histogram(count: f64) -> Arc<FloatHistogram> {
    Arc::new(FloatHistogram {
        count,
        sum: count,
        positive_spans: vec![Span { offset: 0, length: 1 }],
        positive_buckets: vec![count],
        ..FloatHistogram::default()
    })
}

fn float(name: &str, v: &[f64], args: &[f64]) -> f64 {
    match run(name, v, &[], args).0 {
        Ok(Some(Value::Float(value))) => value,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn floats() {
    let nan = f64::NAN;
    for (name, v, args, result) in [
        ("avg_over_time", &[1.0, 2.0, 6.0][..], &[][..], 3.0),
        ("avg_over_time", &[f64::MAX, f64::MAX], &[], f64::MAX),
        ("avg_over_time", &[f64::INFINITY, 1.0], &[], f64::INFINITY),
        ("sum_over_time", &[1.0, 1e100, 1.0, -1e100], &[], 2.0),
        ("sum_over_time", &[f64::MAX, f64::MAX], &[], f64::INFINITY),
        ("count_over_time", &[1.0, nan], &[], 2.0),
        ("present_over_time", &[nan], &[], 1.0),
        ("min_over_time", &[nan, 3.0, 2.0, nan], &[], 2.0),
        ("max_over_time", &[nan, 3.0, 2.0, nan], &[], 3.0),
        ("ts_of_min_over_time", &[2.0, 1.0, 1.0], &[], 2.0),
        ("ts_of_max_over_time", &[2.0, 1.0, 2.0], &[], 2.0),
        ("ts_of_first_over_time", &[2.0, 1.0, 2.0], &[], 0.0),
        ("ts_of_last_over_time", &[2.0, 1.0, 2.0], &[], 2.0),
        ("first_over_time", &[7.0, 1.0], &[], 7.0),
        ("last_over_time", &[7.0, 1.0], &[], 1.0),
        ("quantile_over_time", &[1.0, 3.0], &[0.25], 1.5),
        ("quantile_over_time", &[1.0, 3.0], &[2.0], f64::INFINITY),
        ("stdvar_over_time", &[1.0, 3.0], &[], 1.0),
        ("stddev_over_time", &[0.0, 4.0], &[], 2.0),
        ("mad_over_time", &[4.0, 6.0, 2.0, 1.0, 999.0, 1.0, 2.0], &[], 1.0),
        ("double_exponential_smoothing", &[1.0, 2.0, 3.0, 4.0], &[0.5, 0.5], 4.0),
    ] {
        assert_eq!(float(name, v, args), result, "{name} {v:?}");
    }
    assert!(float("min_over_time", &[nan], &[]).is_nan());
    assert!(float("mad_over_time", &[nan, 1.0], &[]).is_nan());
}

#[test]
fn histograms_are_summed_and_averaged() {
    for (name, expected) in [("sum_over_time", 6.0), ("avg_over_time", 2.0)] {
        let (value, notes) = run(name, &[], &[1.0, 2.0, 3.0], &[]);
        let Ok(Some(Value::Histogram(h))) = value else { panic!("{name}: {value:?}") };
        assert_eq!((h.count, h.sum, &h.positive_buckets[..]), (expected, expected, &[expected][..]));
        assert!(notes.is_empty());
    }
    let (value, _) = run("avg_over_time", &[], &[f64::MAX, f64::MAX], &[]);
    let Ok(Some(Value::Histogram(h))) = value else { panic!("{value:?}") };
    assert_eq!(h.count, f64::MAX);
}

#[test]
fn mixtures() {
    for name in ["sum_over_time", "avg_over_time"] {
        let (value, notes) = run(name, &[1.0], &[1.0], &[]);
        assert_eq!(value, Ok(None));
        assert!(notes[0].contains("mix of histograms and floats"));
    }
    for name in ["min_over_time", "max_over_time", "stddev_over_time", "mad_over_time", "ts_of_max_over_time"]
    {
        let (value, notes) = run(name, &[1.0], &[1.0], &[]);
        assert!(matches!(value, Ok(Some(Value::Float(_)))), "{name}");
        assert!(notes[0].contains("ignored histograms in a range"), "{name}: {notes:?}");
        assert_eq!(run(name, &[], &[1.0], &[]).0, Ok(None), "{name}");
    }
    assert!(matches!(run("last_over_time", &[1.0], &[1.0], &[]).0, Ok(Some(Value::Histogram(_)))));
    assert!(matches!(run("first_over_time", &[1.0], &[1.0], &[]).0, Ok(Some(Value::Float(_)))));
    assert_eq!(run("ts_of_last_over_time", &[1.0], &[1.0], &[]).0, Ok(Some(Value::Float(0.5))));
}

#[test]
fn bad_factors_fail_the_query() {
    let error = |args: &[f64]| run("double_exponential_smoothing", &[1.0, 2.0], &[], args).0.unwrap_err();
    assert_eq!(error(&[1.0, 0.5]), "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000");
    assert_eq!(error(&[0.5, 0.0]), "invalid trend factor. Expected: 0 < tf < 1, got: 0.000000");
}

#[test]
fn a_quantile_outside_of_its_range_is_told() {
    let (_, notes) = run("quantile_over_time", &[1.0], &[], &[-1.0]);
    assert!(notes[0].contains("quantile value should be between 0 and 1, got -1"), "{notes:?}");
}
