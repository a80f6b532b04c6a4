//! Log lines on stderr.

mod config;

use std::panic::PanicHookInfo;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

pub use config::{Config, Format};

/// Why log lines cannot be set up.
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
    /// There is a subscriber already.
    #[error("log lines are set up already: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// From now on `tracing`'s events go to stderr, and a panic is an event before it does what it did.
///
/// # Errors
/// A bad filter; a second call.
pub fn init(config: &Config) -> Result<(), Error> {
    let filter = filter(&config.log_level)?;
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
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
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
