//! `bench query`: times a list of queries.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use mneme_server::{Clock, SystemClock};
use serde::Serialize;

use super::args::QueryArgs;
use super::client::{Answer, Client};
use super::latency::Latencies;
use super::page::seconds;
use super::query_list::{self, Kind, Query};
use super::report;
use super::server_process::ServerProcess;
use crate::stdout;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// `/proc` counts in 10 ms: a query is repeated until the server has used this much.
const ENOUGH_CPU: f64 = 0.05;
/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(5);

/// What one query took, in milliseconds.
#[derive(Debug, Serialize)]
struct Timing {
    name: String,
    first: f64,
    median: f64,
    p99: f64,
    /// Of the server, per request.
    cpu: Option<f64>,
    requests: u32,
    /// Series or values in the answer.
    results: usize,
    bytes: usize,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct QueryReport {
    url: String,
    queries: Vec<Timing>,
    errors: usize,
}

/// Times the queries, prints a table and the report on stdout.
///
/// # Errors
/// A list that cannot be read; any query that was not answered with 200.
pub(super) fn run(args: &QueryArgs) -> anyhow::Result<()> {
    let text = match &args.file {
        Some(path) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => query_list::PERF.to_owned(),
    };
    let queries = query_list::parse(&text)?;
    let server = args.client.pid.map(ServerProcess::new).transpose()?;
    let asker = Asker {
        args,
        client: Client::new(&args.client, REQUEST_TIMEOUT),
        end: args.time.unwrap_or_else(|| SystemClock.now_ms()),
        server,
    };
    let queries = queries.iter().map(|query| asker.time(query)).collect::<anyhow::Result<Vec<_>>>()?;
    let errors = queries.iter().filter(|timing| timing.error.is_some()).count();
    if !args.client.quiet {
        stdout::line(table(&queries).trim_end());
    }
    report::print(&QueryReport { url: args.url.clone(), queries, errors })?;
    ensure!(errors == 0, "{errors} queries were not answered");
    Ok(())
}

struct Asker<'a> {
    args: &'a QueryArgs,
    client: Client,
    end: i64,
    server: Option<ServerProcess>,
}

impl Asker<'_> {
    fn time(&self, query: &Query) -> anyhow::Result<Timing> {
        let mut latencies = Latencies::default();
        let begin = Instant::now();
        let before = self.cpu()?;
        let answer = self.ask(query)?;
        let first = begin.elapsed();
        latencies.record(first);
        let error = (answer.status != 200).then(|| format!("status {}: {}", answer.status, answer.words()));
        let mut requests = 1;
        while error.is_none() && (requests < self.args.repeats || !self.is_enough(before, begin)?) {
            let start = Instant::now();
            self.ask(query)?;
            latencies.record(start.elapsed());
            requests += 1;
        }
        let cpu = match (before, self.cpu()?) {
            (Some(before), Some(after)) => Some((after - before) * 1000.0 / f64::from(requests)),
            _ => None,
        };
        Ok(Timing {
            name: query.name.clone(),
            first: first.as_secs_f64() * 1000.0,
            median: latencies.percentile_ms(0.5),
            p99: latencies.percentile_ms(0.99),
            cpu,
            requests,
            results: results(&answer.body),
            bytes: answer.body.len(),
            error,
        })
    }

    fn cpu(&self) -> anyhow::Result<Option<f64>> {
        self.server.as_ref().map(ServerProcess::cpu_seconds).transpose()
    }

    fn is_enough(&self, before: Option<f64>, begin: Instant) -> anyhow::Result<bool> {
        let (Some(before), Some(now)) = (before, self.cpu()?) else { return Ok(true) };
        Ok(now - before >= ENOUGH_CPU || begin.elapsed() >= LONGEST)
    }

    fn ask(&self, query: &Query) -> anyhow::Result<Answer> {
        let range = i64::try_from(self.args.range.as_millis()).context("--range")?;
        let (start, end) = (seconds(self.end - range), seconds(self.end));
        let step = self.args.step.as_secs_f64().to_string();
        let (start, end, step) = (start.as_str(), end.as_str(), step.as_str());
        let expression = query.expression.as_str();
        let (path, mut parameters) = match query.kind {
            Kind::Instant => ("query".to_owned(), vec![("query", expression), ("time", end)]),
            Kind::Range => (
                "query_range".to_owned(),
                vec![("query", expression), ("start", start), ("end", end), ("step", step)],
            ),
            Kind::Series => {
                ("series".to_owned(), vec![("match[]", expression), ("start", start), ("end", end)])
            }
            Kind::Labels => ("labels".to_owned(), vec![("start", start), ("end", end)]),
            Kind::LabelValues => (format!("label/{expression}/values"), vec![("start", start), ("end", end)]),
        };
        parameters.extend(self.args.param.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let url = format!("{}/api/v1/{path}", self.args.url.trim_end_matches('/'));
        self.client.get(&url, &parameters)
    }
}

/// How much an answer holds: series of a query, or values of a list.
fn results(body: &[u8]) -> usize {
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else { return 0 };
    let list = if answer["data"].is_array() { &answer["data"] } else { &answer["data"]["result"] };
    list.as_array().map_or(0, Vec::len)
}

fn table(queries: &[Timing]) -> String {
    let mut table =
        "| query | first | median | p99 ms | server CPU-ms | results |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for timing in queries {
        let Timing { name, first, median, p99, results, .. } = timing;
        let cpu = timing.cpu.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2}"));
        let results = timing.error.clone().unwrap_or_else(|| results.to_string());
        let _ = writeln!(table, "| {name} | {first:.1} | {median:.1} | {p99:.1} | {cpu} | {results} |");
    }
    table
}
