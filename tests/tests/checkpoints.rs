//! Senders write without pause while the log is cut every second and truncated behind the checkpoints, and Mneme is killed at random
//! moments of it: also then everything that was acknowledged is there, once, with its bits, from checkpoints and what is left of the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mneme_tests::http::Client;
use mneme_tests::ledger::Sender;
use mneme_tests::{Mneme, free_port, now_ms, wait};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

const KILLS: usize = 10;
const SENDERS: u64 = 3;
const SEED: u64 = 0x6d6e_656d_6522;
const CONFIG: &str = "ingester:\n  cut_interval: 1s\n  poll_interval: 50ms\n";

#[test]
fn nothing_is_lost_by_kills_among_cuts_checkpoints_and_truncation() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mneme.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let push = format!("http://{address}/api/v1/push");
    let start = || Mneme::start_at(&address, dir.path(), &["--config", config.to_str().unwrap()]);

    let mut mneme = start();
    let start_ms = now_ms() - 3_600_000;
    let senders: Vec<_> = (0..SENDERS).map(|number| Sender { seed: SEED, number, start_ms }).collect();
    let stop = AtomicBool::new(false);
    let progress: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = senders.iter().map(|sender| scope.spawn(|| sender.run(&push, &stop))).collect();
        let mut random = SmallRng::seed_from_u64(SEED);
        for _ in 0..KILLS {
            let until = std::time::Instant::now() + Duration::from_millis(random.random_range(500..3500));
            wait::until("time to pass under load", Duration::from_secs(10), || {
                (mneme.get("/healthz").status == 200 && std::time::Instant::now() >= until).then_some(())
            });
            mneme.kill();
            mneme = start();
        }
        wait::until("a truncation", Duration::from_secs(60), || {
            (metric(&mneme, "mneme_wal_truncated_segments_total") > 0.0).then_some(())
        });
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().expect("a sender")).collect()
    });

    mneme.kill();
    let mneme = start();
    assert!(metric(&mneme, "mneme_ingester_checkpoints_loaded_total") > 0.0);
    for damage in ["corrupt", "missing", "corrupt_checkpoints", "checkpoint_gaps", "lost_partitions"] {
        assert_eq!(metric(&mneme, &format!("mneme_ingester_{damage}_total")), 0.0, "{damage}");
    }
    let client = Client::default();
    let mut samples = 0;
    for (sender, progress) in senders.iter().zip(&progress) {
        samples += sender.verify(&client, &mneme.url("/prometheus/api/v1/query"), *progress);
        assert!(progress.acknowledged > KILLS as u64, "sender {} got through: {progress:?}", sender.number);
    }
    println!("{KILLS} kills, {samples} samples read back, {progress:?}");
    mneme.stop();
}

/// The value of a metric without labels.
fn metric(mneme: &Mneme, name: &str) -> f64 {
    let text = mneme.get("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
    line.unwrap_or_else(|| panic!("no metric {name}"))
}
