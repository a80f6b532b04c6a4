//! What Grafana and other clients ask to learn whom they talk to.

use crate::fake::Fake;
use crate::harness::{Api, success};

#[tokio::test]
async fn build_info_has_features_that_are_all_strings() {
    let (code, body) = Api::new(Fake::default()).get("status/buildinfo").await;
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, value["data"]["version"].as_str()), (200, Some("1.2.3")));
    let features = value["data"]["features"].as_object().unwrap();
    assert!(!features.is_empty() && features.values().all(serde_json::Value::is_string), "{body}");
}

#[tokio::test]
async fn what_only_a_scraping_server_has_is_well_formed_and_empty() {
    let api = Api::new(Fake::default());
    assert_eq!(api.get("rules").await, success(r#"{"groups":[]}"#));
    assert_eq!(api.get("alerts").await, success(r#"{"alerts":[]}"#));
    assert_eq!(
        api.get("alertmanagers").await,
        success(r#"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#)
    );
    for path in [
        "targets",
        "targets/metadata",
        "scrape_pools",
        "status/config",
        "status/runtimeinfo",
        "notifications",
    ] {
        let (code, body) = api.get(path).await;
        assert!(code == 200 && serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{path}: {body}");
    }
    assert_eq!(api.get("status/flags").await, success("{}"));
}
