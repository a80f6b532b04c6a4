//! Columns hold what the samples are one by one, alone and side by side with other chunks'.

use proptest::prelude::*;

use super::super::{Chunk, Encoding, Error, FloatChunkBuilder};
use super::{read, read_each};
use crate::Samples;

/// As the samples come one by one.
fn one_by_one(chunk: &Chunk, start: i64, end: i64) -> Result<(Vec<i64>, Vec<u64>), Error> {
    let (mut t, mut v) = (Vec::new(), Vec::new());
    for sample in chunk.floats() {
        let sample = sample?;
        if sample.t > end {
            break;
        }
        if sample.t >= start {
            t.push(sample.t);
            v.push(sample.v.to_bits());
        }
    }
    Ok((t, v))
}

fn in_columns(chunk: &Chunk, start: i64, end: i64) -> Result<(Vec<i64>, Vec<u64>), Error> {
    let mut out = Samples::default();
    read(chunk, start, end, &mut out)?;
    Ok((out.t, out.v.into_iter().map(f64::to_bits).collect()))
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let whole = (-1000i64..1000).prop_map(|value| value as f64);
    let fraction = (0u32..1_000_000).prop_map(|value| f64::from(value) / 100.0);
    let odd =
        prop_oneof![Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(crate::stale_nan()), any::<f64>()];
    prop_oneof![
        prop::collection::vec(Just(7.0), 1..400),
        prop::collection::vec(
            prop_oneof![Just(9_007_199_254_740_992.0), Just(-9_007_199_254_740_992.0), Just(1.0)],
            1..200
        ),
        prop::collection::vec(any::<f64>(), 1..200),
        prop::collection::vec(prop_oneof![20 => whole, 1 => odd.clone()], 1..400),
        prop::collection::vec(prop_oneof![20 => fraction, 1 => odd], 1..400),
        prop::collection::vec(0u64..1 << 40, 1..300).prop_map(|rises| {
            let mut total = 0;
            rises
                .into_iter()
                .map(|rise| {
                    total += rise >> (rise % 41);
                    total as f64
                })
                .collect()
        }),
    ]
}

/// The chunk as one of several series' that are read together: itself, a steady one, a quiet one, each in two parts.
fn beside_others(chunk: &Chunk, start: i64, end: i64) -> Result<(Vec<i64>, Vec<u64>), Error> {
    let part = |from: i64, value: &dyn Fn(i64) -> f64| {
        let mut builder = FloatChunkBuilder::new(false);
        (from..from + 150).for_each(|i| builder.push(i * 15_000, value(i), 0));
        builder.chunk()
    };
    let steady = |i: i64| ((i * i) % 1009 * 37) as f64;
    let of = |value: &dyn Fn(i64) -> f64| [part(0, value), part(150, value)];
    let (steady, quiet, tenths) = (of(&steady), of(&|_| 3.0), of(&|i| (i * i % 77) as f64 / 10.0));
    let series = [&steady[..], std::slice::from_ref(chunk), &quiet, &[], &tenths, &steady[1..]];
    let mut outs = vec![Samples::default(); series.len()];
    read_each(&series, start, end, &mut outs)?;
    for at in [0, 2, 3, 4, 5] {
        let mut alone = Samples::default();
        series[at]
            .iter()
            .filter(|chunk| chunk.overlaps(start, end))
            .for_each(|chunk| read(chunk, start, end, &mut alone).unwrap());
        assert_eq!(outs[at], alone, "series {at}");
    }
    let out = outs.swap_remove(1);
    Ok((out.t, out.v.into_iter().map(f64::to_bits).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn columns_are_what_the_samples_are_one_by_one(
        values in values(),
        gaps in prop::collection::vec(prop_oneof![9 => Just(15_000i64), 1 => 1i64..100_000], 400),
        range in (-10_000i64..4_000_000, 0i64..4_000_000),
        flip in prop::option::of((any::<prop::sample::Index>(), 0u32..8)),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut builder = FloatChunkBuilder::new(false);
        let mut t = 1_000;
        for (value, gap) in values.iter().zip(gaps) {
            builder.push(t, *value, 0);
            t += gap;
        }
        let mut chunk = builder.chunk();
        assert_eq!(chunk.encoding, Encoding::Float);
        let mut data = chunk.data.to_vec();
        if let Some((at, bit)) = flip {
            let at = at.index(data.len());
            data[at] ^= 1 << bit;
        }
        if let Some(at) = cut {
            data.truncate(at.index(data.len()));
        }
        chunk.data = data.into();
        for (start, end) in [(i64::MIN, i64::MAX), (range.0, range.0 + range.1)] {
            let one = one_by_one(&chunk, start, end);
            let alone = in_columns(&chunk, start, end);
            // What is not in the range is not looked at, and so may be broken.
            let beside = chunk.overlaps(start, end).then(|| beside_others(&chunk, start, end));
            for columns in std::iter::once(alone).chain(beside) {
                match (&one, columns) {
                    (Ok(one), Ok(columns)) => prop_assert_eq!(one, &columns),
                    (one, columns) => prop_assert_eq!(one.is_err(), columns.is_err(), "{:?} {:?}", one, columns),
                }
            }
        }
    }
}
