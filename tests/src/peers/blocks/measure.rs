//! Sends a load to a server, lets it write blocks, and looks at them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::super::server::Server;
use super::super::{Peer, cpu, measure as ingest};
use super::reads::reads;
use super::{Flush, Load, Read, Size};
use crate::http::Client;

/// Checkpoints are made soon, so that the flush is measured without them; no flush by itself, and no samples but those sent.
const CONFIG: &str =
    "ingester: { cut_interval: 30s, flush_interval: 0s }\nself_monitoring: { enabled: false }\n";
/// Of a day's hours, what selectors ask for.
const HOURS: [u32; 2] = [2, 24];
/// How long a merge may take.
const MERGE: Duration = Duration::from_secs(900);

/// What a server made of a load.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Of which load.
    pub load: &'static str,
    /// Samples sent.
    pub samples: u64,
    /// CPU seconds of the server per million samples, until they were taken.
    pub write_cpu: f64,
    /// Its files.
    pub size: Size,
    /// Its flush; none of Prometheus's and VictoriaMetrics's, who write blocks while they take samples.
    pub flush: Option<Flush>,
    /// What selectors ask of the bucket.
    pub reads: Vec<Read>,
}

/// Runs `load` on `peer`; `mneme` is the binary.
///
/// # Errors
/// A load that cannot be sent, a flush that fails, samples that are not in blocks afterwards.
pub fn measure(peer: Peer, load: &Load, mneme: &Path) -> anyhow::Result<Stored> {
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("mneme.yaml");
    std::fs::write(&config, CONFIG)?;
    let server = Server::start_with(peer, dir.path(), mneme, Some(&config));
    eprintln!("--- {} (process {}): {}", peer.name(), server.pid(), load.what);
    let report = ingest::write(mneme, &server, &load.flags, None)?;
    let samples = report["samples"].as_u64().context("no samples in the report")?;
    let write_cpu = report["cpu_seconds_per_million"].as_f64().context("no CPU in the report")?;
    let mut flush = None;
    match peer {
        Peer::Mneme => {
            let done = Flush::run(&server)?;
            ensure!(done.samples == samples, "{} samples sent, {} in blocks", samples, done.samples);
            eprintln!("{done:?}");
            flush = Some(done);
        }
        Peer::VictoriaMetrics => merge(&server)?,
        Peer::Prometheus => {}
    }
    server.stop();
    let size = Size::of(peer, &dir.path().join("data"), samples)?;
    eprintln!("{size:?}");
    let read = load.metric.filter(|_| peer == Peer::Mneme);
    let end = report["end"].as_i64().context("no end in the report")?;
    let reads = match read {
        Some(metric) => reads(dir.path(), mneme, metric, &HOURS, end)?,
        None => Vec::new(),
    };
    Ok(Stored { load: load.name, samples, write_cpu, size, flush, reads })
}

/// Merges all parts into as few as it gets.
fn merge(server: &Server) -> anyhow::Result<()> {
    let client = Client::new(MERGE);
    for path in ["/internal/force_flush", "/internal/force_merge"] {
        let reply = client.get(&format!("{}{path}", server.base_url))?;
        ensure!(reply.status == 200, "{path}: {}", reply.text());
    }
    // It goes on behind the answer.
    let begun = Instant::now();
    let mut quiet = 0;
    let mut last = cpu::seconds(server.pid())?;
    while quiet < 3 && begun.elapsed() < MERGE {
        std::thread::sleep(Duration::from_secs(1));
        let now = cpu::seconds(server.pid())?;
        quiet = if now - last < 0.05 { quiet + 1 } else { 0 };
        last = now;
    }
    Ok(())
}
