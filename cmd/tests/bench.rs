//! `mneme bench` against a running server: what `write` sends, `verify` finds, and `query` times.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod running;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use running::{Running, run, texts};
use serde_json::Value;

/// The last line of a command's stdout.
fn report(args: &[&str]) -> (bool, Value, String) {
    let output = run(args);
    let (stdout, stderr) = texts(&output);
    let line = stdout.lines().next_back().unwrap_or("null");
    let report = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
    (output.status.success(), report, stderr)
}

/// Sends a load and returns the report and the flags by which it is read back.
fn sent(server: &Running, tenant: &str, load: &[&str], more: &[&str]) -> (Value, Vec<String>) {
    let push = format!("{}/api/v1/push", server.url);
    let pid = server.pid();
    let own = ["bench", "write", "--quiet", "--url", &push, "--tenant", tenant, "--pid", &pid];
    let (success, report, stderr) = report(&[&own[..], load, more].concat());
    assert!(success, "{stderr}");
    let query = format!("{}/prometheus", server.url);
    let start = report["start"].to_string();
    let verify = ["bench", "verify", "--quiet", "--url", &query, "--tenant", tenant, "--start", &start];
    let verify = [&verify[..], load].concat().into_iter().map(str::to_owned).collect();
    (report, verify)
}

fn verified(verify: &[String]) -> (bool, Value, String) {
    report(&verify.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_was_sent_is_there_bit_by_bit_and_a_difference_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path());
    let mixed =
        ["--series", "1100", "--steps", "12", "--churn", "2", "--out-of-order", "0.2", "--histograms", "0.1"];
    for (tenant, protocol) in [("one", "1"), ("two", "2")] {
        let (written, verify) =
            sent(&server, tenant, &mixed, &["--protocol", protocol, "--batch", "300", "--exemplars", "0.05"]);
        assert_eq!(written["samples"], 13_200, "{written}");
        assert!(written["cpu_seconds_per_million"].as_f64().unwrap() > 0.0, "{written}");
        let (clean, found, stderr) = verified(&verify);
        assert!(clean, "{stderr}");
        assert_eq!((&found["samples"], &found["missing"]), (&13_200.into(), &0.into()));
    }

    // Scrapes that are missed, stale markers and jitter.
    let mix = ["--shape", "mixed", "--series", "4000", "--steps", "30", "--churn", "0.2"];
    let (written, verify) = sent(&server, "mix", &mix, &[]);
    let (clean, found, stderr) = verified(&verify);
    assert!(clean, "{stderr}");
    let (written, found) = (written["samples"].as_u64().unwrap(), found["samples"].as_u64().unwrap());
    assert!(found < written && written <= 4000 * 30 && found > 4000 * 25, "{found} of {written}");

    let (_, verify) = sent(&server, "other", &["--series", "10", "--steps", "3"], &[]);
    let other_seed = [&verify[..], &["--seed".to_owned(), "2".to_owned()]].concat();
    let (clean, found, stderr) = verified(&other_seed);
    assert!(!clean && stderr.contains("missing"), "{stderr}");
    assert!(found["unexpected_series"].as_u64().unwrap() > 0, "{found}");
    // One scrape more than there was.
    let more: Vec<String> =
        verify.iter().map(|flag| if flag == "3" { "4".to_owned() } else { flag.clone() }).collect();
    let (clean, found, _) = verified(&more);
    assert!(!clean);
    assert_eq!((&found["missing"], &found["wrong"]), (&10.into(), &0.into()), "{found}");
}

#[test]
fn snapshots_are_replayed_and_queries_timed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("scrapes.prom");
    std::fs::write(&file, "# SNAPSHOT 1\na{x=\"1\"} 1.5\nup 1\n# SNAPSHOT 2\na{x=\"1\"} NaN\nup 0\n")
        .unwrap();
    let queries = dir.path().join("queries");
    std::fs::write(&queries, "all instant count({__name__=~\"a|up\"})\nnames label_values __name__\n")
        .unwrap();
    let server = Running::start(&dir.path().join("data"));
    let (written, verify) =
        sent(&server, "w3", &["--snapshots", file.to_str().unwrap(), "--instances", "3"], &[]);
    assert_eq!(written["samples"], 12, "{written}");
    let (clean, _, stderr) = verified(&verify);
    assert!(clean, "{stderr}");

    let (url, end) = (format!("{}/prometheus", server.url), written["end"].to_string());
    let list = ["--file", queries.to_str().unwrap(), "--time", &end, "--repeats", "2"];
    let asked = ["bench", "query", "--url", &url, "--tenant", "w3"];
    let (success, report, stderr) = report(&[&asked[..], &list].concat());
    assert!(success, "{stderr}");
    assert_eq!(report["queries"][0]["results"], 1, "{report}");
    assert_eq!(report["queries"][1]["results"], 2, "{report}");
}

#[test]
fn refusals_end_the_run_with_the_servers_words() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path());
    let push = format!("{}/api/v1/push", server.url);
    let load = ["--series", "10", "--steps", "1", "--start", "99999999999000"];
    let output = run(&[&["bench", "write", "--quiet", "--url", &push][..], &load].concat());
    let (_, stderr) = texts(&output);
    assert!(!output.status.success());
    assert!(stderr.contains("status 400") && stderr.contains("err-mneme"), "{stderr}");
}

/// A receiver that is busy once.
#[test]
fn a_busy_receiver_is_asked_again_when_it_says() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/write", listener.local_addr().unwrap());
    let receiver = thread::spawn(move || {
        for reply in ["503 Busy\r\nRetry-After: 0", "204 No Content"] {
            let (mut tcp, _) = listener.accept().unwrap();
            read_request(&mut tcp);
            write!(tcp, "HTTP/1.1 {reply}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    let load = ["--series", "10", "--steps", "1", "--connections", "1"];
    let (success, report, stderr) =
        report(&[&["bench", "write", "--quiet", "--url", &url][..], &load].concat());
    receiver.join().unwrap();
    assert!(success, "{stderr}");
    let counts = (&report["samples"], &report["requests"], &report["errors"], &report["retries"]);
    assert_eq!(counts, (&10.into(), &1.into(), &1.into(), &1.into()), "{report}");
}

fn read_request(tcp: &mut TcpStream) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = tcp.read(&mut piece).unwrap();
        request.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        if n == 0 || request.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
            return;
        }
    }
}
