//! Runs PromQL scripts (the grammar of Prometheus' `promqltest`) against the engine: our own ones always, the acceptance corpus where it
//! lies beside the repository.

#![expect(clippy::print_stdout, reason = "a test says how many evaluations passed")]

#[path = "promqltest/mod.rs"]
mod promqltest;

use std::path::Path;

use promqltest::{MemoryStore, corpus, print_total, run_directory, scripts, survive};

#[test]
fn our_own_scripts_pass_over_memory() {
    let outcomes =
        run_directory(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts"), MemoryStore::default);
    assert!(!outcomes.is_empty(), "there are no scripts of our own");
    assert_eq!(print_total("our PromQL scripts over memory", &outcomes), 0, "see above");
}

#[test]
fn the_acceptance_corpus_passes_over_memory() {
    let Some(directory) = corpus() else { return };
    let outcomes = run_directory(&directory, MemoryStore::default);
    assert_eq!(print_total("Prometheus' PromQL scripts over memory", &outcomes), 0, "see above");
}

#[test]
fn every_query_of_the_corpus_survives_odd_times() {
    let Some(directory) = corpus() else { return };
    for path in scripts(&directory) {
        let text = std::fs::read_to_string(&path).expect("a script is readable");
        survive(&text, &mut MemoryStore::default());
    }
}
