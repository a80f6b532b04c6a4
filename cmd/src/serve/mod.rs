//! `mneme serve`: one process with all roles, from the bound port to the drained one.

mod address_file;
mod app;
mod clock_check;
mod flush;
mod memory;
mod page;
mod roles;
mod runtime_config;
mod self_monitoring;
mod signals;
mod wal_metrics;

use crate::config::Config;

/// Serves until a signal.
///
/// # Errors
/// A port or bucket that cannot be had, a failure of what the process cannot do without, a drain that did not end.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let signals = signals::Signals::new()?;
    app::App::build(config).await?.run(signals).await
}
