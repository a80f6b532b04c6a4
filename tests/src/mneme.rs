//! A running `mneme serve`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::http::{Client, Reply, encode};
use crate::{Process, wait};

/// `mneme serve` on a data directory and a free port.
pub struct Mneme {
    process: Process,
    url: String,
    /// A client for its API.
    pub client: Client,
}

impl Mneme {
    /// Starts it on `dir` and a free port, and waits until it is ready.
    pub fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    /// The same with more arguments.
    pub fn start_with(dir: &Path, args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", dir, args)
    }

    /// The same on a given address.
    pub fn start_at(address: &str, dir: &Path, args: &[&str]) -> Self {
        let mut mneme = Self::spawn(address, dir, args);
        mneme.wait_ready();
        mneme
    }

    fn spawn(address: &str, dir: &Path, args: &[&str]) -> Self {
        let data = dir.join("data");
        let address_file = data.join("mneme.addr");
        let _ = std::fs::remove_file(&address_file);
        let mut command = Command::new(binary());
        command.arg("serve").arg("--data-dir").arg(&data).args(["--http", address]).args(args);
        let mut process = Process::start("mneme", command, &dir.join("mneme.log"));
        let address = wait::until("mneme to write its address", Duration::from_secs(30), || {
            assert!(process.is_running(), "mneme ended: {}", process.log());
            std::fs::read_to_string(&address_file).ok().filter(|text| text.ends_with('\n'))
        });
        Self { process, url: format!("http://{}", address.trim()), client: Client::default() }
    }

    fn wait_ready(&mut self) {
        let url = self.url("/ready");
        wait::until("mneme to be ready", Duration::from_secs(120), || {
            assert!(self.process.is_running(), "mneme ended: {}", self.process.log());
            self.client.get(&url).ok().filter(|reply| reply.status == 200)
        });
    }

    /// The address with a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// GET of a path; panics without an answer.
    pub fn get(&self, path: &str) -> Reply {
        self.client.get(&self.url(path)).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// The `data` of an instant query of tenant `anonymous`.
    pub fn query(&self, query: &str, time: f64) -> Value {
        let reply = self.get(&format!("/prometheus/api/v1/query?query={}&time={time}", encode(query)));
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        reply.json()["data"].clone()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM, and waits for a clean end.
    pub fn stop(mut self) {
        self.process.signal(Signal::TERM);
        let status = self.process.wait_exit(Duration::from_secs(40));
        assert!(status.success(), "mneme ended with {status}: {}", self.process.log());
    }
}

/// What a command said when it had ended.
#[derive(Debug)]
pub struct Finished {
    /// Whether its exit code was 0.
    pub success: bool,
    /// Its output and its error output.
    pub text: String,
}

/// Runs `mneme` with these arguments to its end.
#[must_use]
pub fn run_mneme(args: &[&str]) -> Finished {
    let output = Command::new(binary()).args(args).output().expect("mneme runs");
    let text = [output.stdout, output.stderr].concat();
    Finished { success: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
}

/// The binary that this test run built: it stands beside the folder of the test's own executable.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("path of the test");
    let path = test.ancestors().nth(2).expect("target folder").join("mneme");
    assert!(
        path.is_file(),
        "{} is missing: run `cargo test --workspace`, or `cargo build --bin mneme` first",
        path.display()
    );
    path
}
