//! `bench write`: sends the load and measures.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::ensure;
use mneme_proto::remote_write::Version;
use mneme_server::{Clock, SystemClock};

use super::args::WriteArgs;
use super::batch::Batch;
use super::client::Client;
use super::encode::Encoder;
use super::latency::Latencies;
use super::report::{self, ServerReport, WriteReport};
use super::schedule::Schedule;
use super::send::{Destination, Totals};
use super::server_process::ServerProcess;
use super::workload::Workload;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What one connection has seen.
#[derive(Default)]
struct Seen {
    latencies: Latencies,
    behind: Duration,
}

/// Sends the load, prints progress on stderr and the report on stdout.
///
/// # Errors
/// A load that cannot be sent, a receiver that refuses it.
pub(super) fn run(args: &WriteArgs) -> anyhow::Result<()> {
    ensure!(args.rate >= 0.0 && args.rate.is_finite(), "--rate must be a number of samples per second");
    ensure!(args.settle.is_zero() || args.client.pid.is_some(), "--settle needs --pid");
    let workload = Workload::new(&args.workload, SystemClock.now_ms())?;
    let server = args.client.pid.map(ServerProcess::new).transpose()?;
    let version = if args.protocol == 2 { Version::V2 } else { Version::V1 };
    let batches = (0..workload.series)
        .step_by(args.batch as usize)
        .map(|first| {
            Batch::new(&workload, first..workload.series.min(first + u64::from(args.batch)), version)
        })
        .collect();
    let schedule = Schedule::new(batches, workload.rounds());
    let before = server.as_ref().map(used).transpose()?;
    let own = ServerProcess::own();
    let own_before = own.cpu_seconds()?;

    let totals = Totals::default();
    let begin = Instant::now();
    let run = Run { args, version, workload: &workload, schedule: &schedule, totals: &totals, begin };
    let seen = run.send_all(server.as_ref())?;
    let seconds = begin.elapsed().as_secs_f64();
    let own_cpu_seconds = own.cpu_seconds()? - own_before;
    if let Some(server) = &server {
        settle(server, args.settle)?;
    }
    let samples = totals.samples.load(Relaxed);
    let million = samples.max(1) as f64 / 1e6;
    let server = match (server, before) {
        (Some(server), Some((cpu, rss_before))) => {
            let cpu_seconds = server.cpu_seconds()? - cpu;
            let memory = server.memory()?;
            let cpu_seconds_per_million = cpu_seconds / million;
            let (rss, peak_rss) = (memory.rss, memory.peak);
            Some(ServerReport { cpu_seconds, cpu_seconds_per_million, rss_before, rss, peak_rss })
        }
        _ => None,
    };
    let bytes = totals.bytes.load(Relaxed);
    report::print(&WriteReport {
        url: args.url.clone(),
        start: workload.start,
        end: workload.begin_of(workload.steps),
        series: workload.series,
        steps: workload.steps,
        samples,
        requests: totals.requests.load(Relaxed),
        seconds,
        samples_per_second: samples as f64 / seconds,
        bytes,
        bytes_per_sample: bytes as f64 / samples.max(1) as f64,
        latency_ms: (&seen.latencies).into(),
        errors: totals.errors.load(Relaxed),
        retries: totals.retries.load(Relaxed),
        behind_ms: seen.behind.as_secs_f64() * 1000.0,
        own_cpu_seconds,
        server,
    })
}

fn used(server: &ServerProcess) -> anyhow::Result<(f64, u64)> {
    Ok((server.cpu_seconds()?, server.memory()?.rss))
}

/// Waits until the server has used less than 2 % of a core for a second.
fn settle(server: &ServerProcess, longest: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + longest;
    let mut last = server.cpu_seconds()?;
    while Instant::now() < deadline {
        std::thread::sleep(Duration::from_secs(1));
        let now = server.cpu_seconds()?;
        if now - last < 0.02 {
            break;
        }
        last = now;
    }
    Ok(())
}

struct Run<'a> {
    args: &'a WriteArgs,
    version: Version,
    workload: &'a Workload,
    schedule: &'a Schedule,
    totals: &'a Totals,
    begin: Instant,
}

impl Run<'_> {
    /// Runs all connections to their end; the first failure stops the others.
    fn send_all(&self, server: Option<&ServerProcess>) -> anyhow::Result<Seen> {
        std::thread::scope(|scope| {
            let (done, finished) = channel();
            for _ in 0..self.args.connections {
                let done: Sender<anyhow::Result<Seen>> = done.clone();
                // The receiver outlives all senders of this scope.
                scope.spawn(move || done.send(self.connection()));
            }
            drop(done);
            let mut all = Seen::default();
            let mut failure = None;
            loop {
                match finished.recv_timeout(Duration::from_secs(1)) {
                    Ok(Ok(seen)) => {
                        all.latencies.merge(&seen.latencies);
                        all.behind = all.behind.max(seen.behind);
                    }
                    Ok(Err(error)) => {
                        self.schedule.stop();
                        failure.get_or_insert(error);
                    }
                    Err(RecvTimeoutError::Timeout) => self.progress(server),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            failure.map_or(Ok(all), Err)
        })
    }

    fn connection(&self) -> anyhow::Result<Seen> {
        let client = Client::new(&self.args.client, REQUEST_TIMEOUT);
        let destination =
            Destination { url: &self.args.url, version: self.version, retry_for: self.args.retry_for };
        let mut encoder = Encoder::new(self.version);
        let mut seen = Seen::default();
        while let Some(mut job) = self.schedule.next() {
            seen.behind = seen.behind.max(self.wait_for_turn(job.before));
            let (body, samples) = encoder.encode(self.workload, &mut job.batch, job.step);
            if samples > 0 {
                let took = destination.send(&client, body, self.totals, || self.schedule.is_stopped())?;
                seen.latencies.record(took);
                self.totals.samples.fetch_add(samples, Relaxed);
                self.totals.requests.fetch_add(1, Relaxed);
            }
            self.schedule.done(job);
        }
        Ok(seen)
    }

    /// Waits for the moment that the rate gives to the job behind `before` others; returns how late it is.
    fn wait_for_turn(&self, before: u64) -> Duration {
        if self.args.rate <= 0.0 {
            return Duration::ZERO;
        }
        let batch = f64::from(self.args.batch).min(self.workload.series as f64);
        let due = self.begin + Duration::from_secs_f64(before as f64 * batch / self.args.rate);
        let now = Instant::now();
        std::thread::sleep(due.saturating_duration_since(now));
        now.saturating_duration_since(due)
    }

    fn progress(&self, server: Option<&ServerProcess>) {
        if self.args.client.quiet {
            return;
        }
        let samples = self.totals.samples.load(Relaxed);
        let all = self.workload.series * u64::from(self.workload.steps);
        let seconds = self.begin.elapsed().as_secs_f64();
        let (errors, retries) = (self.totals.errors.load(Relaxed), self.totals.retries.load(Relaxed));
        let memory = server.and_then(|server| server.memory().ok());
        let rss = memory.map_or_else(String::new, |memory| format!(", server {} MiB", memory.rss >> 20));
        eprintln!(
            "{seconds:.0} s: {:.1} of {:.1} million samples, {:.0} k/s, {errors} errors, {retries} retries{rss}",
            samples as f64 / 1e6,
            all as f64 / 1e6,
            samples as f64 / seconds / 1e3,
        );
    }
}
