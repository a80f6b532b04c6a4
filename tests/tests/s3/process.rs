//! `mneme` itself on S3.

use std::path::Path;

use mneme_tests::http::Client;
use mneme_tests::ledger::Sender;
use mneme_tests::{Mneme, now_ms, run_mneme};

use crate::server::{KEY, SECRET, Server};
use crate::store::{BUCKET, Mischief, Objects};

fn config(server: &Server, dir: &Path) -> String {
    let yaml = format!(
        "bucket:\n  url: s3://{BUCKET}/mneme\n  s3:\n    endpoint: {}\n    insecure: true\n    access_key_id: {KEY}\n    \
         secret_access_key: {SECRET}\n",
        server.endpoint()
    );
    let file = dir.join("mneme.yaml");
    std::fs::write(&file, yaml).unwrap();
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_is_there_after_a_kill_with_an_empty_data_directory() {
    let server = Server::start(Objects::default()).await;
    tokio::task::spawn_blocking(move || {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&server, dir.path());
        let mut mneme = Mneme::start_with(dir.path(), &["--config", &config]);
        let sender = Sender { seed: 7, number: 1, start_ms: now_ms() - 3_600_000 };
        let progress = sender.run_requests(&mneme.url("/api/v1/push"), 20);
        assert_eq!(progress.acknowledged, 20, "{progress:?}");
        mneme.kill();
        std::fs::remove_dir_all(dir.path().join("data")).unwrap();
        let mneme = Mneme::start_with(dir.path(), &["--config", &config]);
        let samples = sender.verify(&Client::default(), &mneme.url("/prometheus/api/v1/query"), progress);
        assert!(samples > 0);
        let shown = mneme.get("/config").text();
        assert!(shown.contains("endpoint: http://127.0.0.1") && !shown.contains(SECRET), "{shown}");
        assert!(mneme.get("/metrics").text().contains(r#"mneme_bucket_requests_total{operation="create"}"#));
        mneme.stop();
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_command_says_what_is_wrong() {
    let good = Server::start(Objects::with(Mischief { versioned: true, ..Mischief::default() })).await;
    let expiring =
        Server::start(Objects::with(Mischief { expiring: Some("mneme/wal/"), ..Mischief::default() })).await;
    let broken =
        Server::start(Objects::with(Mischief { creates_are_not_atomic: true, ..Mischief::default() })).await;
    tokio::task::spawn_blocking(move || {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("s3://{BUCKET}/mneme");
        for (server, success, words) in [
            (&good, true, vec!["fit", "keeps old versions"]),
            (&expiring, false, vec!["wal/", "tidy"]),
            (&broken, false, vec!["not atomic"]),
        ] {
            let config = config(server, dir.path());
            let output = run_mneme(&["bucket", "check", &url, "--config", &config]);
            assert_eq!(output.success, success, "{}", output.text);
            for word in words {
                assert!(output.text.contains(word), "{word}: {}", output.text);
            }
        }
    })
    .await
    .unwrap();
}
