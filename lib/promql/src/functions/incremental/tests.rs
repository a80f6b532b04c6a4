//! Sliding windows against every window by itself.

use mneme_model::Labels;
use proptest::prelude::*;

use super::*;
use crate::Cancel;
use crate::annotations::{Annotations, Notes};
use crate::ast::RangeModifier;
use crate::functions::contract::{Value, Window};
use crate::functions::range_function;

const NAMES: [&str; 15] = [
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "resets",
    "changes",
    "count_over_time",
    "present_over_time",
    "first_over_time",
    "last_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "avg_over_time",
];

const ABSENT: f64 = f64::from_bits(mneme_model::STALE_NAN_BITS);

/// The value of every window by the function of one window.
fn one_by_one(name: &str, t: &[i64], v: &[f64], windows: &[FloatWindow], range_ms: i64) -> Vec<f64> {
    let function = range_function(name).expect("a range function");
    let labels = Labels::empty();
    let value = |window: &FloatWindow| {
        let range = window.from..window.to;
        if range.is_empty() {
            return ABSENT;
        }
        let mut annotations = Annotations::default();
        let window = Window {
            labels: labels.view(),
            t: &t[range.clone()],
            v: &v[range],
            st: &[],
            histograms: &[],
            eval_t: window.end,
            start: window.end - range_ms,
            end: window.end,
            range_ms,
            modifier: RangeModifier::None,
            use_start_timestamps: false,
        };
        match function(&window, &[], &mut Notes::new(&mut annotations, &[])).expect("no error") {
            Some(Value::Float(value)) => value,
            other => {
                assert_eq!(other, None);
                ABSENT
            }
        }
    };
    windows.iter().map(value).collect()
}

fn check(t: &[i64], v: &[f64], range_ms: i64, step_ms: i64) {
    let last = t.last().copied().unwrap_or(0);
    let ends =
        (0..).map(|step| t[0] - 20 + step * step_ms).take_while(|end| *end < last + 2 * range_ms).take(400);
    let windows: Vec<FloatWindow> = ends
        .map(|end| FloatWindow {
            from: t.partition_point(|t| *t <= end - range_ms),
            to: t.partition_point(|t| *t <= end),
            end,
        })
        .collect();
    let mut scratch = Scratch::default();
    let cancel = Cancel::new();
    for name in NAMES {
        let function = incremental(name).expect("computed here");
        let mut out = vec![ABSENT; windows.len()];
        let series = FloatSeries { t, v, windows: &windows, range_ms, same_times: false };
        let fresh = function.run(&series, &mut scratch, &mut Work::new(&cancel), &mut out);
        fresh.expect("not stopped");
        out.fill(ABSENT);
        let series = FloatSeries { same_times: true, ..series };
        function.run(&series, &mut scratch, &mut Work::new(&cancel), &mut out).expect("not stopped");
        let expected = one_by_one(name, t, v, &windows, range_ms);
        for ((window, got), want) in windows.iter().zip(out).zip(expected) {
            let both_nan = got.is_nan()
                && want.is_nan()
                && (got.to_bits() == ABSENT.to_bits()) == (want.to_bits() == ABSENT.to_bits());
            assert!(got.to_bits() == want.to_bits() || both_nan, "{name} {window:?}: {got} {want} of {v:?}");
        }
    }
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let odd = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        -f64::MAX,
        1e-310,
        0.1,
    ]);
    let whole = (-20i64..20).prop_map(|value| value as f64);
    let fraction = (0u32..100_000).prop_map(|value| f64::from(value) / 100.0);
    prop_oneof![
        prop::collection::vec(whole.clone(), 1..80),
        prop::collection::vec(fraction.clone(), 1..80),
        prop::collection::vec(prop_oneof![4 => fraction, 2 => whole, 1 => odd], 1..80),
        // A counter that starts anew from time to time.
        prop::collection::vec(0u32..50, 1..80).prop_map(|steps| {
            let mut total = 0u32;
            let next = |step: u32| {
                total = if step == 0 { 0 } else { total + step };
                f64::from(total)
            };
            steps.into_iter().map(next).collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_sliding_window_has_the_bits_of_the_window_by_itself(
        v in values(),
        gaps in prop::collection::vec(prop_oneof![5 => Just(15i64), 1 => 1i64..60], 80),
        range_ms in 10i64..900,
        step_ms in 5i64..200,
    ) {
        let mut t = 1000;
        let t: Vec<i64> = gaps.iter().take(v.len()).map(|gap| { t += gap; t }).collect();
        check(&t, &v, range_ms, step_ms);
    }
}

#[test]
fn many_resets_that_do_not_add_up_exactly_are_added_in_order() {
    let t: Vec<i64> = (0..300).map(|i| i * 15).collect();
    let v: Vec<f64> = (0..300).map(|i| if i % 2 == 0 { 0.1 * f64::from(i) } else { 1e-3 }).collect();
    check(&t, &v, 3000, 40);
    let whole: Vec<f64> = v.iter().map(|value| value.round()).collect();
    check(&t, &whole, 3000, 40);
}
