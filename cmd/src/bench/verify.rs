//! `bench verify`: reads back what `bench write` sent with the same flags.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use mneme_server::{Clock, SystemClock};
use serde::Serialize;

use super::args::VerifyArgs;
use super::client::Client;
use super::expect::{Differences, Expected};
use super::mix::{mix, unit};
use super::page::{Found, Page, pages};
use super::report;
use super::workload::Workload;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// Between two looks at a page that is not complete yet.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

#[derive(Debug, Serialize)]
struct VerifyReport {
    url: String,
    targets: usize,
    seconds: f64,
    #[serde(flatten)]
    differences: Differences,
}

/// Compares, prints the report on stdout and examples on stderr.
///
/// # Errors
/// Any difference; a server that does not answer.
pub(super) fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    ensure!(args.workload.start.is_some(), "--start is needed: `bench write` prints it as \"start\"");
    let workload = Workload::new(&args.workload, SystemClock.now_ms())?;
    let targets: Vec<u64> = sample_of(&workload, args.share).collect();
    let client = Client::new(&args.client, REQUEST_TIMEOUT);
    let begin = Instant::now();
    let deadline = begin + args.wait;
    let mut differences = Differences::default();
    for (number, target) in targets.iter().enumerate() {
        for page in pages(&workload, *target) {
            differences.merge(compare(&client, &args.query_url, &workload, &page, deadline)?);
        }
        if !args.client.quiet && (number + 1) % 50 == 0 {
            eprintln!(
                "{} of {} targets: {} samples compared",
                number + 1,
                targets.len(),
                differences.samples
            );
        }
    }
    differences.examples.iter().for_each(|example| eprintln!("{example}"));
    let clean = differences.is_clean();
    let Differences { samples, missing, doubled, wrong, unexpected_series, .. } = differences;
    let seconds = begin.elapsed().as_secs_f64();
    report::print(&VerifyReport {
        url: args.query_url.clone(),
        targets: targets.len(),
        seconds,
        differences,
    })?;
    ensure!(
        clean,
        "of {samples} samples {missing} are missing, {doubled} doubled, {wrong} wrong; {unexpected_series} series were never sent"
    );
    Ok(())
}

/// The share of the targets that is read, at least one.
fn sample_of(workload: &Workload, share: f64) -> impl Iterator<Item = u64> {
    (0..workload.targets()).filter(move |target| *target == 0 || unit(mix(0x7e57, *target)) < share)
}

/// A page is read again until it is right or the time is over: some receivers show samples seconds after they took them.
fn compare(
    client: &Client,
    url: &str,
    workload: &Workload,
    page: &Page,
    deadline: Instant,
) -> anyhow::Result<Differences> {
    loop {
        let body = page.fetch(client, url, workload)?;
        let found = Found::parse(&body).with_context(|| format!("{url}: {page:?}"))?;
        let differences = Expected::new(workload, page).compare(&found);
        if differences.missing == 0 || Instant::now() + LOOK_AGAIN > deadline {
            return Ok(differences);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
