//! The PromQL scripts again, with their samples in a head: appended one by one, compressed, selected by the index.

#![expect(clippy::print_stdout, reason = "a test says how many evaluations passed")]

#[path = "scripts_over_head/head_store.rs"]
mod head_store;
#[allow(dead_code, unused_imports, reason = "the store in memory is for the engine's own tests")]
#[path = "../../lib/promql/tests/promqltest/mod.rs"]
mod promqltest;

use std::path::Path;

use head_store::HeadStore;
use promqltest::{corpus, print_total, run_directory};

#[test]
fn our_own_scripts_pass_over_a_head() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lib/promql/tests/scripts");
    let outcomes = run_directory(&scripts, HeadStore::default);
    assert!(!outcomes.is_empty(), "there are no scripts of our own");
    assert_eq!(print_total("our PromQL scripts over a head", &outcomes), 0, "see above");
}

#[test]
fn the_acceptance_corpus_passes_over_a_head() {
    let Some(directory) = corpus() else { return };
    let outcomes = run_directory(&directory, HeadStore::default);
    assert_eq!(print_total("Prometheus' PromQL scripts over a head", &outcomes), 0, "see above");
}
