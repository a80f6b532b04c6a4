use proptest::prelude::*;

use super::*;
use crate::histogram::{AnyHistogram, CounterResetHint, FloatHistogram, Histogram, Span};
use crate::{STALE_NAN_BITS, stale_nan};

type Float = (TimestampMs, u64, TimestampMs);

/// Values as they occur, and any bits at all.
fn value_bits() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (-1000i64..100_000).prop_map(|n| (n as f64).to_bits()),
        3 => (-100_000i64..100_000, 0u32..7).prop_map(|(n, scale)| (n as f64 / 10f64.powi(scale as i32)).to_bits()),
        1 => any::<f64>().prop_map(f64::to_bits),
        1 => any::<u64>(),
        1 => prop::sample::select(vec![
            STALE_NAN_BITS,
            f64::NAN.to_bits(),
            (-0.0f64).to_bits(),
            0,
            f64::INFINITY.to_bits(),
            f64::NEG_INFINITY.to_bits(),
            f64::MIN_POSITIVE.to_bits(),
            1,
            9_007_199_254_740_992f64.to_bits(),
            (-9_007_199_254_740_992f64).to_bits(),
            9_007_199_254_740_994f64.to_bits(),
        ]),
    ]
}

fn times(len: usize) -> impl Strategy<Value = Vec<TimestampMs>> {
    let step =
        prop_oneof![6 => Just(15_000i64), 2 => 14_990i64..15_010, 1 => 1i64..10_000_000, 1 => any::<i64>()];
    (prop_oneof![Just(1_700_000_000_000i64), any::<i64>()], prop::collection::vec(step, len)).prop_map(
        |(first, steps)| {
            let mut times: Vec<TimestampMs> = vec![first];
            times.extend(steps.iter().scan(first, |t, step| {
                *t = t.wrapping_add(*step);
                Some(*t)
            }));
            times.sort_unstable();
            times.dedup();
            times
        },
    )
}

fn floats() -> impl Strategy<Value = Vec<Float>> {
    (0usize..150).prop_flat_map(times).prop_flat_map(|times| {
        let len = times.len();
        let st =
            prop_oneof![3 => Just(None), 1 => (0i64..5).prop_map(Some), 1 => any::<i64>().prop_map(Some)];
        (Just(times), prop::collection::vec(value_bits(), len), prop::collection::vec(st, len), 0..3)
            .prop_map(|(times, values, starts, kind)| {
                let mut before = 0;
                let mut samples = Vec::new();
                for ((&t, &v), st) in times.iter().zip(&values).zip(&starts) {
                    // None known; some known; the time of the sample before (delta temporality).
                    let st = [0, st.unwrap_or(1_600_000_000_000), before][kind as usize];
                    samples.push((t, v, st));
                    before = t;
                }
                samples
            })
    })
}

fn build(samples: &[Float]) -> Chunk {
    let mut builder = FloatChunkBuilder::new(samples.iter().any(|sample| sample.2 != 0));
    for &(t, v, st) in samples {
        builder.push(t, f64::from_bits(v), st);
        if let Some(last) = builder.last_value() {
            assert_eq!(last.to_bits(), v);
        }
        assert_eq!(builder.last_st(), st);
    }
    builder.chunk()
}

fn read_bits(chunks: &[Chunk], start: TimestampMs, end: TimestampMs) -> Vec<Float> {
    let mut out = Samples::default();
    merge(chunks, start, end, &mut out).unwrap();
    assert!(out.histograms.is_empty());
    (0..out.t.len()).map(|i| (out.t[i], out.v[i].to_bits(), out.st.get(i).copied().unwrap_or(0))).collect()
}

fn histogram() -> impl Strategy<Value = AnyHistogram> {
    let spans = || {
        prop::collection::vec((-5i32..20, 0u32..4).prop_map(|(offset, length)| Span { offset, length }), 0..4)
    };
    let hint = prop::sample::select(vec![
        CounterResetHint::Unknown,
        CounterResetHint::CounterReset,
        CounterResetHint::NotCounterReset,
        CounterResetHint::Gauge,
    ]);
    let head = (
        hint,
        prop::sample::select(vec![-53i32, -4, 0, 3, 8]),
        value_bits(),
        spans(),
        spans(),
        any::<bool>(),
    );
    let bounds = prop::collection::vec(value_bits().prop_map(f64::from_bits), 0..4);
    (head, bounds, value_bits(), any::<[u32; 2]>(), prop::collection::vec(any::<i16>(), 24)).prop_map(
        |(
            (hint, schema, zero, positive_spans, negative_spans, float),
            custom_values,
            sum,
            counts,
            buckets,
        )| {
            let lens = [&positive_spans, &negative_spans]
                .map(|spans| spans.iter().map(|s| s.length as usize).sum::<usize>());
            let zero_threshold = if schema == 3 { 2f64.powi(-128) } else { f64::from_bits(zero) };
            let side = |i: usize| buckets.iter().skip(i * 12).take(lens[i]);
            if float {
                AnyHistogram::Float(FloatHistogram {
                    counter_reset_hint: hint,
                    schema,
                    zero_threshold,
                    zero_count: f64::from(counts[0]),
                    count: f64::from(counts[1]),
                    sum: f64::from_bits(sum),
                    positive_buckets: side(0).map(|&b| f64::from(b)).collect(),
                    negative_buckets: side(1).map(|&b| f64::from(b)).collect(),
                    positive_spans,
                    negative_spans,
                    custom_values,
                })
            } else {
                AnyHistogram::Integer(Histogram {
                    counter_reset_hint: hint,
                    schema,
                    zero_threshold,
                    zero_count: u64::from(counts[0]),
                    count: u64::from(counts[1]) << 31,
                    sum: f64::from_bits(sum),
                    positive_deltas: side(0).map(|&b| i64::from(b)).collect(),
                    negative_deltas: side(1).map(|&b| i64::from(b)).collect(),
                    positive_spans,
                    negative_spans,
                    custom_values,
                })
            }
        },
    )
}

/// Histograms in a row: repeated, grown, of another layout.
fn histograms() -> impl Strategy<Value = Vec<(TimestampMs, AnyHistogram, TimestampMs)>> {
    let kinds = prop::collection::vec((0..4u8, histogram(), 0i64..3, 1i64..100_000), 1..40);
    kinds.prop_map(|kinds| {
        let mut out: Vec<(TimestampMs, AnyHistogram, TimestampMs)> = Vec::new();
        let mut t = 1_700_000_000_000;
        for (kind, fresh, st, step) in kinds {
            t += step;
            let next = match (kind, out.last()) {
                (0, Some(last)) => last.1.clone(),
                (1 | 2, Some((_, AnyHistogram::Integer(last), _))) => {
                    let mut grown = last.clone();
                    grown.count += 3;
                    grown.sum += 1.5;
                    grown.positive_deltas.iter_mut().for_each(|delta| *delta += 1);
                    AnyHistogram::Integer(grown)
                }
                _ => fresh,
            };
            out.push((t, next, st));
        }
        out
    })
}

fn build_histograms(samples: &[(TimestampMs, AnyHistogram, TimestampMs)]) -> Chunk {
    let mut builder = HistogramChunkBuilder::new();
    for (t, histogram, st) in samples {
        assert!(builder.fits(histogram));
        builder.push(*t, histogram, *st);
    }
    builder.chunk()
}

/// NaNs compare by their bits.
fn text(histogram: &AnyHistogram) -> String {
    let bits = match histogram {
        AnyHistogram::Integer(h) => [&[h.sum, h.zero_threshold], &h.custom_values[..]].concat(),
        AnyHistogram::Float(h) => [&[h.sum, h.zero_threshold, h.count], &h.custom_values[..]].concat(),
    };
    format!("{histogram:?} {:x?}", bits.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
}

fn read_everything(chunk: &Chunk) -> Result<usize, Error> {
    let mut out = Samples::default();
    chunk.read(TimestampMs::MIN, TimestampMs::MAX, &mut out)?;
    Ok(out.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn floats_come_back_bit_by_bit(samples in floats(), cut in any::<prop::sample::Index>()) {
        let chunk = build(&samples);
        prop_assert_eq!(chunk.count as usize, samples.len());
        prop_assert_eq!(&read_bits(std::slice::from_ref(&chunk), TimestampMs::MIN, TimestampMs::MAX), &samples);
        let (from, to) = (cut.index(samples.len()), samples.len() - 1);
        let (start, end) = (samples[from].0, samples[to].0 - 1);
        let want: Vec<Float> = samples.iter().filter(|s| s.0 >= start && s.0 <= end).copied().collect();
        prop_assert_eq!(read_bits(&[chunk], start, end), want);
    }

    #[test]
    fn histograms_come_back_as_they_were_sent(samples in histograms()) {
        let chunk = build_histograms(&samples);
        let read: Vec<_> = chunk.histograms().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read.len(), samples.len());
        for (got, (t, histogram, st)) in read.iter().zip(&samples) {
            prop_assert_eq!((got.t, got.st), (*t, *st));
            prop_assert_eq!(text(&got.histogram), text(histogram));
        }
        let mut out = Samples::default();
        chunk.read(TimestampMs::MIN, TimestampMs::MAX, &mut out).unwrap();
        for (point, (_, histogram, _)) in out.histograms.iter().zip(&samples) {
            prop_assert_eq!(text(&AnyHistogram::Float((*point.h).clone())), text(&AnyHistogram::Float(to_float(histogram))));
        }
    }

    #[test]
    fn chunks_in_any_order_read_as_one_series(
        samples in floats(),
        parts in prop::collection::vec(prop::collection::vec((any::<prop::sample::Index>(), value_bits()), 1..40), 1..5),
    ) {
        let mut best: std::collections::BTreeMap<TimestampMs, u64> = std::collections::BTreeMap::new();
        let mut chunks = Vec::new();
        for part in &parts {
            let mut rows: Vec<Float> = part.iter().map(|(at, v)| (samples[at.index(samples.len())].0, *v, 0)).collect();
            rows.sort_by_key(|row| row.0);
            rows.dedup_by_key(|row| row.0);
            for row in &rows {
                let kept = best.entry(row.0).or_insert(row.1);
                if crate::prefer_value(f64::from_bits(*kept), f64::from_bits(row.1)) {
                    *kept = row.1;
                }
            }
            chunks.push(build(&rows));
        }
        let want: Vec<Float> = best.into_iter().map(|(t, v)| (t, v, 0)).collect();
        prop_assert_eq!(&read_bits(&chunks, TimestampMs::MIN, TimestampMs::MAX), &want);
        chunks.reverse();
        prop_assert_eq!(read_bits(&chunks, TimestampMs::MIN, TimestampMs::MAX), want);
    }

    #[test]
    fn foreign_bytes_are_errors_or_samples_within_bounds(
        floats in floats(),
        histograms in histograms(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        count in any::<u32>(),
        keep in any::<prop::sample::Index>(),
    ) {
        for good in [build(&floats), build_histograms(&histograms)] {
            let mut bytes = good.data.to_vec();
            for (at, byte) in flips.iter().filter(|_| !good.data.is_empty()) {
                bytes[at.index(good.data.len())] ^= byte;
            }
            let cut = good.data.slice(..if good.data.is_empty() { 0 } else { keep.index(good.data.len()) });
            for data in [Bytes::from(bytes), cut] {
                for count in [good.count, count] {
                    for encoding in [Encoding::Float, Encoding::FloatSt, Encoding::Histogram] {
                        let chunk = Chunk { encoding, count, data: data.clone(), ..good.clone() };
                        if let Ok(samples) = read_everything(&chunk) {
                            prop_assert_eq!(samples, count as usize);
                            prop_assert!(samples <= data.len() * 8 + 1);
                        }
                        let _ = merge(&[chunk.clone(), chunk], 0, TimestampMs::MAX, &mut Samples::default());
                    }
                }
            }
        }
    }
}

#[test]
fn a_histogram_wins_over_a_float_unless_it_is_stale() {
    let histogram = |sum: f64| AnyHistogram::Integer(Histogram { sum, ..Histogram::default() });
    let chunk = |v: f64| build(&[(5, v.to_bits(), 0)]);
    let chunks = |v: f64, sum: f64| [chunk(v), build_histograms(&[(5, histogram(sum), 0)])];
    for (v, sum, float_wins) in [(1.0, 2.0, false), (1.0, stale_nan(), true), (stale_nan(), 2.0, false)] {
        let mut pair = chunks(v, sum);
        for _ in 0..2 {
            let mut out = Samples::default();
            merge(&pair, 0, 10, &mut out).unwrap();
            assert_eq!(
                (out.t.len(), out.histograms.len()),
                if float_wins { (1, 0) } else { (0, 1) },
                "{v} {sum}"
            );
            pair.reverse();
        }
        let (h, f) = (histogram(sum), Point::Float { v, st: 0 });
        assert_eq!(f.compare(&Point::Histogram { h: &h, st: 0 }).is_gt(), float_wins);
    }
    assert!(prefer_histogram(&histogram(stale_nan()), &histogram(-1.0)));
    assert!(
        prefer_histogram(&histogram(1.0), &histogram(2.0))
            != prefer_histogram(&histogram(2.0), &histogram(1.0))
    );
    assert!(!prefer_histogram(&histogram(1.0), &histogram(1.0)));
}

#[test]
fn a_small_chunk_cannot_repeat_a_large_layout_without_end() {
    // One histogram of 100,000 buckets, then 20 of the same layout: the builder stops in time, and a false count is refused.
    let big = AnyHistogram::Integer(Histogram {
        positive_spans: vec![Span { offset: 0, length: 100_000 }],
        positive_deltas: vec![0; 100_000],
        ..Histogram::default()
    });
    let mut builder = HistogramChunkBuilder::new();
    let mut t = 0;
    while builder.fits(&big) {
        builder.push(t, &big, 0);
        t += 1;
    }
    assert_eq!(builder.count(), 10);
    assert_eq!(read_everything(&builder.chunk()), Ok(10));
    builder.push(t, &big, 0);
    assert_eq!(read_everything(&builder.chunk()), Err(Error::TooLarge));
}

/// Bytes per sample of 120-sample chunks of typical series.
#[test]
fn typical_series_compress_well() {
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    type Next = Box<dyn FnMut(&mut dyn FnMut(u64) -> u64) -> f64>;
    let mut size = |limit: f64, name: &str, mut next: Next| {
        let rows: Vec<Float> =
            (0..120).map(|i| (1_700_000_000_000 + i * 15_000, next(&mut random).to_bits(), 0)).collect();
        let bytes = build(&rows).data.len() as f64 / 120.0;
        println!("{name}: {bytes:.2} B/sample");
        assert!(bytes < limit, "{name}: {bytes}");
    };
    size(0.35, "constant", Box::new(|_| 1.0));
    size(0.45, "constant slope", {
        let mut v = 0.0;
        Box::new(move |_| {
            v += 15.0;
            v
        })
    });
    size(1.3, "counter of ~100/scrape", {
        let mut v = 1e6;
        Box::new(move |r| {
            v += 80.0 + r(40) as f64;
            v
        })
    });
    size(2.3, "counter of ~1e5/scrape", {
        let mut v = 1e9;
        Box::new(move |r| {
            v += 8e4 + r(40_000) as f64;
            v
        })
    });
    size(1.3, "CPU seconds, two decimals", {
        let mut v = 1000i64;
        Box::new(move |r| {
            v += 300 + r(60) as i64;
            v as f64 / 100.0
        })
    });
    size(0.8, "small gauge", Box::new(|r| r(4) as f64));
    size(1.2, "gauge with rare jumps", Box::new(|r| if r(30) == 0 { 1e6 } else { 3.0 }));
    size(8.0, "noise", Box::new(|r| r(1 << 52) as f64 / 3.7));
}
