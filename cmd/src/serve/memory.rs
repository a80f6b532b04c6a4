//! How much memory there is for the process.

use std::fs;
use std::path::Path;

/// Where a container's own limit is: cgroup version 2, then version 1.
const LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Bytes of memory that the machine has, or that the container may use if that is less; 0 if neither says.
pub(super) fn bytes() -> u64 {
    let machine = read("/proc/meminfo").and_then(|text| total(&text));
    let limits = LIMITS.iter().filter_map(|path| read(path)?.trim().parse::<u64>().ok());
    limits.chain(machine).filter(|bytes| *bytes > 0).min().unwrap_or(0)
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_in_bytes() {
        assert_eq!(total("MemTotal:       24602368 kB\nMemFree: 1 kB\n"), Some(24_602_368 * 1024));
        assert_eq!(total("nothing"), None);
    }
}
