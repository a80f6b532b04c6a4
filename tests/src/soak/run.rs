//! Runs a soak.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::{Look, Plan};
use crate::http::Client;
use crate::peers::bench::bench;
use crate::{Process, free_port, now_ms, wait};

/// From one look at the process to the next.
const EVERY: Duration = Duration::from_secs(10);
/// The part of the targets whose samples are read back, most of them from blocks.
const READ_BACK: f64 = 0.05;

/// What a soak has shown.
#[derive(Debug)]
pub struct Soaked {
    /// Every ten seconds.
    pub looks: Vec<Look>,
    /// The report of `mneme bench write`.
    pub write: Value,
    /// The report of `mneme bench verify`.
    pub verify: Value,
}

/// Starts mneme in `dir`, loads it, looks at it, and reads back what it took.
///
/// # Errors
/// Where the process ends, or a part of the load fails.
pub fn run(plan: &Plan, dir: &Path) -> anyhow::Result<Soaked> {
    let config = dir.join("mneme.yaml");
    std::fs::write(&config, plan.config())?;
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new(&plan.mneme);
    command.args(["serve", "--http", &address]).arg("--data-dir").arg(dir.join("data"));
    command.arg("--config").arg(&config);
    let mut process = Process::start("mneme", command, &dir.join("mneme.log"));
    let client = Client::new(Duration::from_secs(2));
    wait::until("mneme to be ready", Duration::from_secs(60), || {
        assert!(process.is_running(), "mneme ended: {}", process.log());
        client.get(&format!("http://{address}/ready")).ok().filter(|reply| reply.status == 200)
    });

    let load = plan.load(now_ms());
    let mut write = vec!["write".to_owned(), format!("--url=http://{address}/api/v1/push")];
    write.extend([format!("--rate={}", plan.rate()), format!("--pid={}", process.pid())]);
    write.push("--quiet".to_owned());
    write.extend(load.clone());
    let (mut looks, write) = std::thread::scope(|scope| {
        let (sender, done) = channel();
        scope.spawn(move || sender.send(bench(&plan.mneme, &write, false)));
        let begin = Instant::now();
        let mut looks = Vec::new();
        loop {
            let next = EVERY * (looks.len() as u32 + 1);
            match done.recv_timeout(next.saturating_sub(begin.elapsed())) {
                Ok(report) => break report.map(|report| (looks, report)),
                Err(RecvTimeoutError::Timeout) => {
                    let look = look(&mut process, &address, begin.elapsed())?;
                    progress(plan, &look);
                    looks.push(look);
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the load ended without a report"),
            }
        }
    })?;
    let end = looks.last().map_or(0.0, |look| look.seconds);
    looks.push(look(&mut process, &address, Duration::from_secs_f64(end + EVERY.as_secs_f64()))?);

    let mut verify = vec!["verify".to_owned(), format!("--url=http://{address}/prometheus")];
    verify.extend([format!("--share={READ_BACK}"), "--wait=30s".to_owned(), "--quiet".to_owned()]);
    verify.extend(load);
    let verify = bench(&plan.mneme, &verify, true)?;
    Ok(Soaked { looks, write, verify })
}

fn look(process: &mut Process, address: &str, since: Duration) -> anyhow::Result<Look> {
    let url = format!("http://{address}/metrics");
    Look::take(process.pid(), &url, since.as_secs_f64())
        .with_context(|| format!("mneme after {since:?}; running: {}", process.is_running()))
}

fn progress(plan: &Plan, look: &Look) {
    let mib = |bytes: u64| bytes >> 20;
    eprintln!(
        "{:>5.0} s  rss {} MiB of {}  head {} MiB of {}  {} series  {} M samples, {} M of them in blocks{}",
        look.seconds,
        mib(look.rss),
        mib(plan.most()),
        mib(look.head),
        mib(plan.budget),
        look.series,
        look.samples / 1_000_000,
        look.flushed / 1_000_000,
        if look.behind { "  BEHIND" } else { "" }
    );
}
