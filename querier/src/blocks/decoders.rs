//! Threads that find series in blocks' tables, and look at samples for questions about labels.

use std::time::Duration;

use async_trait::async_trait;
use mneme_block::read::{Work, Workers};
use tokio::time::Instant;

use crate::pool::{NoResult, Pool};

/// So many pieces of work wait for a thread, of all queries; each is a row group or a table.
const MAX_QUEUED: usize = 10_000;

/// A pool of its own beside the one that computes queries, whose pieces of work are long.
pub(super) struct Decoders {
    pool: Pool,
    /// Work that is not done by then is given up.
    timeout: Duration,
}

impl Decoders {
    /// Starts `threads` threads.
    pub(super) fn new(threads: usize, timeout: Duration) -> std::io::Result<Self> {
        Ok(Self { pool: Pool::named("decode", threads, MAX_QUEUED)?, timeout })
    }
}

#[async_trait]
impl Workers for Decoders {
    async fn run(&self, work: Work) -> Result<(), String> {
        self.pool.run(Instant::now() + self.timeout, work).await.map_err(|no_result| {
            match no_result {
                NoResult::Full => "too many row groups wait to be decoded",
                NoResult::Late => "row groups were not decoded in time",
                NoResult::Failed => "decoding failed unexpectedly",
            }
            .to_owned()
        })
    }
}
