//! Azure over the wire, against Microsoft's emulator: the backends' suite, keys and signatures, and a whole process on it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod azurite;
#[path = "../../../lib/bucket/tests/suite/mod.rs"]
mod suite;

use std::time::Duration;

use bytes::Bytes;
use mneme_bucket::{AttemptIds, AzureConfig, Bucket, Created, Credential, Error, check};
use mneme_tests::http::Client;
use mneme_tests::ledger::Sender;
use mneme_tests::{Mneme, now_ms, run_mneme};

use azurite::{ACCOUNT, Azurite, CONTAINER, KEY, SAS, SAS_TO_READ, options};

fn url() -> String {
    format!("az://{CONTAINER}/some/prefix")
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_does_what_every_backend_does() {
    let Some(azurite) = Azurite::start() else { return };
    suite::run(&Bucket::open(&format!("az://{CONTAINER}"), azurite.options()).await.unwrap()).await;
    suite::run(&Bucket::open(&url(), azurite.options_signed(SAS)).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_and_a_container_that_is_not_there_are_told_as_what_they_are() {
    let Some(azurite) = Azurite::start() else { return };
    let wrong = options(AzureConfig { account_key: Credential::new("d3Jvbmc="), ..azurite.config() });
    for options in [wrong, azurite.options_signed(SAS_TO_READ)] {
        let stranger = Bucket::open(&url(), options).await.unwrap();
        let error = check::check(&stranger, &AttemptIds::random()).await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        assert!(!error.to_string().contains("sig="), "{error}");
    }
    let reader = Bucket::open(&url(), azurite.options_signed(SAS_TO_READ)).await.unwrap();
    assert!(reader.keys("check", None, None).await.unwrap().is_empty(), "it may read");
    assert!(matches!(reader.delete("a").await, Err(Error::Denied { .. })), "but not delete");

    let mut options = azurite.options();
    options.operation_timeout = Duration::from_millis(200);
    let absent = Bucket::open("az://another-container", options).await.unwrap();
    let created = absent.create("a", Bytes::new()).await;
    let Created::Unknown(refused) = created else { panic!("{created:?}") };
    for error in [
        refused,
        absent.get("a").await.unwrap_err(),
        absent.head("a").await.unwrap_err(),
        absent.put("a", Bytes::new()).await.unwrap_err(),
        absent.delete("a").await.unwrap_err(),
        absent.keys("a", None, None).await.unwrap_err(),
        check::check(&absent, &AttemptIds::random()).await.unwrap_err(),
    ] {
        let told = ["ContainerNotFound", "The specified container does not exist"];
        let words = error.to_string();
        let is_told = told.iter().any(|told| words.contains(told));
        assert!(matches!(error, Error::Store { .. }) && is_told, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_on_it_keeps_what_it_acknowledged() {
    let Some(azurite) = Azurite::start() else { return };
    tokio::task::spawn_blocking(move || {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mneme.yaml");
        let yaml = format!(
            "bucket:\n  url: {}\n  azure:\n    endpoint: {}/\n    insecure: true\n    account_name: {ACCOUNT}\n    \
             account_key: {KEY}\n",
            url(),
            azurite.endpoint()
        );
        std::fs::write(&file, yaml).unwrap();
        let config = file.display().to_string();
        let checked = run_mneme(&["bucket", "check", &url(), "--config", &config]);
        assert!(checked.success && checked.text.contains("fit"), "{}", checked.text);
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
        assert!(shown.contains("endpoint: http://127.0.0.1") && !shown.contains(KEY), "{shown}");
        mneme.stop();
    })
    .await
    .unwrap();
}
