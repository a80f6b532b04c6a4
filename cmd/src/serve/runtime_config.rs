//! Reads the runtime config file again while the process runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use mneme_server::Drain;
use mneme_server::metrics::{counter_vec, gauge};
use mneme_tenant::SharedOverrides;
use prometheus::{IntCounterVec, IntGauge, Registry};
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::RuntimeConfigFile;

/// The largest file that is read; a hundred thousand tenants' overrides fit.
const MAX_BYTES: u64 = 64 << 20;

/// Keeps the overrides equal to the file.
pub(super) struct Reloader {
    file: PathBuf,
    period: Duration,
    overrides: SharedOverrides,
    /// What was read last, good or bad, so that a bad file is told once.
    seen: Option<String>,
    reloads: IntCounterVec,
    successful: IntGauge,
}

impl Reloader {
    /// Reads the file for the first time. `None` if none is configured.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong: at the start somebody is there to mend it.
    pub(super) async fn start(
        config: &RuntimeConfigFile,
        overrides: SharedOverrides,
        registry: &Registry,
    ) -> anyhow::Result<Option<Self>> {
        if config.file.as_os_str().is_empty() {
            return Ok(None);
        }
        let name = "mneme_runtime_config_reloads_total";
        let reloads =
            counter_vec(registry, name, "Readings of a changed runtime config file by result.", &["result"]);
        let name = "mneme_runtime_config_last_reload_successful";
        let successful = gauge(registry, name, "Whether the runtime config file, as it is, is in force.");
        let mut reloader = Self {
            file: config.file.clone(),
            period: config.period,
            overrides,
            seen: None,
            reloads,
            successful,
        };
        let text = read(&reloader.file).await?;
        reloader.overrides.reload(&text).with_context(|| reloader.file.display().to_string())?;
        reloader.seen = Some(text);
        reloader.successful.set(1);
        Ok(Some(reloader))
    }

    /// Looks at the file every period and at each SIGHUP, until the drain.
    pub(super) async fn run(mut self, mut hangup: Signal, drain: Drain) {
        let mut ticks = interval(self.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = drain.started() => return,
                _ = ticks.tick() => {}
                _ = hangup.recv() => tracing::info!(file = %self.file.display(), "SIGHUP: reading the runtime config again"),
            }
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let text = match read(&self.file).await {
            Ok(text) => text,
            Err(error) => return self.refuse(&format!("{error:#}")),
        };
        if self.seen.as_ref() == Some(&text) {
            return;
        }
        match self.overrides.reload(&text) {
            Ok(()) => {
                tracing::info!(file = %self.file.display(), "runtime config is in force");
                self.reloads.with_label_values(&["success"]).inc();
                self.successful.set(1);
            }
            Err(error) => self.refuse(&error.to_string()),
        }
        self.seen = Some(text);
    }

    fn refuse(&self, error: &str) {
        tracing::error!(file = %self.file.display(), error, "runtime config is refused, the limits stay as they were");
        self.reloads.with_label_values(&["failure"]).inc();
        self.successful.set(0);
    }
}

async fn read(file: &Path) -> anyhow::Result<String> {
    let size = tokio::fs::metadata(file).await.with_context(|| file.display().to_string())?.len();
    anyhow::ensure!(size <= MAX_BYTES, "{}: {size} bytes are more than {MAX_BYTES}", file.display());
    tokio::fs::read_to_string(file).await.with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use mneme_model::TenantId;
    use mneme_tenant::{Limits, Overrides};

    use super::*;

    #[tokio::test]
    async fn a_good_change_comes_into_force_and_a_bad_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("runtime.yaml");
        let write = |rate: &str| {
            std::fs::write(&file, format!("overrides: {{a: {{ingestion_rate: {rate}}}}}\n")).unwrap();
        };
        let overrides = Overrides::uniform(Limits::default());
        let config = RuntimeConfigFile { file: file.clone(), ..RuntimeConfigFile::default() };
        let registry = Registry::new();
        assert!(Reloader::start(&config, overrides.clone(), &Registry::new()).await.is_err(), "no file yet");

        write("5");
        let mut reloader = Reloader::start(&config, overrides.clone(), &registry).await.unwrap().unwrap();
        let rate = || overrides.limits(&TenantId::new("a").unwrap()).ingestion_rate;
        assert_eq!(rate(), 5.0);
        write("6");
        reloader.look().await;
        assert_eq!((rate(), reloader.successful.get()), (6.0, 1));
        write("fast");
        reloader.look().await;
        assert_eq!((rate(), reloader.successful.get()), (6.0, 0));
        write("7");
        reloader.look().await;
        assert_eq!((rate(), reloader.successful.get()), (7.0, 1));
    }
}
