//! `cargo run --release -p mneme-tests --bin soak`: half an hour of load of which a tenth of the series is replaced each minute,
//! beside the memory of the process. Prints Markdown for docs/performance.md on stdout, progress on stderr; fails where memory
//! grows that must not, or where a sample is not as it was sent.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Parser;
use mneme_tests::soak::{Plan, judge, run, table};

/// Watch the memory of mneme under churn.
#[derive(Debug, Parser)]
struct Args {
    /// How long is sent
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    minutes: u64,
    /// Series at any one time
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    series: u64,
    /// The share of them that is replaced each minute
    #[arg(long, default_value_t = 0.10)]
    churn: f64,
    /// What recent data may take in memory, in MiB [default: 1300 bytes a series, full every few minutes]
    #[arg(long)]
    budget_mib: Option<u64>,
    /// What the process may take over its budget and an eighth of it, in MiB
    #[arg(long, default_value_t = 256)]
    slack_mib: u64,
    /// The mneme to run [default: built now, beside this program]
    #[arg(long)]
    mneme: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn main() -> anyhow::Result<()> {
    let Args { minutes, series, churn, budget_mib, slack_mib, mneme } = Args::parse();
    ensure!((0.0..=60.0).contains(&churn), "--churn is a number from 0 to 60");
    let plan = Plan {
        mneme: mneme_tests::built::mneme(mneme.as_deref())?,
        minutes,
        series,
        churn,
        budget: budget_mib.map_or_else(|| Plan::usual_budget(series), |mib| mib << 20),
        slack: slack_mib << 20,
    };
    let dir = tempfile::tempdir()?;
    let soaked = run(&plan, dir.path())?;
    println!(
        "{minutes} minutes, {series} series, {churn} replaced per minute, budget {} MiB.\n\n{}",
        plan.budget >> 20,
        table::markdown(&plan, &soaked)
    );
    let wrong = judge(&plan, &soaked);
    println!("Verdict: {}.", if wrong.is_empty() { "passed".to_owned() } else { wrong.join("; ") });
    ensure!(wrong.is_empty(), "the soak failed");
    Ok(())
}
