//! Senders write without pause while Mneme is killed at random moments, again and again. After each start everything that
//! was acknowledged before is there: once, with its bits; also when all of the data directory but the bucket is gone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mneme_tests::http::Client;
use mneme_tests::ledger::Sender;
use mneme_tests::{Mneme, free_port, now_ms, wait};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

const KILLS: usize = 50;
const SENDERS: u64 = 4;
const SEED: u64 = 0x6d6e_656d_6521;

#[test]
fn no_acknowledged_sample_is_lost_doubled_or_changed_by_fifty_kills() {
    let dir = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let push = format!("http://{address}/api/v1/push");
    let start = || Mneme::start_at(&address, dir.path(), &[]);

    let mut mneme = start();
    let start_ms = now_ms() - 3_600_000;
    let senders: Vec<_> = (0..SENDERS).map(|number| Sender { seed: SEED, number, start_ms }).collect();
    let stop = AtomicBool::new(false);
    let progress: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = senders.iter().map(|sender| scope.spawn(|| sender.run(&push, &stop))).collect();
        let mut random = SmallRng::seed_from_u64(SEED);
        for kill in 0..KILLS {
            let_it_run(&mneme, Duration::from_millis(random.random_range(10..400)));
            mneme.kill();
            if kill % 8 == 7 {
                remove_all_but_the_bucket(&dir.path().join("data"));
            }
            mneme = start();
        }
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().expect("a sender")).collect()
    });

    mneme.kill();
    let mneme = start();
    let client = Client::default();
    let mut samples = 0;
    for (sender, progress) in senders.iter().zip(&progress) {
        samples += sender.verify(&client, &mneme.url("/prometheus/api/v1/query"), *progress);
        assert!(progress.acknowledged > KILLS as u64, "sender {} got through: {progress:?}", sender.number);
    }
    println!("{KILLS} kills, {samples} samples read back, {progress:?}");
    mneme.stop();
}

/// Waits until that much time has passed, with the process alive and writing.
fn let_it_run(mneme: &Mneme, time: Duration) {
    let start = std::time::Instant::now();
    wait::until("time to pass under load", Duration::from_secs(10), || {
        assert!(mneme.get("/healthz").status == 200);
        (start.elapsed() >= time).then_some(())
    });
}

fn remove_all_but_the_bucket(data: &Path) {
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "bucket") {
            continue;
        }
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
    }
}
