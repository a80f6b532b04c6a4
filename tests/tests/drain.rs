//! SIGTERM while senders write: the process finishes what it took, ends with success within its grace period, and
//! everything that was acknowledged is there after the next start.

use std::sync::atomic::{AtomicBool, Ordering};

use mneme_tests::http::Client;
use mneme_tests::ledger::Sender;
use mneme_tests::{Mneme, free_port, now_ms, wait};

const DRAINS: usize = 5;

#[test]
fn a_drain_under_load_ends_cleanly_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let push = format!("http://{address}/api/v1/push");
    let start = || Mneme::start_at(&address, dir.path(), &[]);

    let mut mneme = start();
    let start_ms = now_ms() - 3_600_000;
    let senders: Vec<_> = (0..3).map(|number| Sender { seed: 7, number, start_ms }).collect();
    let stop = AtomicBool::new(false);
    let (progress, mneme) = std::thread::scope(|scope| {
        let running: Vec<_> = senders.iter().map(|sender| scope.spawn(|| sender.run(&push, &stop))).collect();
        for drain in 0..DRAINS {
            wait::until("writes to be under way", std::time::Duration::from_secs(20), || {
                let requests = mneme.get("/metrics").text();
                let count = requests
                    .lines()
                    .find_map(|line| line.strip_prefix("mneme_distributor_requests_total{code=\"200\"} "))?;
                (count.parse::<f64>().unwrap_or(0.0) > 10.0).then_some(())
            });
            println!("drain {drain}");
            mneme.stop();
            mneme = start();
        }
        stop.store(true, Ordering::Relaxed);
        let progress: Vec<_> = running.into_iter().map(|thread| thread.join().expect("a sender")).collect();
        (progress, mneme)
    });

    for (sender, progress) in senders.iter().zip(&progress) {
        let found = sender.verify(&Client::default(), &mneme.url("/prometheus/api/v1/query"), *progress);
        assert!(found > 0, "sender {} wrote", sender.number);
    }
    mneme.stop();
}
