//! Values and times that no shortcut may change.

use mneme_block::read::Select;
use mneme_model::chunk::{HistogramSample, RawSamples};
use mneme_model::histogram::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, Span};
use mneme_model::{AnyHistogram, FloatHistogram, Histogram, Labels, stale_nan};
use proptest::prelude::*;

use crate::support::{Block, Memory, Series, bits, clip, small};

fn value() -> impl Strategy<Value = f64> {
    let special = vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        f64::MAX,
        5e-324,
        9_007_199_254_740_991.0,
        9_007_199_254_740_993.0,
        2_251_799_813_685_248.5,
        1e300,
        0.1 + 0.2,
    ];
    prop_oneof![
        4 => (-1000i64..1000).prop_map(|v| v as f64),
        3 => (-100_000i64..100_000, 0..15i32).prop_map(|(m, e)| m as f64 / 10f64.powi(e)),
        1 => prop::sample::select(special),
        1 => Just(stale_nan()),
        1 => any::<u64>().prop_map(f64::from_bits),
        1 => (0u64..1 << 51).prop_map(|payload| f64::from_bits(0x7ff8_0000_0000_0000 | payload)),
    ]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let counter = (prop::collection::vec(0..1_000_000i64, 1..60), 0..5i32).prop_map(|(steps, e)| {
        let mut sum = 0;
        let next = |step: &i64| {
            sum += step;
            sum as f64 / 10f64.powi(e)
        };
        steps.iter().map(next).collect()
    });
    prop_oneof![
        prop::collection::vec(value(), 1..60),
        (value(), 1..60usize).prop_map(|(v, n)| vec![v; n]),
        counter,
        prop::collection::vec(any::<i64>(), 1..60).prop_map(|v| v.iter().map(|v| (v >> 11) as f64).collect()),
    ]
}

fn floats() -> impl Strategy<Value = RawSamples> {
    let step = prop_oneof![Just(15_000i64), 14_990..15_010i64, 1..100_000_000i64];
    let shape =
        (values(), -10_000_000i64..10_000_000, prop::collection::vec(step, 60), 0..4u8, any::<bool>());
    shape.prop_map(|(values, start, steps, st, grid)| {
        let mut out = RawSamples::default();
        let mut t = start;
        for (i, v) in values.into_iter().enumerate() {
            let start = match st {
                0 | 1 => 0,
                2 => start,
                _ => i as i64 % 3 * t,
            };
            out.push_float(t, v, start);
            t += if grid { 15_000 } else { steps[i] };
        }
        out
    })
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::vec((-5..100i32, 0..4u32), 0..4).prop_map(|spans| {
        spans.into_iter().map(|(offset, length)| Span { offset, length }).collect::<Vec<_>>()
    })
}

fn histogram() -> impl Strategy<Value = AnyHistogram> {
    let hint = prop::sample::select(vec![
        CounterResetHint::Unknown,
        CounterResetHint::CounterReset,
        CounterResetHint::NotCounterReset,
        CounterResetHint::Gauge,
    ]);
    let schema = prop_oneof![-4..=8i32, Just(CUSTOM_BUCKETS_SCHEMA)];
    let sum = value().prop_filter("a NaN does not print its bits", |v| !v.is_nan());
    let numbers = (any::<(bool, u64, u64)>(), prop::collection::vec(any::<i64>(), 32));
    (spans(), spans(), hint, schema, sum, numbers).prop_map(
        |(
            positive_spans,
            negative_spans,
            counter_reset_hint,
            schema,
            sum,
            ((float, count, zero), counts),
        )| {
            let total = |spans: &[Span]| spans.iter().map(|span| span.length as usize).sum::<usize>();
            let (p, n) = (total(&positive_spans), total(&negative_spans));
            let custom = schema == CUSTOM_BUCKETS_SCHEMA;
            let custom_values = if custom { vec![0.1, 1.0, 2.5] } else { Vec::new() };
            if float {
                let count = |c: &i64| (*c as f64) / 8.0;
                AnyHistogram::Float(FloatHistogram {
                    counter_reset_hint,
                    schema,
                    zero_threshold: 1e-128,
                    zero_count: zero as f64,
                    count: 0.5,
                    sum,
                    positive_buckets: counts.iter().take(p).map(count).collect(),
                    negative_buckets: counts.iter().rev().take(n).map(count).collect(),
                    positive_spans,
                    negative_spans,
                    custom_values,
                })
            } else {
                AnyHistogram::Integer(Histogram {
                    counter_reset_hint,
                    schema,
                    zero_threshold: 0.001,
                    zero_count: zero,
                    count,
                    sum,
                    positive_deltas: counts[..p].to_vec(),
                    negative_deltas: counts[p..p + n].to_vec(),
                    positive_spans,
                    negative_spans,
                    custom_values,
                })
            }
        },
    )
}

fn histograms() -> impl Strategy<Value = RawSamples> {
    let kinds = prop::collection::vec((histogram(), 1..5usize), 0..6);
    (kinds, any::<bool>(), -10_000_000i64..10_000_000).prop_map(|(kinds, starts, start)| {
        let mut out = RawSamples::default();
        let mut t = start;
        for (histogram, times) in kinds {
            for _ in 0..times {
                let st = if starts { start } else { 0 };
                out.histograms.push(HistogramSample { t, histogram: histogram.clone(), st });
                t += 15_000;
            }
        }
        out
    })
}

/// Series with hostile samples.
pub(crate) fn series() -> impl Strategy<Value = Vec<Series>> {
    let samples = prop_oneof![3 => floats(), 1 => histograms()];
    prop::collection::vec((samples, 0..3u8), 1..20).prop_map(|all| {
        let labels = |i: usize, kind: u8| {
            Labels::from_pairs([
                ("__name__", format!("metric_{}", i % 5)),
                ("instance", format!("host-{i}")),
                (if kind == 0 { "A" } else { "job" }, kind.to_string()),
            ])
        };
        let series = all.into_iter().enumerate().map(|(i, (samples, kind))| Series {
            labels: labels(i, kind),
            samples,
            exemplars: Vec::new(),
        });
        series.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_sample_comes_back_bit_by_bit(series in series(), split in any::<bool>(), long in any::<bool>()) {
        let mut options = small(if long { 28_800_000 } else { 3_600_000 });
        options.byte_stream_split = split;
        options.max_part_series = 7;
        let mut memory = Memory::new(series);
        if memory.series.iter().all(|series| series.samples.is_empty()) {
            return Ok(());
        }
        let block = Block::write(&options, &mut memory);
        for (start, end) in [(i64::MIN, i64::MAX), (-3_600_000, 7_200_000), (0, 0)] {
            let found = block.select(&Select::new(Vec::new(), start, end));
            let mut found = found.iter().peekable();
            for series in &memory.series {
                let want = clip(&series.samples, start, end);
                let mut got = RawSamples::default();
                if let Some(found) = found.next_if(|found| found.labels == series.labels) {
                    found.read_raw(start, end, &mut got).unwrap();
                }
                prop_assert_eq!(bits(&got), bits(&want), "{} {}..={}", series.labels, start, end);
            }
            prop_assert!(found.next().is_none());
        }
    }
}
