//! What a process on this machine has used, from `/proc`.

use std::path::PathBuf;

use anyhow::Context;

/// What `/proc` counts CPU time in: 100 ticks a second on all of Rust's Linux targets (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// A process to be measured.
#[derive(Clone, Debug)]
pub(super) struct ServerProcess {
    dir: PathBuf,
}

/// Its memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// Resident bytes now.
    pub(super) rss: u64,
    /// The most that was ever resident.
    pub(super) peak: u64,
}

impl ServerProcess {
    /// The process `pid`.
    ///
    /// # Errors
    /// Where there is none, or this is no Linux.
    pub(super) fn new(pid: u32) -> anyhow::Result<Self> {
        let process = Self { dir: PathBuf::from(format!("/proc/{pid}")) };
        process.cpu_seconds().with_context(|| format!("--pid {pid}"))?;
        Ok(process)
    }

    /// This process.
    pub(super) fn own() -> Self {
        Self { dir: PathBuf::from("/proc/self") }
    }

    /// CPU seconds so far, user and system.
    ///
    /// # Errors
    /// Where the process has ended.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let text = self.read("stat")?;
        ticks(&text).map(|ticks| ticks as f64 / TICKS_PER_SECOND).context("unknown form of /proc/PID/stat")
    }

    /// Its memory.
    ///
    /// # Errors
    /// Where the process has ended.
    pub(super) fn memory(&self) -> anyhow::Result<Memory> {
        let text = self.read("status")?;
        let bytes =
            |name| kilobytes(&text, name).map(|kb| kb * 1024).context("unknown form of /proc/PID/status");
        Ok(Memory { rss: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
    }

    fn read(&self, file: &str) -> anyhow::Result<String> {
        let path = self.dir.join(file);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    }
}

/// Fields 14 and 15; the second one, the name, may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "17 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("17 (a) S 1"), None);
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!((kilobytes(status, "VmRSS:"), kilobytes(status, "VmHWM:")), (Some(1024), Some(2048)));
    }

    #[test]
    fn this_process_has_memory_and_absent_ones_are_an_error() {
        let memory = ServerProcess::own().memory().unwrap();
        assert!(memory.rss > 0 && memory.peak >= memory.rss, "{memory:?}");
        assert!(ServerProcess::new(u32::MAX).is_err());
    }
}
