//! When a refused sender should try again.

use std::time::Duration;

/// The wait after the first attempt, as in Mimir.
const BASE: Duration = Duration::from_secs(6);
/// Doublings after which the wait no longer grows: 96 s.
const MAX_DOUBLINGS: u32 = 4;

/// Exponential in the sender's `Retry-Attempt` (0 = none given), off by up to a half either way so that senders do not come back all
/// at once, and not before `at_least`. `random` is any number.
pub(crate) fn retry_after(attempt: u32, at_least: Duration, random: u64) -> Duration {
    let base = BASE * 2u32.pow(attempt.saturating_sub(1).min(MAX_DOUBLINGS));
    // 0.5 to 1.5 in thousandths.
    let jittered = base * (500 + scramble(random)) / 1000;
    let seconds = jittered.max(at_least).as_millis().div_ceil(1000);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX).max(1))
}

/// A number of 0 to 1000 that looks random (SplitMix64's finaliser).
fn scramble(random: u64) -> u32 {
    let mut z = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % 1001) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_its_cap_within_half_either_way_in_whole_seconds() {
        for (attempt, center) in [(0, 6), (1, 6), (2, 12), (3, 24), (5, 96), (6, 96), (u32::MAX, 96)] {
            let all: Vec<u64> =
                (0..500).map(|random| retry_after(attempt, Duration::ZERO, random).as_secs()).collect();
            let (min, max) = (all.iter().min().unwrap(), all.iter().max().unwrap());
            assert!(*min >= center / 2 && *max <= center + center / 2, "{attempt}: {min} {max}");
            assert!(max - min > center / 2, "{attempt}: spread {min} to {max}");
        }
        assert_eq!(retry_after(1, Duration::from_millis(99_001), 0), Duration::from_secs(100));
    }
}
