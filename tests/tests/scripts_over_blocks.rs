//! The PromQL scripts again, with their samples in blocks: written as Parquet, pruned and decoded as queries read them.

#![expect(clippy::print_stdout, reason = "a test says how many evaluations passed")]

#[path = "scripts_over_blocks/block_store.rs"]
mod block_store;
#[allow(dead_code, unused_imports, reason = "the store in memory is for the engine's own tests")]
#[path = "../../lib/promql/tests/promqltest/mod.rs"]
mod promqltest;

use std::path::Path;

use block_store::BlockStore;
use promqltest::{corpus, print_total, run_directory};

#[test]
fn our_own_scripts_pass_over_blocks() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lib/promql/tests/scripts");
    let outcomes = run_directory(&scripts, BlockStore::default);
    assert!(!outcomes.is_empty(), "there are no scripts of our own");
    assert_eq!(print_total("our PromQL scripts over blocks", &outcomes), 0, "see above");
}

#[test]
fn the_acceptance_corpus_passes_over_blocks() {
    let Some(directory) = corpus() else { return };
    let outcomes = run_directory(&directory, BlockStore::default);
    assert_eq!(print_total("Prometheus' PromQL scripts over blocks", &outcomes), 0, "see above");
}
