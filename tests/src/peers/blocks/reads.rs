//! What a selector asks of the bucket: with empty caches, and again.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use super::super::server::Server;
use super::super::{Peer, cpu};
use super::flush::metrics;
use crate::http::{Client, encode};

/// One selector.
#[derive(Clone, Debug)]
pub struct Read {
    /// What is selected.
    pub name: String,
    /// Series found.
    pub series: u64,
    /// Of a server that has just started.
    pub cold: Requests,
    /// The same again.
    pub warm: Requests,
}

/// Requests to the bucket for one question.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Requests {
    /// GETs, of objects or ranges.
    pub gets: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// CPU seconds of the server.
    pub cpu_seconds: f64,
}

/// Asks for all samples of `metric` within the given hours before `end` (milliseconds), each on a server that has just started in `dir`.
pub(super) fn reads(
    dir: &Path,
    mneme: &Path,
    metric: &str,
    hours: &[u32],
    end: i64,
) -> anyhow::Result<Vec<Read>> {
    hours.iter().map(|hours| read(dir, mneme, metric, *hours, end)).collect()
}

fn read(dir: &Path, mneme: &Path, metric: &str, hours: u32, end: i64) -> anyhow::Result<Read> {
    let server = Server::start(Peer::Mneme, dir, mneme);
    let client = Client::new(Duration::from_secs(300));
    // The list of blocks is read here, and none of them.
    ask(&client, &server, "up", 1000)?;
    let query = format!("count(count_over_time({metric}[{hours}h]))");
    let mut series = 0;
    let mut once = || -> anyhow::Result<Requests> {
        let before = state(&client, &server)?;
        series = ask(&client, &server, &query, end)?;
        let after = state(&client, &server)?;
        Ok(Requests {
            gets: (after.0 - before.0) as u64,
            bytes: (after.1 - before.1) as u64,
            cpu_seconds: after.2 - before.2,
        })
    };
    let (cold, warm) = (once()?, once()?);
    ensure!(series > 0, "{query} found nothing");
    server.stop();
    Ok(Read { name: format!("{metric}[{hours}h]"), series, cold, warm })
}

/// The number that an instant query answers, 0 without one.
fn ask(client: &Client, server: &Server, query: &str, time: i64) -> anyhow::Result<u64> {
    let url =
        format!("{}/api/v1/query?query={}&time={}", server.query_url, encode(query), time as f64 / 1000.0);
    let reply = client.get(&url)?;
    ensure!(reply.status == 200, "{query}: {}", reply.text());
    let value = &reply.json()["data"]["result"][0]["value"][1];
    Ok(value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// GETs below the tenant's prefix, their bytes, and CPU seconds.
fn state(client: &Client, server: &Server) -> anyhow::Result<(f64, f64, f64)> {
    let metrics = metrics(client, server)?;
    let labels = [("operation", "get"), ("tenant", "anonymous")];
    let sum = |name: &str| metrics.sum(name, &labels);
    let (gets, bytes) = (sum("mneme_bucket_tenant_requests_total"), sum("mneme_bucket_tenant_bytes_total"));
    Ok((gets, bytes, cpu::seconds(server.pid())?))
}
