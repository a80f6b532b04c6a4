//! Tables of the functions on counters and gauges.

use std::sync::Arc;

use mneme_model::histogram::{CounterResetHint, Span};
use mneme_model::{FloatHistogram, HistogramPoint, Labels};

use super::*;
use crate::annotations::{Annotations, Severity};

/// Samples every 10 s from 10 s on; the range is (0 s, 60 s] unless changed.
struct Case {
    labels: Labels,
    t: Vec<i64>,
    v: Vec<f64>,
    st: Vec<i64>,
    histograms: Vec<HistogramPoint>,
    range: (i64, i64),
    modifier: RangeModifier,
}

fn floats(values: &[f64]) -> Case {
    Case {
        labels: Labels::from_pairs([("__name__", "m_total")]),
        t: (1..=values.len() as i64).map(|i| i * 10_000).collect(),
        v: values.to_vec(),
        st: vec![],
        histograms: vec![],
        range: (0, 60_000),
        modifier: RangeModifier::None,
    }
}

fn histograms(values: &[(f64, CounterResetHint)]) -> Case {
    let point = |(i, (count, hint)): (usize, &(f64, CounterResetHint))| HistogramPoint {
        t: (i as i64 + 1) * 10_000,
        h: Arc::new(histogram(*count, *hint)),
        st: 0,
    };
    Case { histograms: values.iter().enumerate().map(point).collect(), ..floats(&[]) }
}

fn histogram(count: f64, hint: CounterResetHint) -> FloatHistogram {
    FloatHistogram {
        counter_reset_hint: hint,
        count,
        sum: 2.0 * count,
        positive_spans: vec![Span { offset: 0, length: 1 }],
        positive_buckets: vec![count],
        ..FloatHistogram::default()
    }
}

impl Case {
    fn run(&self, name: &str, args: &[f64]) -> (Option<Value>, Vec<String>) {
        let mut all = Annotations::default();
        let window = Window {
            labels: self.labels.view(),
            t: &self.t,
            v: &self.v,
            st: &self.st,
            histograms: &self.histograms,
            eval_t: self.range.1,
            start: self.range.0,
            end: self.range.1,
            range_ms: self.range.1 - self.range.0,
            modifier: self.modifier,
            use_start_timestamps: true,
        };
        let function = lookup(name).expect("a known function");
        let value = function(&window, args, &mut Notes::new(&mut all, &[])).expect("no error");
        let mut texts = all.texts(Severity::Warning, "");
        texts.extend(all.texts(Severity::Info, ""));
        (value, texts)
    }

    fn float(&self, name: &str) -> Option<f64> {
        match self.run(name, &[]).0 {
            None => None,
            Some(Value::Float(value)) => Some(value),
            Some(Value::Histogram(h)) => panic!("{h}"),
        }
    }

    fn count(&self, name: &str) -> f64 {
        match self.run(name, &[]).0 {
            Some(Value::Histogram(h)) => {
                assert_eq!(h.counter_reset_hint, CounterResetHint::Gauge);
                assert!(
                    (h.sum - 2.0 * h.count).abs() < 1e-9 && h.positive_buckets.iter().sum::<f64>() == h.count
                );
                h.count
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn extrapolates_to_the_ends_of_the_range() {
    let steady = floats(&[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
    assert_eq!(steady.float("increase"), Some(60.0));
    assert_eq!(steady.float("rate"), Some(1.0));
    assert_eq!(steady.float("delta"), Some(60.0));
    // 50 in 50 s; the start is 10 s away (close enough), but zero is only 1 s away.
    let near_zero = floats(&[1.0, 11.0, 21.0, 31.0, 41.0, 51.0]);
    assert_eq!(near_zero.float("increase"), Some(51.0));
    assert_eq!(near_zero.float("delta"), Some(60.0));
    // Ends 30 s before the range does: half a step more.
    assert_eq!(floats(&[10.0, 20.0, 30.0]).float("delta"), Some(20.0 * 35.0 / 20.0));
    assert_eq!(floats(&[10.0]).float("rate"), None);
}

#[test]
fn a_fall_of_a_counter_is_a_reset() {
    let case = floats(&[10.0, 20.0, 5.0, 15.0, 25.0, 35.0]);
    assert_eq!(case.float("increase"), Some((35.0 - 10.0 + 20.0) * 60.0 / 50.0));
    assert_eq!(case.float("delta"), Some(25.0 * 60.0 / 50.0));
    assert_eq!(case.float("resets"), Some(1.0));
    assert_eq!(case.float("changes"), Some(5.0));
}

#[test]
fn start_timestamps_tell_resets_that_values_hide() {
    let mut case = floats(&[10.0, 20.0, 30.0]);
    case.st = vec![-5_000, -5_000, 25_000];
    assert_eq!(case.float("resets"), Some(1.0));
    // (30 - 10 + 20) over 20 s, 10 s to the start, half a step to the end.
    assert_eq!(case.float("increase"), Some(40.0 * (20.0 + 5.0 + 5.0) / 20.0));
    case.st = vec![4_000, 4_000, 4_000];
    assert_eq!(case.float("increase"), Some(30.0 * (26.0 + 5.0) / 26.0), "from zero at 4 s on");
    let mut single = floats(&[10.0]);
    single.st = vec![4_000];
    assert_eq!(single.float("increase"), Some(10.0 * (6.0 + 0.0) / 6.0));
    case.st = vec![4_000, 6_000, 4_000];
    let (_, notes) = case.run("rate", &[]);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("overlaps with previous sample timestamp"), "{notes:?}");
}

#[test]
fn start_timestamps_of_deltas_touch_the_sample_before() {
    use start_time::Times;
    let times = |start, at| Times { start, at };
    for (before, now, reset) in [
        (times(0, 10), times(0, 20), false),
        (times(5, 10), times(5, 20), false),
        (times(5, 10), times(15, 20), true),
        (times(5, 10), times(10, 20), true),
        (times(0, 10), times(10, 20), false),
        (times(10, 10), times(10, 20), false),
        (times(12, 10), times(10, 20), false),
        (times(5, 10), times(20, 20), false),
        (times(5, 10), times(25, 20), false),
    ] {
        assert_eq!(now.reset_since(before), reset, "{before:?} {now:?}");
    }
}

#[test]
fn anchored_and_smoothed_ranges_do_not_extrapolate() {
    let mut case = floats(&[10.0, 20.0, 30.0, 5.0, 15.0, 25.0]);
    case.range = (15_000, 55_000);
    case.modifier = RangeModifier::Anchored;
    case.t.pop();
    case.v.pop();
    assert_eq!(
        case.float("increase"),
        Some(15.0 - 10.0 + 30.0),
        "from the sample at 10 s to the one at 50 s"
    );
    assert_eq!(case.float("resets"), Some(1.0));
    assert_eq!(case.float("changes"), Some(4.0));
    let mut case = floats(&[10.0, 20.0, 30.0, 5.0, 15.0, 25.0]);
    case.range = (15_000, 55_000);
    case.modifier = RangeModifier::Smoothed;
    assert_eq!(case.float("increase"), Some(20.0 - 15.0 + 30.0));
    assert_eq!(case.float("delta"), Some(5.0));
    assert_eq!(case.float("rate"), Some(35.0 / 40.0));
}

#[test]
fn anchored_resets_need_a_sample_in_the_range() {
    let mut case = floats(&[10.0, 20.0]);
    case.range = (30_000, 60_000);
    case.modifier = RangeModifier::Anchored;
    assert_eq!(case.float("resets"), None);
    assert_eq!(case.float("increase"), None);
}

#[test]
fn histograms_are_extrapolated_like_floats() {
    use CounterResetHint::{CounterReset, Gauge, Unknown};
    let steady: Vec<_> = (1..=6).map(|i| (f64::from(i) * 10.0, Unknown)).collect();
    assert_eq!(histograms(&steady).count("increase"), 60.0);
    assert_eq!(histograms(&steady).count("rate"), 1.0);
    let reset =
        [(10.0, Unknown), (20.0, Unknown), (5.0, Unknown), (15.0, Unknown), (25.0, Unknown), (35.0, Unknown)];
    assert_eq!(histograms(&reset).count("increase"), 45.0 * 60.0 / 50.0);
    assert_eq!(histograms(&reset).float("resets"), Some(1.0));
    let hinted = [(10.0, Unknown), (20.0, CounterReset)];
    assert_eq!(histograms(&hinted).count("irate"), 2.0);
    assert_eq!(histograms(&hinted).float("resets"), Some(1.0));
    let gauges = [(10.0, Gauge), (20.0, Gauge)];
    assert_eq!(histograms(&gauges).run("delta", &[]).1, [""; 0]);
    assert_eq!(histograms(&gauges).count("idelta"), 10.0);
    assert!(histograms(&gauges).run("rate", &[]).1[0].contains("is not a counter"));
    assert!(histograms(&hinted).run("delta", &[]).1[0].contains("is not a gauge"));
}

#[test]
fn anchored_and_smoothed_histograms() {
    use CounterResetHint::Unknown;
    let mut case = histograms(&[10.0, 20.0, 30.0, 5.0, 15.0, 25.0].map(|count| (count, Unknown)));
    case.range = (15_000, 55_000);
    case.modifier = RangeModifier::Smoothed;
    assert_eq!(case.count("increase"), 35.0);
    case.modifier = RangeModifier::Anchored;
    case.histograms.pop();
    assert_eq!(case.count("increase"), 35.0);
}

#[test]
fn mixtures_give_no_result_but_a_warning() {
    use CounterResetHint::Unknown;
    let mut case = histograms(&[(1.0, Unknown), (2.0, Unknown)]);
    case.t = vec![30_000];
    case.v = vec![1.0];
    for name in ["rate", "increase", "delta", "irate", "idelta"] {
        let (value, notes) = case.run(name, &[]);
        assert_eq!(value, None, "{name}");
        assert!(notes[0].contains("mix of histograms and floats for metric name \"m_total\""), "{notes:?}");
    }
    assert_eq!(case.float("resets"), Some(1.0));
    let mut case = histograms(&[(1.0, Unknown), (2.0, Unknown)]);
    Arc::make_mut(&mut case.histograms[1].h).schema = mneme_model::histogram::CUSTOM_BUCKETS_SCHEMA;
    let (value, notes) = case.run("delta", &[]);
    assert_eq!(value, None);
    assert!(notes[0].contains("exponential and custom"), "{notes:?}");
}

#[test]
fn irate_takes_the_last_two() {
    assert_eq!(floats(&[1.0, 5.0, 25.0]).float("irate"), Some(2.0));
    assert_eq!(floats(&[1.0, 5.0, 3.0]).float("irate"), Some(0.3));
    assert_eq!(floats(&[1.0, 5.0, 3.0]).float("idelta"), Some(-2.0));
    assert_eq!(floats(&[1.0]).float("irate"), None);
}

#[test]
fn a_line_through_the_samples() {
    let case = floats(&[1.0, 3.0, 5.0, 7.0]);
    assert!((case.float("deriv").unwrap() - 0.2).abs() < 1e-12);
    let Some(Value::Float(later)) = case.run("predict_linear", &[40.0]).0 else { panic!("a float") };
    assert!((later - 19.0).abs() < 1e-9, "{later}");
    assert_eq!(floats(&[2.0, 2.0]).float("deriv"), Some(0.0));
    assert!(floats(&[f64::INFINITY, f64::INFINITY]).float("deriv").unwrap().is_nan());
    assert_eq!(floats(&[2.0]).float("deriv"), None);
}
