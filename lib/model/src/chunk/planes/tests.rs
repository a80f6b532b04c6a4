//! Planes against numbers one by one.

use proptest::prelude::*;

use super::*;

fn bytes(numbers: &[u64], stride: usize) -> Vec<u8> {
    let mut bytes = vec![0xaa; stride * 8];
    for (i, number) in numbers.iter().enumerate() {
        (0..8).for_each(|plane| bytes[plane * stride + i] = (number >> (8 * plane)) as u8);
    }
    bytes
}

fn numbers() -> impl Strategy<Value = Vec<u64>> {
    let some = |bits: u32| {
        prop::collection::vec(
            (any::<u64>(), bits..65).prop_map(|(x, bits)| x.checked_shr(bits).unwrap_or(0)),
            0..300,
        )
    };
    prop_oneof![some(0), some(32), some(40), some(48), some(56), some(64)]
}

proptest! {
    #[test]
    fn planes_are_the_numbers_that_they_were_made_of(
        numbers in numbers(),
        gap in 0..9usize,
        (a, b) in (0..310usize, 0..310usize),
        power in prop::sample::select(vec![1.0, 100.0]),
        (base, step) in (any::<i64>(), prop_oneof![Just(15_000i64), any::<i32>().prop_map(i64::from)]),
        first in (any::<i64>(), 0..64u32).prop_map(|(x, bits)| x >> bits),
    ) {
        let (stride, len) = (numbers.len() + gap, numbers.len());
        let bytes = bytes(&numbers, stride);
        let planes = Planes::new(&bytes, stride, 8, len).unwrap();
        let widest = numbers.iter().map(|number| 8 - number.leading_zeros() as usize / 8).max().unwrap_or(0);
        prop_assert_eq!((planes.width(), planes.len(), planes.is_empty()), (widest, len, len == 0));
        prop_assert_eq!((0..len + 2).map(|at| planes.get(at)).collect::<Vec<_>>(), [numbers.as_slice(), &[0, 0]].concat());
        let mut split = Vec::new();
        planes.write(&mut split);
        let planes = Planes::split(&split, planes.width(), len).unwrap();
        let (from, to) = (a.min(len), b.clamp(a.min(len), len));
        let (planes, numbers) = (planes.part(a, b.max(a)), &numbers[from..to]);

        let mut found = Vec::new();
        planes.for_each(|number| found.push(number));
        prop_assert_eq!(found, numbers);
        let mut sum = first;
        let sums: Vec<i64> = numbers.iter().map(|zigzag| { sum = sum.wrapping_add(unzigzag(*zigzag)); sum }).collect();
        prop_assert_eq!(first.wrapping_add(planes.sum()), sum);
        let mut found = vec![1];
        planes.add_integers(first, &mut found);
        prop_assert_eq!(&found[1..], &sums);
        let bits = |values: &mut dyn Iterator<Item = f64>| values.map(f64::to_bits).collect::<Vec<_>>();
        let mut found = vec![0.5];
        planes.add_sums(first, power, &mut found);
        prop_assert_eq!(bits(&mut found[1..].iter().copied()), bits(&mut sums.iter().map(|sum| *sum as f64 / power)));
        let mut found = Vec::new();
        planes.add_doubles(&mut found);
        prop_assert_eq!(bits(&mut found.into_iter()), numbers);

        let mut found = vec![7];
        let ascend = planes.add_times(base, base, step, &mut found);
        let time = |(i, zigzag): (usize, &u64)| base.wrapping_add((i as i64 + 1).wrapping_mul(step)).wrapping_add(unzigzag(*zigzag));
        let times: Vec<i64> = numbers.iter().enumerate().map(time).collect();
        prop_assert_eq!(&found[1..], &times);
        prop_assert_eq!(ascend, times.first().is_none_or(|first| base < *first) && times.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn times_ascend_or_do_not_with_small_differences(
        differences in prop::collection::vec(-6i64..6, 0..200),
        step in -2i64..16,
        swap in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut numbers: Vec<u64> = differences.iter().map(|number| super::super::bits::zigzag(*number)).collect();
        if let (Some(swap), false) = (swap, numbers.is_empty()) {
            let at = swap.index(numbers.len());
            numbers[at] = 40;
        }
        let bytes = bytes(&numbers, numbers.len());
        let planes = Planes::new(&bytes, numbers.len(), 8, numbers.len()).unwrap();
        let mut times = vec![100];
        let ascend = planes.add_times(100, 100, step, &mut times);
        prop_assert_eq!(ascend, times.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn planes_that_end_behind_their_bytes_are_none() {
    assert!(Planes::new(&[0; 15], 8, 2, 8).is_none());
    assert!(Planes::new(&[0; 16], 8, 2, 8).is_some_and(|planes| planes.width() == 0));
    assert!(Planes::new(&[0; 99], 8, 9, 1).is_none() && Planes::new(&[0; 9], usize::MAX, 3, 1).is_none());
    assert!(Planes::split(&[0; 17], 2, 8).is_none() && Planes::split(&[], 0, 8).is_some());
}
