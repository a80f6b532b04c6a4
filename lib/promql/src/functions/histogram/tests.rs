//! Classic histograms.

use proptest::prelude::*;

use super::*;
use crate::annotations::{Annotations, Severity};

const INF: f64 = f64::INFINITY;

fn buckets(buckets: &[(f64, f64)]) -> Vec<Bucket> {
    buckets.iter().map(|&(upper_bound, count)| Bucket { upper_bound, count }).collect()
}

fn quantile(q: f64, of: &[(f64, f64)]) -> (f64, Vec<String>) {
    let mut all = Annotations::default();
    let value = classic_quantile(q, &mut buckets(of), "m", 1000, 1, &mut Notes::new(&mut all, &[]));
    (value, all.texts(Severity::Info, ""))
}

#[test]
fn quantiles() {
    let positive = &[(0.1, 5.0), (0.2, 10.0), (1.0, 20.0), (INF, 20.0)][..];
    let negative = &[(-0.2, 1.0), (-0.1, 2.0), (INF, 2.0)][..];
    for (q, of, expected) in [
        (0.125, positive, 0.05),
        (0.5, positive, 0.2),
        (0.75, positive, 0.6),
        (1.0, positive, 1.0),
        (-1.0, positive, -INF),
        (2.0, positive, INF),
        (0.1, negative, -0.2),
        (0.75, negative, -0.15),
        (0.99, &[(1.0, 1.0), (INF, 10.0)], 1.0),
    ] {
        let (value, notes) = quantile(q, of);
        assert!((value - expected).abs() < 1e-12 || value == expected, "{q} of {of:?}: {value}");
        assert!(notes.is_empty());
    }
    for of in [&[(1.0, 1.0)][..], &[(INF, 1.0)], &[(1.0, 0.0), (INF, 0.0)]] {
        assert!(quantile(0.5, of).0.is_nan(), "{of:?}");
    }
    assert!(quantile(f64::NAN, positive).0.is_nan());
}

#[test]
fn falling_counts_are_raised_and_told() {
    let (value, notes) = quantile(0.5, &[(1.0, 10.0), (2.0, 8.0), (4.0, 20.0), (8.0, 19.0), (INF, 20.0)]);
    assert_eq!(value, 1.0);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("from buckets 2 to 8, with a max diff of 2"), "{notes:?}");
    let (_, notes) = quantile(0.5, &[(1.0, 10.0), (2.0, 10.0 - 1e-12), (INF, 20.0)]);
    assert!(notes.is_empty(), "rounding is no fall");
}

#[test]
fn fractions() {
    let of = &[(1.0, 5.0), (2.0, 10.0), (INF, 20.0)];
    let fraction = |lower, upper| classic_fraction(lower, upper, &mut buckets(of));
    assert_eq!(fraction(0.0, 1.0), 0.25);
    assert_eq!(fraction(0.5, 1.5), 0.25);
    assert_eq!(fraction(-INF, INF), 1.0);
    assert_eq!(fraction(2.0, INF), 0.5);
    assert_eq!(fraction(3.0, 2.0), 0.0);
    assert!(fraction(f64::NAN, 2.0).is_nan());
    assert!(classic_fraction(0.0, 1.0, &mut buckets(&[(1.0, 1.0)])).is_nan());
}

proptest! {
    #[test]
    fn the_quantile_lies_in_the_bucket_of_its_rank(
        counts in prop::collection::vec(0u32..100, 2..8),
        q in 0.0f64..=1.0,
    ) {
        prop_assume!(counts.iter().any(|c| *c > 0));
        let mut total = 0.0;
        let last = counts.len() - 1;
        let of: Vec<(f64, f64)> = counts.iter().enumerate().map(|(i, count)| {
            total += f64::from(*count);
            (if i == last { INF } else { i as f64 + 1.0 }, total)
        }).collect();
        let (value, notes) = quantile(q, &of);
        prop_assert!(notes.is_empty());
        prop_assert!((0.0..=last as f64).contains(&value), "{value}");
    }
}
