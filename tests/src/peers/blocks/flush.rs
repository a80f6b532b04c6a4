//! A flush on demand, with what it costs the server.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::super::server::Server;
use super::super::{cpu, memory};
use crate::http::Client;
use crate::wait;

/// Longer than any flush takes on a loaded machine.
const LONGEST: Duration = Duration::from_secs(1800);

/// A flush.
#[derive(Clone, Copy, Debug)]
pub struct Flush {
    /// CPU seconds of the server from the request to the reply.
    pub cpu_seconds: f64,
    /// Samples that went into blocks.
    pub samples: u64,
    /// Series in these blocks.
    pub series: u64,
    /// Bytes of recent data before, by the server's own count.
    pub heads: u64,
    /// Bytes in memory before the flush and at most while it ran; `None` where the kernel does not tell.
    pub memory: Option<(u64, u64)>,
}

impl Flush {
    /// Waits until everything sent is in checkpoints, so that their cost is not counted, and flushes.
    ///
    /// # Errors
    /// A flush that fails.
    pub(super) fn run(server: &Server) -> anyhow::Result<Self> {
        let client = Client::new(LONGEST);
        let metric = |name: &str| Some(metrics(&client, server).ok()?.sum(name, &[]) as u64);
        let cut = metric("mneme_ingester_cut").context("no metrics")?;
        let saved = || metric("mneme_ingester_checkpoint_cut").filter(|saved| *saved > cut);
        wait::until("checkpoints of all that was sent", LONGEST, saved);
        let heads = metric("mneme_ingester_memory_bytes").unwrap_or(0);
        let (before, spent) = (memory::begin(server.pid()), cpu::seconds(server.pid())?);
        let url = format!("{}/ingester/flush?wait=true", server.base_url);
        let reply = client.post(&url, &[], b"")?;
        let cpu_seconds = cpu::seconds(server.pid())? - spent;
        ensure!(reply.status == 200, "the flush failed: {}", reply.text());
        let data = &reply.json()["data"];
        let of = |name: &str| data[name].as_u64().context("an unknown answer to a flush");
        Ok(Self {
            cpu_seconds,
            samples: of("samples")?,
            series: of("series")?,
            heads,
            memory: before.zip(memory::peak(server.pid())),
        })
    }
}

/// The server's metrics, as text.
pub(super) struct Metrics(String);

/// Asks for them.
pub(super) fn metrics(client: &Client, server: &Server) -> anyhow::Result<Metrics> {
    Ok(Metrics(client.get(&format!("{}/metrics", server.base_url))?.text()))
}

impl Metrics {
    /// The sum of a metric's series that have all these labels.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let of = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let own = labels.is_empty() || labels.starts_with('{');
            (own && wanted.iter().all(|label| labels.contains(label))).then(|| value.parse::<f64>().ok())?
        };
        self.0.lines().filter_map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_added_up_by_name_and_labels() {
        let text =
            "# HELP a b\na 3\na_total{x=\"1\",y=\"2\"} 4\na_total{x=\"1\",y=\"3\"} 5\na_total_more 7\n";
        let metrics = Metrics(text.to_owned());
        assert_eq!(metrics.sum("a", &[]), 3.0);
        assert_eq!(metrics.sum("a_total", &[("x", "1")]), 9.0);
        assert_eq!(metrics.sum("a_total", &[("x", "1"), ("y", "3")]), 5.0);
        assert_eq!(metrics.sum("b", &[]), 0.0);
    }
}
