//! Log lines on stderr, and spans to a collector if there is one.

mod client;
mod config;
mod reporting;
mod request;
mod spans;

use std::panic::PanicHookInfo;

use tokio::runtime::Handle;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

pub use config::{Config, Format};
pub(crate) use request::{end_request_span, request_span};
pub use spans::{Identity, Spans};

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error("telemetry.log_level {filter:?}: {source}")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The exporter of spans cannot be made.
    #[error("telemetry.otlp_endpoint: {0}")]
    Otlp(#[from] opentelemetry_otlp::ExporterBuildError),
    /// There is a subscriber already.
    #[error("log lines are set up already: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// From now on `tracing`'s events go to stderr, and a panic is an event before it does what it did. With an
/// `otlp_endpoint`, spans go there over `runtime`; the owner of the returned [`Spans`] shuts them down before the runtime.
/// Without one, no span is ever enabled.
///
/// # Errors
/// A bad filter or endpoint; a second call.
pub fn init(config: &Config, identity: Identity<'_>, runtime: &Handle) -> Result<Option<Spans>, Error> {
    let filter = filter(&config.log_level)?.and(filter_fn(|metadata| metadata.is_event()));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
        Format::Logfmt => {
            Box::new(tracing_logfmt::builder().with_span_path(false).layer().with_writer(std::io::stderr))
        }
        Format::Json => Box::new(
            tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_events(FmtSpan::NONE)
                .with_writer(std::io::stderr),
        ),
    };
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![Box::new(lines.with_filter(filter))];
    let spans = match config.otlp_endpoint.as_str() {
        "" => None,
        endpoint => Some(Spans::start(endpoint, identity, runtime)?),
    };
    layers.extend(spans.iter().map(Spans::layer));
    tracing_subscriber::registry().with(layers).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(spans)
}

/// Checks a filter as [`init`] takes it.
fn filter(text: &str) -> Result<EnvFilter, Error> {
    EnvFilter::builder().parse(text).map_err(|source| Error::Filter { filter: text.to_owned(), source })
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let message = crate::tasks::panic_text(info.payload());
    let backtrace = std::backtrace::Backtrace::capture();
    tracing::error!(location, message, %backtrace, "panic");
}
