//! A collector that fails is told of, now and then.

use std::time::{Duration, Instant};

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;
use parking_lot::Mutex;

/// At most one warning in this time.
const PERIOD: Duration = Duration::from_secs(60);

/// An exporter whose failures are log lines, a few.
#[derive(Debug)]
pub(super) struct Reporting {
    inner: SpanExporter,
    url: String,
    losses: Mutex<Losses>,
}

/// What was lost since the last warning.
#[derive(Debug, Default)]
struct Losses {
    spans: usize,
    warned: Option<Instant>,
}

impl Losses {
    /// Notes lost spans; how many there are to tell of, if it is time to.
    fn add(&mut self, spans: usize, now: Instant) -> Option<usize> {
        self.spans += spans;
        if self.warned.is_some_and(|warned| now.saturating_duration_since(warned) < PERIOD) {
            return None;
        }
        self.warned = Some(now);
        Some(std::mem::take(&mut self.spans))
    }
}

impl Reporting {
    /// `url` is for the log.
    pub(super) fn new(inner: SpanExporter, url: String) -> Self {
        Self { inner, url, losses: Mutex::default() }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Reporting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.inner.export(batch).await;
        if let Err(error) = &result {
            let lost = self.losses.lock().add(spans, Instant::now());
            if let Some(lost) = lost {
                tracing::warn!(url = self.url, %error, lost, "the collector does not take spans");
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.inner.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_summed_between_rare_warnings() {
        let (mut losses, start) = (Losses::default(), Instant::now());
        assert_eq!(losses.add(3, start), Some(3));
        assert_eq!(losses.add(4, start + PERIOD / 2), None);
        assert_eq!(losses.add(5, start + PERIOD), Some(9));
    }
}
