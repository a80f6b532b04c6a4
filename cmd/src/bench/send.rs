//! Sends one request until it is taken, refused for good, or its time is over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use mneme_proto::remote_write::Version;

use super::client::Client;

/// The first pause before a request is repeated; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What all connections of a run have done so far.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) samples: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Answers and broken connections after which a request was repeated.
    pub(super) errors: AtomicU64,
    pub(super) retries: AtomicU64,
}

/// Where and how requests are sent.
pub(super) struct Destination<'a> {
    pub(super) url: &'a str,
    pub(super) version: Version,
    pub(super) retry_for: Duration,
}

impl Destination<'_> {
    /// Sends `body`, and returns how long the request took that was taken.
    ///
    /// # Errors
    /// A refusal (4xx other than 429) with the server's words, or what went wrong when the time was over or `stopped`.
    pub(super) fn send(
        &self,
        client: &Client,
        body: &[u8],
        totals: &Totals,
        stopped: impl Fn() -> bool,
    ) -> anyhow::Result<Duration> {
        let headers = [
            ("Content-Encoding", "snappy"),
            ("Content-Type", self.version.content_type()),
            ("X-Prometheus-Remote-Write-Version", self.version.header()),
        ];
        let deadline = Instant::now() + self.retry_for;
        let mut pause = FIRST_PAUSE;
        loop {
            let start = Instant::now();
            let answer = client.post(self.url, &headers, body);
            let took = start.elapsed();
            totals.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
            let (problem, wanted) = match answer {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(took),
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    (anyhow::anyhow!("status {}: {}", answer.status, answer.words()), answer.retry_after)
                }
                Ok(answer) => bail!(
                    "{} refused the request with status {}: {}",
                    self.url,
                    answer.status,
                    answer.words()
                ),
                Err(error) => (error, None),
            };
            totals.errors.fetch_add(1, Ordering::Relaxed);
            let wait = wanted.unwrap_or(pause);
            if stopped() || Instant::now() + wait > deadline {
                return Err(problem.context(format!("gave up after {:?} of --retry-for", self.retry_for)));
            }
            std::thread::sleep(wait);
            totals.retries.fetch_add(1, Ordering::Relaxed);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
