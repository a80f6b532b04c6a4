//! A server holds no memory that nothing asked for: the kernel gives it no huge pages.
#![cfg(target_os = "linux")]

use mneme_tests::Mneme;

/// The first pages, which the allocator took before the program could say anything: two huge ones.
const BEFORE_MAIN_KB: u64 = 4096;

#[test]
fn a_server_does_without_huge_pages() {
    let dir = tempfile::tempdir().unwrap();
    let mut mneme = Mneme::start(dir.path());
    let pid = mneme.process().pid();

    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let enabled = status.lines().find_map(|line| line.strip_prefix("THP_enabled:"));
    // A kernel older than 5.0 does not tell.
    assert_ne!(enabled.map(str::trim), Some("1"), "{status}");

    let memory = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let huge = memory.lines().find_map(|line| line.strip_prefix("AnonHugePages:")).unwrap();
    let huge: u64 = huge.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(huge <= BEFORE_MAIN_KB, "{memory}");
    mneme.stop();
}
