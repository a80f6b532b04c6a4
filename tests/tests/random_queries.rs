//! Thousands of random queries over the same data: Mneme answers each as Debian's Prometheus 2.42 does, or as a later Prometheus
//! changed it on purpose.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test tells how much it compared")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use mneme_tests::http::Client;
use mneme_tests::random_query::{KNOWN, Outcome, Sides, request};
use mneme_tests::{Mneme, Prometheus, has_debian, say};

/// Not a multiple of 10 ms: see the crate's `random_query`.
const LOOKBACK: &str = "4m59s993ms";
const MNEME_CONFIG: &str = "querier: {lookback_delta: 4m59s993ms}\n\
    limits: {enabled_promql_features: [promql-experimental-functions]}\n";
const WORKERS: usize = 4;

#[test]
fn a_thousand_queries_are_answered_as_by_prometheus() {
    compare(0..1000);
}

#[test]
#[ignore = "takes minutes"]
fn five_thousand_other_queries_are_answered_as_by_prometheus() {
    compare(100_000..105_000);
}

#[derive(Default)]
struct Tally {
    points: usize,
    empty: usize,
    refused: usize,
    known: BTreeMap<&'static str, usize>,
    different: Vec<String>,
}

fn compare(seeds: std::ops::Range<u64>) {
    if !has_debian("prometheus") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mneme.yaml");
    std::fs::write(&config, MNEME_CONFIG).unwrap();
    let mneme = Mneme::start_with(dir.path(), &["--config", config.to_str().unwrap()]);
    let lookback = format!("--query.lookback-delta={LOOKBACK}");
    let prometheus =
        Prometheus::start_with(dir.path(), "global: {}", &["--web.enable-remote-write-receiver", &lookback]);
    let sides = Sides { prometheus: prometheus.url, mneme: mneme.url(""), client: Client::default() };
    sides.write();

    let tally = Mutex::new(Tally::default());
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    ask(&sides, seed, &tally);
                }
            });
        }
    });
    mneme.stop();

    let tally = tally.into_inner().unwrap();
    let asked = seeds.end - seeds.start;
    say(&format!(
        "{asked} random queries beside Prometheus: {} differ, {} points the same, {} answers empty, {} refused by both, known differences {:?}",
        tally.different.len(),
        tally.points,
        tally.empty,
        tally.refused,
        tally.known
    ));
    KNOWN.iter().for_each(|known| println!("known: {known}"));
    assert!(
        tally.different.is_empty(),
        "{} of {asked} queries differ:\n{}",
        tally.different.len(),
        tally.different.join("\n")
    );
    assert!(tally.points as u64 > asked * 20, "the comparison has substance");
}

fn ask(sides: &Sides, seed: u64, tally: &Mutex<Tally>) {
    let outcome = sides.ask(&request(seed));
    let shrunk = match outcome {
        Outcome::Different(difference) => {
            Err(format!("seed {seed}: {difference}  shrunk: {}", sides.shrink(difference.clone())))
        }
        outcome => Ok(outcome),
    };
    let mut tally = tally.lock().unwrap();
    match shrunk {
        Err(text) => tally.different.push(text),
        Ok(Outcome::Known(known)) => *tally.known.entry(known.what).or_default() += 1,
        Ok(Outcome::Same { points, refused }) => {
            tally.points += points;
            tally.refused += usize::from(refused);
            tally.empty += usize::from(!refused && points == 0);
        }
        Ok(Outcome::Different(_)) => unreachable!("differences were shrunk"),
    }
}
