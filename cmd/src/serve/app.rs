//! The process: ports first, then the roles, then serving, then the drain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use mneme_server::drain::{self, Signal};
use mneme_server::http::{Late, Metrics, Server, observed};
use mneme_server::ops::{self, Ops};
use mneme_server::{Drain, Readiness, SystemClock, Tasks};
use mneme_tenant::{Authenticator, Overrides, SharedOverrides};
use prometheus::Registry;

use super::page::{self, Page};
use super::roles::{Parts, Roles, SERVICES};
use super::runtime_config::Reloader;
use super::self_monitoring::SelfMonitor;
use super::signals::{self, Signals};
use crate::build::{REVISION, VERSION};
use crate::config::Config;

/// Of the grace period, what the roles keep for themselves once the requests under way had theirs.
const ROLES_SHARE: u32 = 3;

/// A process whose port is bound and whose roles are still to come.
pub(super) struct App {
    config: Config,
    bucket_url: String,
    registry: Registry,
    http_metrics: Metrics,
    server: Server,
    authenticator: Arc<Authenticator>,
    overrides: SharedOverrides,
    reloader: Option<Reloader>,
    readiness: Readiness,
    started: Instant,
}

impl App {
    /// Checks what can be wrong before any work, and binds the port.
    ///
    /// # Errors
    /// A port that is taken, a listener that would be open to everybody, a data directory or runtime config that cannot be.
    pub(super) async fn build(config: Config) -> anyhow::Result<Self> {
        let started = Instant::now();
        let bucket_url = config.bucket_url()?;
        let registry = mneme_server::metrics::process_registry(VERSION, REVISION, &config.target);
        let http_metrics = Metrics::new(&registry);
        let authenticator = Authenticator::new(config.auth.clone()).map_err(anyhow::Error::msg)?;
        let overrides = Arc::new(Overrides::new(config.limits.clone(), config.overrides.clone())?);
        let reloader = Reloader::start(&config.runtime_config, Arc::clone(&overrides), &registry).await?;
        let server = Server::bind(&config.server, http_metrics.clone()).await?;
        authenticator.validate_listener(server.address()).map_err(anyhow::Error::msg)?;
        std::fs::create_dir_all(&config.data_dir).with_context(|| {
            format!(
                "cannot make the data directory {}; choose another with --data-dir",
                config.data_dir.display()
            )
        })?;
        Ok(Self {
            config,
            bucket_url,
            registry,
            http_metrics,
            server,
            authenticator: Arc::new(authenticator),
            overrides,
            reloader,
            readiness: Readiness::new("starting"),
            started,
        })
    }

    /// Serves until a signal or a failure.
    pub(super) async fn run(mut self, mut signals: Signals) -> anyhow::Result<()> {
        let (signal, drain) = drain::channel();
        let late = Late::new(self.readiness.clone());
        let router = self.first_routes(&late)?;
        let address = self.server.address();
        let grace = self.config.shutdown.grace_period;
        let http_grace = grace - grace / ROLES_SHARE;
        let (instance, zone) = (self.config.instance.as_str(), self.config.zone.as_str());
        tracing::info!(%address, version = VERSION, target_roles = %self.config.target, instance, zone, bucket = %self.bucket_url, "listening");

        let mut tasks = Tasks::new();
        let reloader = self.reloader.take();
        let parts = self.parts(address.to_string());
        let server = self.server;
        let http_drain = drain.clone();
        tasks.spawn_vital("http", async move {
            server.run(router, http_drain.clone(), http_grace).await;
            Ok(())
        });
        spawn_reloader(&mut tasks, reloader, &drain)?;

        let mut roles = tokio::select! {
            roles = Roles::start(parts, &self.readiness) => roles?,
            name = signals.next() => {
                tracing::info!(signal = name, "ending before ready");
                return Ok(());
            }
            failure = tasks.failed() => bail!(failure),
        };
        late.set(observed(roles.router(&self.config.server), &self.config.server, &self.http_metrics));
        self.readiness.ready();
        tracing::info!(seconds = self.started.elapsed().as_secs_f64(), "ready");
        if self.config.self_monitoring.enabled {
            let monitor = SelfMonitor {
                registry: self.registry.clone(),
                distributor: roles.distributor(),
                clock: Arc::new(SystemClock),
                instance: address.to_string(),
            };
            tasks.spawn("self-monitoring", monitor.run(drain.clone()));
        }

        let failure = tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, ?grace, "draining: a second signal ends at once");
                None
            }
            failure = tasks.failed() => Some(failure.to_string()),
            failure = roles.failed() => Some(failure),
        };
        if let Some(failure) = &failure {
            tracing::error!(failure, "a part that the process needs has failed: ending");
        }
        let drained = tokio::select! {
            drained = drain_all(&self.readiness, &signal, tasks, roles, grace) => drained,
            name = signals.next() => bail!("ended at once by a second signal ({name})"),
        };
        match failure {
            Some(failure) => bail!(failure),
            None => drained,
        }
    }

    /// What is served from the first moment on, falling back to what comes later.
    fn first_routes(&self, late: &Late) -> anyhow::Result<axum::Router> {
        let overrides = Arc::clone(&self.overrides);
        let show = move || mneme_server::config::yaml(&overrides.runtime_config());
        let ops = ops::router(Ops {
            registry: self.registry.clone(),
            readiness: self.readiness.clone(),
            config: Arc::new(mneme_server::config::View::new(&self.config).context("config")?),
            runtime_config: Arc::new(show),
            authenticator: Arc::clone(&self.authenticator),
            services: Arc::from(SERVICES),
        });
        let page = page::router(Page {
            registry: self.registry.clone(),
            readiness: self.readiness.clone(),
            started: self.started,
            target: Arc::from(self.config.target.as_str()),
            bucket: Arc::from(self.bucket_url.as_str()),
        });
        Ok(observed(ops.merge(page), &self.config.server, &self.http_metrics).merge(late.router()))
    }

    fn parts(&self, address: String) -> Parts {
        Parts {
            config: self.config.clone(),
            bucket_url: self.bucket_url.clone(),
            address,
            registry: self.registry.clone(),
            authenticator: Arc::clone(&self.authenticator),
            overrides: Arc::clone(&self.overrides),
            clock: Arc::new(SystemClock),
        }
    }
}

fn spawn_reloader(tasks: &mut Tasks, reloader: Option<Reloader>, drain: &Drain) -> anyhow::Result<()> {
    let mut hangup = signals::hangup()?;
    let drain = drain.clone();
    match reloader {
        Some(reloader) => tasks.spawn("runtime-config", reloader.run(hangup, drain)),
        // Without a file to read again a hang-up means nothing, and must not kill.
        None => tasks.spawn("hangup", async move {
            tokio::select! {
                () = drain.started() => {}
                () = async { while hangup.recv().await.is_some() {} } => {}
            }
        }),
    }
    Ok(())
}

/// Not ready, no new requests, those under way finished, then the roles closed: all within `grace`.
async fn drain_all(
    readiness: &Readiness,
    signal: &Signal,
    mut tasks: Tasks,
    roles: Roles,
    grace: Duration,
) -> anyhow::Result<()> {
    let start = Instant::now();
    readiness.draining();
    signal.start();
    let roles_grace = grace / ROLES_SHARE;
    let failures = tasks.finish(grace - roles_grace + roles_grace / 2).await;
    for failure in &failures {
        tracing::error!(%failure, "drain");
    }
    roles.close(grace.saturating_sub(start.elapsed())).await?;
    tracing::info!(seconds = start.elapsed().as_secs_f64(), "drained");
    match failures.into_iter().next() {
        Some(failure) => bail!(failure),
        None => Ok(()),
    }
}
