//! Whether this machine's clock and the bucket's agree (DESIGN section 8): ages of objects are by the bucket's.

use std::time::Duration;

use anyhow::ensure;

/// Off by more than this: a warning.
const WARN: Duration = Duration::from_secs(5);
/// Off by more than this: the process does not start.
const REFUSE: Duration = Duration::from_secs(60);
/// Stores tell whole seconds.
const GRAIN_MS: i64 = 1000;

/// Compares the time that the bucket gave an object with those before and after it was written here.
///
/// # Errors
/// Where they are a minute apart.
pub(super) fn check(before_ms: i64, modified_ms: i64, after_ms: i64) -> anyhow::Result<()> {
    let off = off_by(before_ms, modified_ms, after_ms);
    ensure!(
        off <= REFUSE,
        "this machine's clock and the bucket's are {} s apart: set this machine's right, e.g. by NTP",
        off.as_secs()
    );
    if off > WARN {
        tracing::warn!(seconds = off.as_secs_f64(), "this machine's clock and the bucket's are apart");
    }
    Ok(())
}

fn off_by(before_ms: i64, modified_ms: i64, after_ms: i64) -> Duration {
    let early = before_ms.saturating_sub(GRAIN_MS).saturating_sub(modified_ms);
    let late = modified_ms.saturating_sub(after_ms);
    Duration::from_millis(u64::try_from(early.max(late)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_before_and_after_is_right_and_a_minute_off_is_refused() {
        assert_eq!(off_by(10_500, 10_000, 11_000), Duration::ZERO, "cut to seconds");
        assert_eq!(off_by(10_500, 10_900, 11_000), Duration::ZERO);
        assert_eq!(off_by(20_000, 10_000, 21_000), Duration::from_secs(9));
        assert_eq!(off_by(20_000, 31_000, 21_000), Duration::from_secs(10));
        assert!(check(20_000, 10_000, 21_000).is_ok());
        let error = check(100_000, 10_000, 101_000).unwrap_err().to_string();
        assert!(error.contains("89 s apart"), "{error}");
        assert!(check(0, 100_000, 1).is_err());
    }
}
