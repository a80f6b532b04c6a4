//! How much memory a process has, and had at most (`/proc/PID/status`).

/// Forgets the peak so far; bytes in memory now. `None` where the kernel does not tell.
pub(super) fn begin(pid: u32) -> Option<u64> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").ok()?;
    field(pid, "VmRSS:")
}

/// The most bytes in memory since [`begin`].
pub(super) fn peak(pid: u32) -> Option<u64> {
    field(pid, "VmHWM:")
}

fn field(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_forgotten_and_kept_anew() {
        let me = std::process::id();
        let Some(idle) = begin(me) else {
            println!("SKIPPED: this kernel does not forget peaks");
            return;
        };
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        drop(block);
        assert!(peak(me).is_some_and(|peak| peak > idle + (32 << 20)));
    }
}
