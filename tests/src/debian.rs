//! Debian's own Prometheus and node_exporter as real clients.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::http::Client;
use crate::{Process, say, wait};

/// Whether a Debian program is installed; says aloud if not, so that a skipped test is seen.
pub fn has_debian(program: &str) -> bool {
    let found = Path::new("/usr/bin").join(program).is_file();
    if !found {
        say(&format!("SKIPPED: {program} is not installed (`./test` installs it)"));
    }
    found
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// A node_exporter.
pub struct NodeExporter {
    _process: Process,
    /// `127.0.0.1:port`.
    pub address: String,
}

impl NodeExporter {
    /// Starts it and waits until it answers.
    pub fn start(dir: &Path) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new("/usr/bin/prometheus-node-exporter");
        command.arg(format!("--web.listen-address={address}"));
        let process = Process::start("node_exporter", command, &dir.join("node_exporter.log"));
        wait_for(&format!("http://{address}/metrics"));
        Self { _process: process, address }
    }
}

/// A Prometheus server.
pub struct Prometheus {
    process: Process,
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// A client for its API.
    pub client: Client,
}

impl Prometheus {
    /// Starts it with `config` (`{self}` stands for its own address) and waits until it is ready.
    pub fn start(dir: &Path, config: &str) -> Self {
        Self::start_with(dir, config, &[])
    }

    /// The same with more arguments.
    pub fn start_with(dir: &Path, config: &str, args: &[&str]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let file = dir.join("prometheus.yml");
        std::fs::write(&file, config.replace("{self}", &address)).expect("prometheus.yml");
        let mut command = Command::new("/usr/bin/prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("prometheus").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=promql-at-modifier,promql-negative-offset,exemplar-storage")
            .arg("--log.level=warn")
            .args(args);
        let process = Process::start("prometheus", command, &dir.join("prometheus.log"));
        wait_for(&format!("http://{address}/-/ready"));
        Self { process, url: format!("http://{address}"), client: Client::default() }
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn wait_for(url: &str) {
    let client = Client::new(Duration::from_secs(2));
    wait::until(url, Duration::from_secs(60), || client.get(url).ok().filter(|reply| reply.status == 200));
}
