//! Columns against what the format says, number by number.

use proptest::prelude::*;

use super::*;
use crate::Samples;

/// A chunk of integers by their differences, with jitter, exceptions and start timestamps as one likes.
fn chunk(
    differences: &[u64],
    jitter: Option<&[u64]>,
    exceptions: &[(u32, f64)],
    starts: Option<&[u64]>,
    exponent: u8,
) -> Chunk {
    let n = differences.len();
    let bytes = |numbers: &[u64]| -> Vec<u8> {
        (0..8).flat_map(|at| numbers.iter().map(move |number| (number >> (8 * at)) as u8)).collect()
    };
    let split = [Some(differences), jitter, starts].map(|numbers| numbers.map(bytes));
    let planes = |at: usize| Planes::new(split[at].as_ref()?, n, 8, n);
    let places: Vec<u8> = exceptions.iter().flat_map(|(place, _)| place.to_le_bytes()).collect();
    let values: Vec<u8> = exceptions.iter().flat_map(|(_, value)| value.to_le_bytes()).collect();
    let columns = Columns {
        min_time: 1000,
        count: n + 1,
        step: 15_000,
        jitter: planes(1),
        values: Values::Integers { first: 7, exponent, differences: planes(0).unwrap() },
        places: &places,
        exceptions: &values,
        starts: starts.map(|_| (500, planes(2))),
    };
    let mut data = Vec::new();
    columns.write(&mut data);
    assert_eq!(data.len(), columns.size());
    Chunk::of_columns(&columns, data.into())
}

fn read(chunk: &Chunk, start: i64, end: i64) -> Result<Samples, Error> {
    let mut out = Samples::default();
    chunk.read(start, end, &mut out)?;
    Ok(out)
}

proptest! {
    #[test]
    fn a_range_is_a_range_of_all_whatever_the_numbers(
        differences in prop::collection::vec((any::<u64>(), 0..64u32).prop_map(|(x, bits)| x >> bits), 0..400),
        jitter in prop::option::of(prop::collection::vec(0..10_000u64, 400)),
        starts in prop::option::of(prop::collection::vec(0..1u64 << 20, 400)),
        place in prop::option::of(any::<prop::sample::Index>()),
        (start, len) in (-10_000i64..6_000_000, 0i64..6_000_000),
    ) {
        let n = differences.len();
        let exceptions: Vec<(u32, f64)> =
            place.iter().map(|at| (at.index(n + 1) as u32, f64::NEG_INFINITY)).collect();
        let cut = |numbers: Option<Vec<u64>>| numbers.map(|numbers| numbers[..n].to_vec());
        let (jitter, starts) = (cut(jitter), cut(starts));
        let chunk = chunk(&differences, jitter.as_deref(), &exceptions, starts.as_deref(), 2);
        let all = read(&chunk, i64::MIN, i64::MAX).unwrap();
        // By the letter of the format.
        let (mut t, mut v, mut sum) = (vec![1000i64], vec![0.07f64], 7i64);
        for i in 0..n {
            sum = sum.wrapping_add(crate::chunk::bits::unzigzag(differences[i]));
            v.push(sum as f64 / 100.0);
            let off = jitter.as_ref().map_or(0, |jitter| crate::chunk::bits::unzigzag(jitter[i]));
            t.push(1000 + 15_000 * (i as i64 + 1) + off);
        }
        exceptions.iter().for_each(|(place, value)| v[*place as usize] = *value);
        prop_assert_eq!(&all.t, &t);
        prop_assert_eq!(&all.v, &v);
        prop_assert_eq!(all.st.len(), if starts.is_some() { n + 1 } else { 0 });
        let part = read(&chunk, start, start + len).unwrap();
        let inside: Vec<usize> = (0..t.len()).filter(|i| (start..=start + len).contains(&t[*i])).collect();
        prop_assert_eq!(part.t, inside.iter().map(|i| t[*i]).collect::<Vec<_>>());
        prop_assert_eq!(part.v, inside.iter().map(|i| v[*i]).collect::<Vec<_>>());
        if starts.is_some() {
            prop_assert_eq!(part.st, inside.iter().map(|i| all.st[*i]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn foreign_bytes_are_an_error_or_samples_that_ascend(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8u32), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        count in prop::option::of(0..100_000u32),
    ) {
        let differences: Vec<u64> = (0..50).map(|i| i * i).collect();
        let mut chunk = chunk(&differences, Some(&differences), &[(3, 1.0)], Some(&differences), 1);
        let mut data = chunk.data.to_vec();
        for (at, bit) in flips {
            let at = at.index(data.len());
            data[at] ^= 1 << bit;
        }
        data.truncate(cut.map_or(data.len(), |cut| cut.index(data.len())));
        chunk.data = data.into();
        chunk.count = count.unwrap_or(chunk.count);
        if let Ok(samples) = read(&chunk, i64::MIN, i64::MAX) {
            prop_assert_eq!(samples.t.len(), chunk.count as usize);
            prop_assert!(samples.t.is_sorted_by(|a, b| a < b));
        }
        prop_assert!(chunk.floats().count() <= chunk.count as usize + 1);
    }
}
