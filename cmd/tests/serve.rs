//! The built binary: it listens, becomes ready, serves, drains on a signal, and tells what is wrong with a config file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// No test waits longer for anything.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running `mneme serve`; killed when dropped.
struct Serve {
    child: Child,
    log: Receiver<String>,
    seen: Vec<String>,
    address: String,
}

impl Serve {
    /// Starts it on a free port and waits until it says that it listens.
    fn start(data_dir: &Path, more: &[&str]) -> Self {
        let mut child = mneme()
            .arg("serve")
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--http", "127.0.0.1:0"])
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut serve = Self { child, log, seen: Vec::new(), address: String::new() };
        let line = serve.wait_log("listening");
        serve.address =
            line.split_whitespace().find_map(|word| word.strip_prefix("address=")).unwrap().to_owned();
        serve
    }

    /// Waits for a log line with the words and returns it.
    fn wait_log(&mut self, words: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(_) => panic!("no log line {words:?} in:\n{}", self.seen.join("\n")),
            }
        }
    }

    fn wait_ready(&mut self) {
        self.wait_log("message=ready");
    }

    /// The status and the whole reply of a GET.
    fn get(&self, path: &str) -> (u16, String) {
        let mut tcp = TcpStream::connect(&self.address).unwrap();
        tcp.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(tcp, "GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        tcp.read_to_string(&mut reply).unwrap();
        let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
        (status, reply)
    }

    /// Waits until a GET's reply has the words.
    fn wait_get(&self, path: &str, words: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let (_, reply) = self.get(path);
            if reply.contains(words) {
                return reply;
            }
            assert!(Instant::now() < end, "{path} never had {words:?}: {reply}");
            thread::yield_now();
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The log ends with the process.
    fn wait_exit(&mut self) -> ExitStatus {
        let end = Instant::now() + DEADLINE;
        while let Ok(line) = self.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        assert!(Instant::now() < end, "it does not end:\n{}", self.seen.join("\n"));
        self.child.wait().unwrap()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mneme() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mneme"))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn serves_its_own_metrics_and_drains_on_sigterm_and_remembers() {
    let dir = tempfile::tempdir().unwrap();
    let mut serve = Serve::start(dir.path(), &[]);
    serve.wait_ready();
    assert_eq!(
        std::fs::read_to_string(dir.path().join("mneme.addr")).unwrap(),
        format!("{}\n", serve.address)
    );
    assert_eq!(serve.get("/ready").0, 200);
    assert_eq!(serve.get("/healthz").0, 200);
    assert!(serve.get("/").1.contains("<title>Mneme</title>"));
    assert!(serve.get("/overview.json").1.contains("\"state\":\"ready\""));
    assert!(serve.get("/services").1.contains("ingester => Running"));
    assert!(serve.get("/config?mode=diff").1.contains("http_listen_address: 127.0.0.1:0"));
    let metrics = serve.get("/metrics").1;
    for name in [
        "mneme_build_info{",
        "mneme_bucket_requests_total{",
        "mneme_wal_segments_total",
        "mneme_http_requests_total{",
    ] {
        assert!(metrics.contains(name), "{name} is missing in {metrics}");
    }
    serve.wait_get("/prometheus/api/v1/query?query=up", r#""job":"mneme""#);
    serve.signal(Signal::TERM);
    assert!(serve.wait_exit().success(), "{}", serve.seen.join("\n"));

    let mut again = Serve::start(dir.path(), &["--instance", "second"]);
    again.wait_ready();
    let count = again.wait_get("/prometheus/api/v1/query?query=count_over_time(up[1h])", r#""job":"mneme""#);
    assert!(count.contains("\"value\":["), "what was written before the restart is there: {count}");
    again.signal(Signal::INT);
    assert!(again.wait_exit().success(), "{}", again.seen.join("\n"));
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Serve::start(dir.path(), &[]);
    first.wait_ready();
    let output = mneme()
        .arg("serve")
        .arg("--data-dir")
        .arg(dir.path())
        .args(["--http", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("is in use by process"), "{}", text(&output));
    let address = std::fs::read_to_string(dir.path().join("mneme.addr")).unwrap();
    assert_eq!(address.trim(), first.address, "the address is that of the process that holds the directory");
}

#[test]
fn a_taken_port_and_an_open_listener_are_refused_in_plain_words() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = |http: &str| {
        mneme().arg("serve").arg("--data-dir").arg(dir.path()).args(["--http", http]).output().unwrap()
    };
    let output = serve(&address);
    assert!(
        !output.status.success() && text(&output).contains(&address) && text(&output).contains("--http"),
        "{}",
        text(&output)
    );
    let output = serve("0.0.0.0:0");
    assert!(
        !output.status.success() && text(&output).contains("without authentication"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_config_file_is_checked_with_line_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let check = |yaml: &str| {
        let file = dir.path().join("m.yaml");
        std::fs::write(&file, yaml).unwrap();
        mneme().args(["config", "check"]).arg(file).output().unwrap()
    };
    assert!(check("server:\n  idle_timeout: 1m\n").status.success());
    let wrong = check("limits:\n  ingestion_rat: 5\n");
    let words = text(&wrong);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        words.contains("m.yaml:2:3: limits.ingestion_rat: ")
            && words.contains("did you mean `ingestion_rate`"),
        "{words}"
    );
    let words = text(&check("bucket:\n  url: ftp://nowhere\n"));
    assert!(words.contains("m.yaml:2:8: bucket.url: ") && words.contains("file:///"), "{words}");
}

#[test]
fn help_version_and_docs_are_told() {
    let run = |args: &[&str]| {
        let output = mneme().args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", text(&output));
        text(&output)
    };
    assert!(run(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    assert!(run(&["serve", "--help"]).contains("--data-dir"));
    assert!(run(&["config", "docs"]).contains("### `server.http_listen_address`"));
}
