//! Where scripts lie, and what came of them.

use std::io::Write;
use std::path::{Path, PathBuf};

use mneme_promql::Features;

use super::run::{self, Outcome};
use super::store::Store;

/// The acceptance corpus beside the repository; `None`, said aloud, where it is not.
pub(crate) fn corpus() -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/promqltest"))
        .find(|directory| directory.is_dir());
    if directory.is_none() {
        say("SKIPPED: no acceptance corpus beside the repository");
    }
    directory
}

/// Runs all scripts of a directory, each over a store of its own.
pub(crate) fn run_directory<S: Store>(directory: &Path, store: impl Fn() -> S) -> Vec<(String, Outcome)> {
    scripts(directory).into_iter().map(|path| run_file(&path, &mut store())).collect()
}

/// The scripts of a directory, sorted.
pub(crate) fn scripts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the directory of scripts is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a directory entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    paths.sort();
    paths
}

/// Scripts named `released_*` are run with the language as released, all others with everything on.
fn run_file(path: &Path, store: &mut dyn Store) -> (String, Outcome) {
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a script is readable");
    let released = name.starts_with("released_");
    let features = if released { Features::default() } else { run::corpus_features() };
    let outcome = run::run(&text, features, store);
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

/// Past the test harness, which would keep it to itself: what was skipped and how much passed is seen by whoever runs the tests.
fn say(text: &str) {
    // A closed output is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says the sums of these `scripts` and returns how many evaluations failed.
pub(crate) fn print_total(scripts: &str, outcomes: &[(String, Outcome)]) -> usize {
    let sum =
        |count: fn(&Outcome) -> usize| outcomes.iter().map(|(_, outcome)| count(outcome)).sum::<usize>();
    let (passed, failed, skipped) = (sum(|o| o.passed), sum(|o| o.failed.len()), sum(|o| o.skipped));
    say(&format!("{scripts}: {passed} passed, {failed} failed, {skipped} skipped"));
    failed + skipped
}
