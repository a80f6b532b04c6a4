//! A running `mneme serve`, and its other commands.
#![allow(dead_code, reason = "each test uses its part")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

/// Killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
}

impl Running {
    /// Starts it on a free port and waits until it is ready.
    pub(crate) fn start(data_dir: &Path) -> Self {
        let mut child = mneme()
            .arg("serve")
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--http", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut seen = Vec::new();
        let mut wait = |words: &str| {
            let line =
                lines.by_ref().inspect(|line| seen.push(line.clone())).find(|line| line.contains(words));
            line.unwrap_or_else(|| panic!("no log line {words:?}"))
        };
        let listening = wait("listening");
        wait("message=ready");
        let address = listening.split_whitespace().find_map(|word| word.strip_prefix("address=")).unwrap();
        let url = format!("http://{address}");
        // A pipe that nobody reads would block the server.
        thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// SIGTERM, and a clean end.
    pub(crate) fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn mneme() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mneme"))
}

/// Runs another command to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    mneme().args(args).stdin(Stdio::null()).output().unwrap()
}

/// What it printed on stdout, and on stderr.
pub(crate) fn texts(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
