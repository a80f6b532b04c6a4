//! Spans over OTLP: from `tracing` to a collector, in batches.

use std::fmt;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::{Layer, Registry};

use super::client::Client;
use super::reporting::Reporting;

/// Spans that wait for the collector; further ones are dropped.
const MAX_QUEUED: usize = 2048;
/// Spans per request to the collector.
const MAX_BATCH: usize = 512;
/// How long a span waits for others at most.
const BATCH_DELAY: Duration = Duration::from_secs(1);
/// For one batch with its retries.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Who the process is, as every span says.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// `service.version`.
    pub version: &'a str,
    /// `service.instance.id`.
    pub instance: &'a str,
}

/// The way of finished spans to the collector.
pub struct Spans {
    provider: SdkTracerProvider,
}

impl Spans {
    /// Exports to `endpoint`, such as `http://127.0.0.1:4318`, with connections of `runtime`. Nothing is sent before there is
    /// a span.
    ///
    /// # Errors
    /// An endpoint that is no URL.
    pub fn start(
        endpoint: &str,
        identity: Identity<'_>,
        runtime: &Handle,
    ) -> Result<Self, ExporterBuildError> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(runtime.clone(), EXPORT_TIMEOUT))
            .with_endpoint(&url)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT_TIMEOUT)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MAX_QUEUED)
            .with_max_export_batch_size(MAX_BATCH)
            .with_scheduled_delay(BATCH_DELAY)
            .build();
        let processor =
            BatchSpanProcessor::builder(Reporting::new(exporter, url)).with_batch_config(batches).build();
        let resource = Resource::builder_empty()
            .with_service_name("mneme")
            .with_attribute(KeyValue::new("service.version", identity.version.to_owned()))
            .with_attribute(KeyValue::new("service.instance.id", identity.instance.to_owned()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// Takes this program's spans of level info and above; no events, and nothing of its dependencies.
    pub fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let ours = FilterFn::new(|metadata| metadata.is_span() && metadata.target().starts_with("mneme"));
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("mneme"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        Box::new(layer.with_filter(ours.with_max_level_hint(LevelFilter::INFO)))
    }

    /// Sends what is queued, for at most `deadline`; blocks. The runtime must still run.
    pub fn shutdown(&self, deadline: Duration) {
        if let Err(error) = self.provider.shutdown_with_timeout(deadline) {
            tracing::warn!(%error, "the last spans did not reach the collector");
        }
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}
