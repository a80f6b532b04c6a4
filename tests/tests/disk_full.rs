//! A disk that fills up under load and has room again later: a real process on a small tmpfs that the test mounts, for which it must
//! be root (else it says aloud that it skips). Writes are refused with 503 and `Retry-After`, nothing acknowledged is lost, and
//! writing goes on by itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mneme_proto::remote_write::{Sample, Version};
use mneme_tests::http::{Client, Reply};
use mneme_tests::ledger::Sender;
use mneme_tests::{Mneme, now_ms, say, wait, write};

const SIZE: &str = "size=32m";
const CONFIG: &str = "wal: {append_timeout: 1s}\nself_monitoring: {enabled: false}\n";
/// How often the disk fills up.
const ROUNDS: u64 = 3;

#[test]
fn a_full_disk_refuses_writes_until_there_is_room_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = Tmpfs::mount(&dir.path().join("data")) else { return };
    let config = dir.path().join("mneme.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let args = ["--config", config.to_str().unwrap()];
    let mut mneme = Mneme::start_with(dir.path(), &args);
    let push = mneme.url("/api/v1/push");

    let start_ms = now_ms() - 3_600_000;
    let senders: Vec<_> = (0..3).map(|number| Sender { seed: 11, number, start_ms }).collect();
    let stop = AtomicBool::new(false);
    let progress: Vec<_> = std::thread::scope(|scope| {
        let stopper = StopAtTheEnd(&stop);
        let running: Vec<_> = senders.iter().map(|sender| scope.spawn(|| sender.run(&push, &stop))).collect();
        for round in 0..ROUNDS {
            wait::until("writes to be taken", Duration::from_secs(60), || {
                (probe(&push, round).status / 100 == 2).then_some(())
            });
            let filler = disk.fill();
            let refused = wait::until("writes to be refused", Duration::from_secs(60), || {
                Some(probe(&push, round)).filter(|reply| reply.status / 100 != 2)
            });
            assert_eq!(refused.status, 503, "{}", refused.text());
            let after: u64 = refused.header("Retry-After").parse().expect("Retry-After in seconds");
            assert!((1..=60).contains(&after), "Retry-After: {after}");
            assert!(refused.text().contains("wal-deadline"), "{}", refused.text());
            assert!(mneme.process().is_running(), "a full disk ends nothing");
            let answer = mneme.get("/prometheus/api/v1/query?query=ledger");
            assert_eq!(answer.status, 200, "queries are answered meanwhile");
            std::fs::remove_file(filler).unwrap();
        }
        wait::until("writes to be taken again", Duration::from_secs(60), || {
            (probe(&push, ROUNDS).status / 100 == 2).then_some(())
        });
        drop(stopper);
        running.into_iter().map(|thread| thread.join().expect("a sender")).collect()
    });

    let client = Client::default();
    let verify = |mneme: &Mneme| {
        let url = mneme.url("/prometheus/api/v1/query");
        senders.iter().zip(&progress).map(|(sender, progress)| sender.verify(&client, &url, *progress)).sum()
    };
    let before: usize = verify(&mneme);
    mneme.kill();
    let mneme = Mneme::start_with(dir.path(), &args);
    let after: usize = verify(&mneme);
    assert!(after >= before && before > 0, "{before} samples before the kill, {after} after");
    println!("{after} samples read back, {progress:?}");
    mneme.stop();
}

/// One write of a series of its own.
fn probe(push: &str, round: u64) -> Reply {
    let sample = [Sample { t: now_ms(), v: round as f64, st: 0 }];
    let body = write::body(Version::V1, &[(&[("__name__", "probe")], &sample)]);
    write::send(&Client::new(Duration::from_secs(20)), push, Version::V1, &body).expect("an answer")
}

/// Ends the senders, also when the test fails among them.
struct StopAtTheEnd<'a>(&'a AtomicBool);

impl Drop for StopAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A small disk, unmounted when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts it; `None`, said aloud, where that is not allowed.
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(path).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(path.to_owned())),
            other => {
                say(&format!("SKIPPED: a tmpfs can be mounted by root only: {other:?}"));
                None
            }
        }
    }

    /// Fills it to the last byte.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 20, 4096] {
            let bytes = vec![0; size];
            while file.write_all(&bytes).is_ok() {}
        }
        path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: after a failure the process may still be there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
