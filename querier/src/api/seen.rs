//! Counting requests.

use std::sync::Arc;

use axum::response::Response;
use tokio::time::Instant;

use crate::querier::Api;

/// A request that is counted when it is answered, or as 499 when it is dropped.
pub(super) struct Seen {
    api: Arc<Api>,
    endpoint: &'static str,
    begun: Instant,
    done: bool,
}

impl Seen {
    /// It came now.
    pub(super) fn new(api: &Arc<Api>, endpoint: &'static str) -> Self {
        Self { api: api.clone(), endpoint, begun: Instant::now(), done: false }
    }

    /// It has a reply.
    pub(super) fn answered(mut self, response: Response) -> Response {
        self.count(response.status().as_str());
        response
    }

    fn count(&mut self, code: &str) {
        self.done = true;
        let metrics = &self.api.metrics;
        metrics.requests.with_label_values(&[self.endpoint, code]).inc();
        metrics.duration.with_label_values(&[self.endpoint]).observe(self.begun.elapsed().as_secs_f64());
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if !self.done {
            self.count("499");
        }
    }
}
