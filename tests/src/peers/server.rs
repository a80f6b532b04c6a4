//! The servers that are measured, each on a free loopback port and an empty directory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::http::Client;
use crate::{Process, free_port, has_debian, wait};

/// Longer than any of them takes to start on an empty directory.
const START: Duration = Duration::from_secs(60);
/// Longer than any of them takes to write out what is in memory.
const STOP: Duration = Duration::from_secs(120);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// This project.
    Mneme,
    /// Debian's VictoriaMetrics: not durable before it answers.
    VictoriaMetrics,
    /// Debian's Prometheus as a receiver of remote write.
    Prometheus,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mneme, Self::VictoriaMetrics, Self::Prometheus];

    /// As on the command line and in tables; the Debian package's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mneme => "mneme",
            Self::VictoriaMetrics => "victoria-metrics",
            Self::Prometheus => "prometheus",
        }
    }

    /// Whether it is installed; says aloud if not.
    #[must_use]
    pub fn is_there(self) -> bool {
        self == Self::Mneme || has_debian(self.name())
    }
}

/// A running server; killed when dropped.
pub(super) struct Server {
    process: Process,
    data: PathBuf,
    pub(super) write_url: String,
    pub(super) query_url: String,
    /// Without a path.
    pub(super) base_url: String,
}

impl Server {
    /// Starts `peer` in `dir` and waits until it is ready.
    pub(super) fn start(peer: Peer, dir: &Path, mneme: &Path) -> Self {
        Self::start_with(peer, dir, mneme, None)
    }

    /// The same; `config` is a file for mneme.
    pub(super) fn start_with(peer: Peer, dir: &Path, mneme: &Path, config: Option<&Path>) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let data = dir.join("data");
        let url = format!("http://{address}");
        let (command, write, query, ready, data) = match peer {
            Peer::Mneme => {
                let mut command = Command::new(mneme);
                command.arg("serve").arg("--data-dir").arg(&data).args(["--http", &address]);
                if let Some(config) = config {
                    command.arg("--config").arg(config);
                }
                (command, "/api/v1/push", "/prometheus", "/ready", data.join("bucket"))
            }
            Peer::VictoriaMetrics => {
                let mut command = Command::new("/usr/bin/victoria-metrics");
                command
                    .arg(format!("-storageDataPath={}", data.display()))
                    .arg(format!("-httpListenAddr={address}"))
                    // The load ends now; its newest samples are asked for.
                    .arg("-search.latencyOffset=0s")
                    .arg("-loggerLevel=WARN");
                (command, "/api/v1/write", "", "/health", data)
            }
            Peer::Prometheus => {
                let config = dir.join("prometheus.yml");
                std::fs::write(&config, "global: {}\n").expect("prometheus.yml");
                let mut command = Command::new("/usr/bin/prometheus");
                command
                    .arg(format!("--config.file={}", config.display()))
                    .arg(format!("--storage.tsdb.path={}", data.display()))
                    .arg(format!("--web.listen-address={address}"))
                    .args(["--web.enable-remote-write-receiver", "--log.level=warn"]);
                (command, "/api/v1/write", "", "/-/ready", data)
            }
        };
        let mut process = Process::start(peer.name(), command, &dir.join("server.log"));
        let client = Client::new(Duration::from_secs(2));
        wait::until(&format!("{} to be ready", peer.name()), START, || {
            assert!(process.is_running(), "{} ended: {}", peer.name(), process.log());
            client.get(&format!("{url}{ready}")).ok().filter(|reply| reply.status == 200)
        });
        Self {
            process,
            data,
            write_url: format!("{url}{write}"),
            query_url: format!("{url}{query}"),
            base_url: url,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it cleanly and returns the bytes that it left on disk.
    pub(super) fn stop(mut self) -> u64 {
        self.process.signal(Signal::TERM);
        self.process.wait_exit(STOP);
        bytes_below(&self.data)
    }
}

fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
