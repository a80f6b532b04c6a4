//! What must hold of every histogram, and tables of single cases.

use proptest::prelude::*;

use super::*;

fn spans_of(indices: &[i32]) -> Vec<Span> {
    let mut builder = layout::SpanBuilder::default();
    indices.iter().for_each(|index| builder.push(i64::from(*index)));
    builder.finish()
}

fn side() -> impl Strategy<Value = (Vec<Span>, Vec<f64>)> {
    prop::collection::btree_map(-40i32..40, 0u32..50, 0..12).prop_map(|buckets| {
        let indices: Vec<i32> = buckets.keys().copied().collect();
        (spans_of(&indices), buckets.values().map(|c| f64::from(*c)).collect())
    })
}

prop_compose! {
    fn exponential()(
        schema in -4i32..=8,
        zero_threshold in prop::sample::select(vec![0.0, 1e-9, 0.001, 0.3, 2.0]),
        zero_count in 0u32..9,
        positive in side(),
        negative in side(),
        sum in -1e3f64..1e3,
    ) -> FloatHistogram {
        let mut h = FloatHistogram {
            schema, zero_threshold, sum,
            zero_count: f64::from(zero_count),
            positive_spans: positive.0, positive_buckets: positive.1,
            negative_spans: negative.0, negative_buckets: negative.1,
            ..FloatHistogram::default()
        };
        // Nobody counts in buckets that the zero bucket covers, if only in part.
        h.clear_inside_zero(None);
        h.count = in_buckets(&h);
        h
    }
}

prop_compose! {
    fn custom()(
        bounds in prop::collection::btree_set(-20i32..20, 0..8),
        counts in prop::collection::vec(0u32..20, 9),
        sum in -1e3f64..1e3,
    ) -> FloatHistogram {
        let positive_buckets: Vec<f64> = counts.iter().take(bounds.len() + 1).map(|c| f64::from(*c)).collect();
        FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: positive_buckets.iter().sum(),
            sum,
            positive_spans: vec![Span { offset: 0, length: positive_buckets.len() as u32 }],
            positive_buckets,
            custom_values: bounds.into_iter().map(f64::from).collect(),
            ..FloatHistogram::default()
        }
    }
}

/// Anything that can come over the wire.
fn anything() -> impl Strategy<Value = FloatHistogram> {
    let spans = || {
        prop::collection::vec(
            (any::<i32>(), 0u32..5).prop_map(|(offset, length)| Span { offset, length }),
            0..4,
        )
    };
    let counts = || prop::collection::vec(prop::num::f64::ANY, 0..8);
    let schema = prop_oneof![Just(CUSTOM_BUCKETS_SCHEMA), -4i32..=8, any::<i32>()];
    let numbers =
        (schema, prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f64::ANY);
    (numbers, spans(), counts(), spans(), counts(), counts()).prop_map(
        |((schema, zero_threshold, zero_count, count, sum), ps, pb, ns, nb, custom_values)| FloatHistogram {
            schema,
            zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans: ps,
            positive_buckets: pb,
            negative_spans: ns,
            negative_buckets: nb,
            custom_values,
            ..FloatHistogram::default()
        },
    )
}

/// Two that differ in the schema or in the zero bucket, not in both: where a wider zero bucket ends within a bucket of the
/// coarser schema, Prometheus counts that bucket twice and sees a reset in an increase. We do as it does.
fn pair() -> impl Strategy<Value = (FloatHistogram, FloatHistogram)> {
    (exponential(), exponential()).prop_map(|(a, mut b)| {
        if a.zero_threshold != b.zero_threshold {
            b.schema = a.schema;
            b.clear_inside_zero(None);
            b.count = in_buckets(&b);
        }
        (a, b)
    })
}

/// All observations in buckets, however the buckets look.
fn in_buckets(h: &FloatHistogram) -> f64 {
    h.zero_count + h.positive_buckets.iter().chain(&h.negative_buckets).sum::<f64>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn addition_keeps_every_observation((a, b) in pair()) {
        let mut sum = a.clone();
        sum.add(&b).unwrap();
        prop_assert_eq!(sum.count, a.count + b.count);
        prop_assert_eq!(in_buckets(&sum), sum.count);
        sum.compact(0);
        prop_assert_eq!(in_buckets(&sum), sum.count);
        prop_assert!(sum.validate().is_ok());
        prop_assert_eq!(sum.schema, a.schema.min(b.schema));
    }

    #[test]
    fn addition_does_not_depend_on_the_order((a, b) in pair()) {
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.add(&b).unwrap();
        ba.add(&a).unwrap();
        ab.compact(0);
        ba.compact(0);
        prop_assert!(ab.equals(&ba), "{ab} {ba}");
    }

    #[test]
    fn kahan_addition_of_whole_numbers_is_addition(a in exponential(), b in exponential(), c in exponential()) {
        let (mut plain, mut kahan, mut compensation) = (a.clone(), a, None);
        for other in [&b, &c] {
            plain.add(other).unwrap();
            kahan.kahan_add(other, &mut compensation).unwrap();
        }
        let sum = plain.sum;
        kahan.add(&compensation.unwrap()).unwrap();
        prop_assert!((kahan.sum - sum).abs() <= 1e-9 * sum.abs().max(1.0));
        kahan.sum = sum;
        plain.compact(0);
        kahan.compact(0);
        prop_assert!(plain.equals(&kahan), "{plain} {kahan}");
    }

    #[test]
    fn subtraction_undoes_addition((a, b) in pair()) {
        let mut h = a.clone();
        h.add(&b).unwrap();
        h.sub(&b).unwrap();
        prop_assert_eq!(h.count, a.count);
        prop_assert_eq!(in_buckets(&h), a.count);
    }

    #[test]
    fn custom_buckets_of_any_bounds_add_up(a in custom(), b in custom()) {
        let mut sum = a.clone();
        let added = sum.add(&b).unwrap();
        prop_assert_eq!(added.bounds_reconciled, a.custom_values != b.custom_values);
        prop_assert_eq!(in_buckets(&sum), a.count + b.count);
        prop_assert!(sum.validate().is_ok());
        let (mut kahan, mut compensation) = (a.clone(), None);
        kahan.kahan_add(&b, &mut compensation).unwrap();
        kahan.compact(0);
        sum.compact(0);
        prop_assert!(kahan.equals(&sum));
        sum.sub(&b).unwrap();
        prop_assert_eq!(in_buckets(&sum), a.count);
    }

    #[test]
    fn more_of_the_same_is_no_reset((a, b) in pair()) {
        let mut later = a.clone();
        later.add(&b).unwrap();
        prop_assert!(!later.detect_reset(&a));
        prop_assert!(!a.detect_reset(&a));
    }

    #[test]
    fn more_of_the_same_custom_buckets_is_no_reset(a in custom(), b in custom()) {
        let mut later = a.clone();
        later.add(&b).unwrap();
        prop_assert!(!later.detect_reset(&a), "{later} {a}");
    }

    #[test]
    fn fewer_observations_are_a_reset(a in exponential()) {
        prop_assume!(a.count > 0.0);
        let mut less = a.clone();
        less.mul(0.5);
        prop_assert!(less.detect_reset(&a));
        less.count = a.count;
        prop_assert!(less.detect_reset(&a));
    }

    #[test]
    fn less_resolution_keeps_counts_and_widens_the_quantiles_bucket(h in exponential(), q in 0.0f64..1.0) {
        prop_assume!(h.schema > -4 && h.count > 0.0);
        let mut coarse = h.clone();
        coarse.reduce_resolution(h.schema - 1).unwrap();
        prop_assert_eq!(in_buckets(&coarse), h.count);
        let (fine, _) = h.quantile(q);
        let (wide, _) = coarse.quantile(q);
        let within = coarse.buckets().any(|b| {
            let near = |x: f64| x >= b.lower - 1e-9 * b.lower.abs() && x <= b.upper + 1e-9 * b.upper.abs();
            near(fine) && near(wide)
        });
        prop_assert!(within, "{fine} {wide} {h} {coarse}");
    }

    #[test]
    fn compaction_changes_no_bucket(h in exponential(), max_empty in 0u32..4) {
        let mut compact = h.clone();
        compact.compact(max_empty);
        let populated = |h: &FloatHistogram| h.populated_buckets().collect::<Vec<_>>();
        prop_assert_eq!(populated(&h), populated(&compact));
        prop_assert!(compact.validate().is_ok());
        prop_assert!(compact.positive_spans.iter().skip(1).all(|s| s.offset > max_empty as i32));
    }

    #[test]
    fn integers_become_the_same_floats(h in exponential()) {
        let whole = |counts: &[f64]| compact::to_deltas(counts.iter().map(|c| *c as i64));
        let mut integer = Histogram {
            schema: h.schema,
            zero_threshold: h.zero_threshold,
            zero_count: h.zero_count as u64,
            count: h.count as u64,
            sum: h.sum,
            positive_spans: h.positive_spans.clone(),
            negative_spans: h.negative_spans.clone(),
            positive_deltas: whole(&h.positive_buckets),
            negative_deltas: whole(&h.negative_buckets),
            ..Histogram::default()
        };
        prop_assert_eq!(integer.validate(), Ok(()));
        prop_assert!(integer.to_float().equals(&h));
        prop_assert_eq!(integer.to_string(), h.to_string());
        let mut compact = h.clone();
        compact.compact(2);
        integer.compact(2);
        prop_assert!(integer.to_float().equals(&compact));
        if h.schema > -4 {
            compact.reduce_resolution(h.schema - 1).unwrap();
            integer.reduce_resolution(h.schema - 1).unwrap();
            prop_assert!(integer.to_float().equals(&compact));
        }
    }

    #[test]
    fn fraction_is_the_inverse_of_quantile(h in exponential(), q in 0.01f64..0.99) {
        prop_assume!(h.count > 0.0);
        let (value, _) = h.quantile(q);
        let (share, _) = h.fraction(f64::NEG_INFINITY, value);
        // A quantile may lie on the edge of a gap, where any share up to the next bucket is right.
        let (above, _) = h.fraction(value, f64::INFINITY);
        prop_assert!(share <= q + 1e-6 || value.abs() <= h.zero_threshold, "{q} {share} {value} {h}");
        prop_assert!((share + above - 1.0).abs() < 1e-6, "{share} {above}");
    }

    #[test]
    fn both_parts_of_a_cut_make_the_whole(h in exponential(), bound in -50.0f64..50.0) {
        let (mut below, mut above) = (h.clone(), h.clone());
        below.trim_upper(bound);
        above.trim_lower(bound);
        prop_assert!((below.count + above.count - h.count).abs() < 1e-6 * h.count.max(1.0), "{below} {above} {h}");
    }

    #[test]
    fn nothing_panics_or_runs_away_on_any_layout(a in anything(), b in anything(), x in prop::num::f64::ANY) {
        let _ = (a.validate(), a.to_string(), a.quantile(0.3), a.quantile(0.8), a.fraction(-1.0, x), a.variance());
        let _ = (a.detect_reset(&b), a.equals(&b), a.copy_to_schema(b.schema), a.has_overflow());
        let mut h = a.clone();
        let _ = h.add(&b);
        let _ = h.sub(&b);
        let mut compensation = None;
        let _ = h.kahan_add(&a, &mut compensation);
        let _ = h.kahan_add(&b, &mut compensation);
        h.compact(u32::MAX);
        prop_assert!(h.bucket_count() <= 4 * 65_600);
        h.trim_upper(x);
        h.trim_lower(-x);
        let _ = h.reduce_resolution(b.schema);
        let _ = h.reduce_to_max_buckets(1);
        h.div(x);
    }

    #[test]
    fn no_integer_layout_panics(
        deltas in prop::collection::vec(any::<i64>(), 0..6),
        spans in prop::collection::vec((any::<i32>(), any::<u32>()).prop_map(|(offset, length)| Span { offset, length }), 0..4),
        schema in any::<i32>(),
    ) {
        let mut h = Histogram { schema, positive_deltas: deltas, positive_spans: spans, ..Histogram::default() };
        let _ = (h.validate(), h.to_float(), h.to_string());
        h.compact(3);
        let _ = h.reduce_resolution(0);
        let _ = h.reduce_to_max_buckets(1);
    }
}

fn float(schema: i32, offset: i32, buckets: &[f64]) -> FloatHistogram {
    FloatHistogram {
        schema,
        count: buckets.iter().sum(),
        positive_spans: vec![Span { offset, length: buckets.len() as u32 }],
        positive_buckets: buckets.to_vec(),
        ..FloatHistogram::default()
    }
}

#[test]
fn what_contradicts_itself_is_refused_with_its_values() {
    let custom = |custom_values: &[f64], buckets: &[f64]| FloatHistogram {
        custom_values: custom_values.to_vec(),
        ..float(CUSTOM_BUCKETS_SCHEMA, 0, buckets)
    };
    let cases: Vec<(FloatHistogram, Error)> = vec![
        (float(9, 0, &[1.0]), Error::InvalidSchema(9)),
        (float(-5, 0, &[1.0]), Error::InvalidSchema(-5)),
        (
            float(0, 0, &[1.0, -1.0]),
            Error::NegativeBucketCount { side: Side::Positive, number: 2, count: -1.0 },
        ),
        (
            FloatHistogram { positive_buckets: vec![], ..float(0, 0, &[1.0]) },
            Error::SpansBucketsMismatch { side: Place::Exponential(Side::Positive), need: 1, have: 0 },
        ),
        (
            FloatHistogram {
                positive_spans: vec![Span { offset: 0, length: 1 }, Span { offset: -1, length: 1 }],
                ..float(0, 0, &[1.0, 1.0])
            },
            Error::SpanNegativeOffset { side: Place::Exponential(Side::Positive), number: 2, offset: -1 },
        ),
        (
            FloatHistogram { zero_count: -1.0, ..float(0, 0, &[1.0]) },
            Error::NegativeZeroCount { count: -1.0 },
        ),
        (FloatHistogram { count: -1.0, ..float(0, 0, &[1.0]) }, Error::NegativeCount { count: -1.0 }),
        (FloatHistogram { custom_values: vec![1.0], ..float(0, 0, &[1.0]) }, Error::ExponentialCustomBounds),
        (custom(&[2.0, 1.0], &[1.0]), Error::CustomBoundsOrder { previous: 2.0, current: 1.0 }),
        (custom(&[1.0, f64::NAN], &[1.0]), Error::CustomBoundsNan),
        (custom(&[1.0, f64::INFINITY], &[1.0]), Error::CustomBoundsInfinite),
        (custom(&[1.0], &[1.0, 1.0, 1.0]), Error::CustomBoundsTooFew { bounds: 1, span_length: 3 }),
        (FloatHistogram { zero_count: 1.0, ..custom(&[1.0], &[1.0]) }, Error::CustomZeroCount),
        (FloatHistogram { zero_threshold: 1.0, ..custom(&[1.0], &[1.0]) }, Error::CustomZeroThreshold),
        (
            FloatHistogram { negative_buckets: vec![1.0], ..custom(&[1.0], &[1.0]) },
            Error::CustomNegativeBuckets,
        ),
    ];
    for (h, error) in cases {
        assert_eq!(h.validate().unwrap_err().to_string(), error.to_string(), "{h:?}");
    }
    assert_eq!(custom(&[1.0], &[1.0, 1.0]).validate(), Ok(()));
}

#[test]
fn an_integer_histogram_counts_what_its_buckets_hold() {
    let h = Histogram {
        count: 4,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_deltas: vec![1, 1],
        ..Histogram::default()
    };
    assert_eq!(h.validate(), Err(Error::CountMismatch { in_buckets: 3, count: 4 }));
    assert_eq!(Histogram { count: 3, ..h.clone() }.validate(), Ok(()));
    assert_eq!(Histogram { sum: f64::NAN, ..h.clone() }.validate(), Ok(()));
    assert_eq!(
        Histogram { sum: f64::NAN, count: 2, ..h }.validate(),
        Err(Error::CountNotBigEnough { in_buckets: 3, count: 2 })
    );
}

#[test]
fn prints_like_prometheus() {
    let h = FloatHistogram {
        zero_threshold: 0.001,
        zero_count: 2.0,
        sum: 18.4,
        count: 12.0,
        negative_spans: vec![Span { offset: 0, length: 2 }],
        negative_buckets: vec![1.5, 3.0],
        ..float(0, 0, &[1.0, 0.0, 1e6])
    };
    assert_eq!(
        h.to_string(),
        "{count:12, sum:18.4, [-2,-1):3, [-1,-0.5):1.5, [-0.001,0.001]:2, (0.5,1]:1, (2,4]:1e+06}"
    );
}

#[test]
fn the_wider_zero_bucket_swallows_what_it_covers() {
    // Buckets (0.5,1] (1,2] (2,4].
    let mut h = FloatHistogram { zero_threshold: 0.25, zero_count: 1.0, ..float(0, 0, &[1.0, 2.0, 4.0]) };
    h.count = 8.0;
    let other =
        FloatHistogram { zero_threshold: 1.5, zero_count: 10.0, count: 10.0, ..FloatHistogram::default() };
    h.add(&other).unwrap();
    assert_eq!(
        (h.zero_threshold, h.zero_count),
        (2.0, 14.0),
        "1.5 is within a populated bucket, which ends at 2"
    );
    assert_eq!(h.populated_buckets().count(), 2);
}

#[test]
fn exponential_and_custom_buckets_do_not_mix() {
    let mut h = float(0, 0, &[1.0]);
    let before = h.clone();
    let custom = FloatHistogram { custom_values: vec![1.0], ..float(CUSTOM_BUCKETS_SCHEMA, 0, &[1.0]) };
    assert_eq!(h.add(&custom), Err(Error::IncompatibleSchema));
    assert_eq!(h.kahan_add(&custom, &mut None), Err(Error::IncompatibleSchema));
    assert_eq!(h, before);
    assert!(custom.detect_reset(&h) && h.detect_reset(&custom));
}

#[test]
fn hints_of_an_addition() {
    use CounterResetHint::{CounterReset, Gauge, NotCounterReset, Unknown};
    for (a, b, sum, collision) in [
        (Unknown, Unknown, Unknown, false),
        (Gauge, CounterReset, Gauge, false),
        (NotCounterReset, Gauge, Gauge, false),
        (CounterReset, Unknown, Unknown, false),
        (Unknown, NotCounterReset, Unknown, false),
        (CounterReset, CounterReset, CounterReset, false),
        (CounterReset, NotCounterReset, Unknown, true),
        (NotCounterReset, CounterReset, Unknown, true),
    ] {
        let with = |hint| FloatHistogram { counter_reset_hint: hint, ..float(0, 0, &[1.0]) };
        let mut h = with(a);
        let added = h.add(&with(b)).unwrap();
        assert_eq!((h.counter_reset_hint, added.counter_reset_collision), (sum, collision), "{a:?} {b:?}");
    }
}

#[test]
fn hints_of_a_reset_win_over_counts() {
    let (low, high) = (float(0, 0, &[1.0]), float(0, 0, &[2.0]));
    let with = |h: &FloatHistogram, hint| FloatHistogram { counter_reset_hint: hint, ..h.clone() };
    assert!(low.detect_reset(&high) && !high.detect_reset(&low));
    assert!(with(&high, CounterResetHint::CounterReset).detect_reset(&low));
    assert!(!with(&low, CounterResetHint::NotCounterReset).detect_reset(&high));
    assert!(with(&low, CounterResetHint::Gauge).detect_reset(&high));
}

#[test]
fn a_custom_bucket_that_is_split_is_no_reset() {
    let custom = |bounds: &[f64], buckets: &[f64]| FloatHistogram {
        custom_values: bounds.to_vec(),
        ..float(CUSTOM_BUCKETS_SCHEMA, 0, buckets)
    };
    let before = custom(&[1.0, 2.0], &[3.0, 2.0, 1.0]);
    assert!(!custom(&[1.0, 1.5, 2.0], &[3.0, 1.0, 1.0, 1.0]).detect_reset(&before));
    assert!(custom(&[1.0, 1.5, 2.0], &[3.0, 1.0, 0.0, 9.0]).detect_reset(&before));
    assert!(!custom(&[5.0], &[6.0, 0.0]).detect_reset(&before), "only the end is common to both");
}

#[test]
fn quantiles_of_known_histograms() {
    let custom = FloatHistogram {
        custom_values: vec![5.0, 10.0],
        ..float(CUSTOM_BUCKETS_SCHEMA, 0, &[1.0, 4.0, 5.0])
    };
    let positive = FloatHistogram { zero_threshold: 0.5, zero_count: 2.0, count: 4.0, ..float(0, 1, &[2.0]) };
    let negative = FloatHistogram {
        negative_spans: positive.positive_spans.clone(),
        negative_buckets: positive.positive_buckets.clone(),
        positive_spans: vec![],
        positive_buckets: vec![],
        ..positive.clone()
    };
    for (h, q, value) in [
        (&custom, 0.1, 5.0),
        (&custom, 0.3, 7.5),
        (&custom, 0.99, 10.0),
        (&positive, 0.25, 0.25),
        (&positive, 0.75, 2f64.sqrt()),
        (&positive, 1.0, 2.0),
        (&positive, -0.1, f64::NEG_INFINITY),
        (&positive, 1.1, f64::INFINITY),
        (&negative, 0.25, -(2f64.sqrt())),
        (&negative, 0.75, -0.25),
    ] {
        let (got, note) = h.quantile(q);
        assert!((got - value).abs() < 1e-12 || got == value, "{q} of {h}: {got} instead of {value}");
        assert_eq!(note, None);
    }
    assert!(FloatHistogram::default().quantile(0.5).0.is_nan());
    assert!(positive.quantile(f64::NAN).0.is_nan());
}

#[test]
fn nan_observations_are_told() {
    let h = FloatHistogram { sum: f64::NAN, count: 10.0, ..float(0, 0, &[4.0, 4.0]) };
    let (value, note) = h.quantile(0.9);
    assert!(value.is_nan());
    assert_eq!(note, Some(NanObservations::Result));
    assert_eq!(h.quantile(0.1).1, Some(NanObservations::Skew));
    assert_eq!(h.fraction(f64::NEG_INFINITY, f64::INFINITY), (0.8, true));
}

#[test]
fn api_rules_of_the_bounds() {
    let h = FloatHistogram {
        zero_threshold: 0.1,
        zero_count: 1.0,
        negative_spans: vec![Span { offset: 0, length: 1 }],
        negative_buckets: vec![1.0],
        ..float(0, 0, &[1.0])
    };
    let rules: Vec<u8> = h.populated_buckets().map(|b| b.boundary_rule()).collect();
    assert_eq!(rules, [1, 3, 0]);
    let custom = FloatHistogram { custom_values: vec![1.0], ..float(CUSTOM_BUCKETS_SCHEMA, 0, &[1.0, 1.0]) };
    let rules: Vec<u8> = custom.populated_buckets().map(|b| b.boundary_rule()).collect();
    assert_eq!(rules, [3, 0]);
}

#[test]
fn too_many_buckets_are_merged_until_they_fit() {
    let mut h = float(8, 1, &[1.0; 512]);
    h.reduce_to_max_buckets(16).unwrap();
    assert_eq!((h.schema, h.bucket_count(), h.count), (3, 16, 512.0));
    let mut custom =
        FloatHistogram { custom_values: vec![1.0], ..float(CUSTOM_BUCKETS_SCHEMA, 0, &[1.0, 1.0]) };
    assert_eq!(custom.reduce_to_max_buckets(1), Err(Error::TooManyBuckets { buckets: 2, limit: 1 }));
}

#[test]
fn classic_histograms_become_native() {
    let convert = |buckets: &[(f64, f64)], count: Option<f64>| {
        let mut classic = ClassicHistogram::default();
        buckets.iter().try_for_each(|(le, count)| classic.set_bucket(*le, *count))?;
        count.map_or(Ok(()), |count| classic.set_count(count))?;
        classic.set_sum(3.5);
        classic.to_native()
    };
    let text = |buckets: &[(f64, f64)], count| convert(buckets, count).map(|h| h.to_string());
    assert_eq!(
        text(&[(1.0, 2.0), (0.5, 1.0), (f64::INFINITY, 4.0)], Some(4.0)).unwrap(),
        "{count:4, sum:3.5, [-Inf,0.5]:1, (0.5,1]:1, (1,+Inf]:2}"
    );
    assert_eq!(text(&[(1.0, 2.0)], Some(3.0)).unwrap(), "{count:3, sum:3.5, [-Inf,1]:2, (1,+Inf]:1}");
    assert_eq!(text(&[], None).unwrap(), "{count:0, sum:3.5}");
    assert!(matches!(convert(&[(1.0, 0.5)], None), Ok(AnyHistogram::Float(_))));
    assert!(matches!(convert(&[(1.0, 2.0)], None), Ok(AnyHistogram::Integer(_))));
    assert_eq!(
        convert(&[(1.0, 2.0), (2.0, 1.0)], None),
        Err(ClassicError::NotCumulative { count: 1.0, neighbour: 2.0 })
    );
    assert_eq!(
        convert(&[(f64::INFINITY, 2.0)], Some(3.0)).unwrap_err().to_string(),
        "count mismatch: count=3 != le=+Inf count=2"
    );
    assert_eq!(convert(&[(f64::NAN, 2.0)], None), Err(ClassicError::NanBound));
}
