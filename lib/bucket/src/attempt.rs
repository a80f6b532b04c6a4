//! Ids that make the bytes of two attempts differ.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of 128-bit attempt ids: different in every process and for every call.
#[derive(Debug)]
pub struct AttemptIds {
    seed: u64,
    process: u64,
    next: AtomicU64,
}

impl AttemptIds {
    /// Ids that replay with the seed, for tests. Two sources of one seed collide.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed: mix(seed), process: mix(seed ^ 0x6d6e_656d_6f73_796e), next: AtomicU64::new(0) }
    }

    /// Ids from the operating system's randomness (through the standard library's hash keys) and the process id.
    #[must_use]
    pub fn random() -> Self {
        let draw = |salt: u64| {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u64(salt);
            hasher.write_u32(std::process::id());
            hasher.finish()
        };
        Self { seed: draw(1), process: draw(2), next: AtomicU64::new(0) }
    }

    /// The next id.
    pub fn next(&self) -> u128 {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (u128::from(self.process) << 64) | u128::from(mix(self.seed.wrapping_add(n.wrapping_mul(GOLDEN))))
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finalizer: a bijection, so that different counters never meet.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_never_repeat_within_a_source_and_differ_between_sources() {
        let (a, b) = (AttemptIds::random(), AttemptIds::random());
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            assert!(seen.insert(a.next()) && seen.insert(b.next()));
        }
        assert_eq!(AttemptIds::seeded(7).next(), AttemptIds::seeded(7).next());
    }
}
