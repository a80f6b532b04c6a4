//! How much CPU a process has used (`/proc/PID/stat`).

use anyhow::Context;

/// As Linux counts for programs, on every machine of today.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system seconds since its start.
///
/// # Errors
/// A process that is gone.
pub(super) fn seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).context(path)?;
    ticks(&text).map(|ticks| ticks as f64 / TICKS_PER_SECOND).context("unknown form of /proc/PID/stat")
}

fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_may_hold_anything() {
        assert_eq!(ticks("17 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20"), Some(300));
        assert!(seconds(std::process::id()).is_ok());
    }
}
