//! Runs PromQL scripts (the grammar of Prometheus' `promqltest`) against the engine: our own ones always, the acceptance corpus where it
//! lies beside the repository.

#![expect(clippy::print_stdout, reason = "a test says how many evaluations passed")]

#[path = "promqltest/at_modifier.rs"]
mod at_modifier;
#[path = "promqltest/cases.rs"]
mod cases;
#[path = "promqltest/compare.rs"]
mod compare;
#[path = "promqltest/hints.rs"]
mod hints;
#[path = "promqltest/histogram.rs"]
mod histogram;
#[path = "promqltest/known_failures.rs"]
mod known_failures;
#[path = "promqltest/memory.rs"]
mod memory;
#[path = "promqltest/run.rs"]
mod run;
#[path = "promqltest/script.rs"]
mod script;
#[path = "promqltest/series.rs"]
mod series;
#[path = "promqltest/store.rs"]
mod store;

use std::path::{Path, PathBuf};

use memory::MemoryStore;
use mneme_promql::Features;
use run::Outcome;

#[test]
fn our_own_scripts_pass_over_memory() {
    let outcomes = run_directory(&manifest_dir().join("tests/scripts"));
    assert!(!outcomes.is_empty(), "there are no scripts of our own");
    let failed: usize = outcomes.iter().map(|(_, outcome)| outcome.failed.len()).sum();
    print_total(&outcomes);
    assert_eq!(failed, 0, "see above");
}

#[test]
fn the_acceptance_corpus_fails_exactly_where_it_is_known_to() {
    let directory = manifest_dir().join("../../../shared/promqltest");
    if !directory.is_dir() {
        println!("SKIPPED: no acceptance corpus beside the repository");
        return;
    }
    let outcomes = run_directory(&directory);
    print_total(&outcomes);
    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|(name, outcome)| outcome.failed.len() != known_failures::of(name))
        .map(|(name, outcome)| {
            format!("{name}: {} failed, {} are listed", outcome.failed.len(), known_failures::of(name))
        })
        .collect();
    assert!(wrong.is_empty(), "known_failures.rs has to change (downwards only):\n{}", wrong.join("\n"));
}

fn manifest_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn run_directory(directory: &Path) -> Vec<(String, Outcome)> {
    scripts(directory).into_iter().map(|path| run_file(&path)).collect()
}

fn scripts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the directory of scripts is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a directory entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    paths.sort();
    paths
}

/// Scripts named `released_*` are run with the language as released, all others with everything on.
fn run_file(path: &Path) -> (String, Outcome) {
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a script is readable");
    let released = name.starts_with("released_");
    let features = if released { Features::default() } else { run::corpus_features() };
    let outcome = run::run(&text, features, &mut MemoryStore::default());
    println!(
        "{name}: {} passed, {} failed, {} skipped",
        outcome.passed,
        outcome.failed.len(),
        outcome.skipped
    );
    for failure in &outcome.failed {
        println!("  {name}:{failure}");
    }
    (name, outcome)
}

fn print_total(outcomes: &[(String, Outcome)]) {
    let sum =
        |count: fn(&Outcome) -> usize| outcomes.iter().map(|(_, outcome)| count(outcome)).sum::<usize>();
    let (passed, failed, skipped) = (sum(|o| o.passed), sum(|o| o.failed.len()), sum(|o| o.skipped));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
}

#[test]
fn every_query_of_the_corpus_survives_odd_times() {
    let directory = manifest_dir().join("../../../shared/promqltest");
    if !directory.is_dir() {
        println!("SKIPPED: no acceptance corpus beside the repository");
        return;
    }
    for path in scripts(&directory) {
        let text = std::fs::read_to_string(&path).expect("a script is readable");
        run::survive(&text, &mut MemoryStore::default());
    }
}
