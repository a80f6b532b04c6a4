//! Numbers that look random and depend on nothing but their arguments, so that `verify` derives them again.

/// A well-mixed hash of two numbers.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;
    let mut x = a ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    for _ in 0..2 {
        x ^= x >> 32;
        x = x.wrapping_mul(FACTOR);
    }
    x ^ x >> 32
}

/// The hash as a number in `[0, 1)`.
pub(super) fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// The hash as a number below `n`, which is above 0.
pub(super) fn below(hash: u64, n: u64) -> u64 {
    ((u128::from(hash) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_spread_evenly_and_stay_the_same() {
        let shares = (0..10_000).map(|i| unit(mix(1, i)));
        let mean = shares.sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        assert_eq!(mix(1, 2), mix(1, 2));
        assert_ne!(mix(1, 2), mix(2, 1));
        assert!((0..1000).all(|i| below(mix(3, i), 7) < 7));
    }
}
