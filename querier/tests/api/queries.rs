//! `/query`, `/query_range`, `/query_exemplars`, `/format_query`.

use crate::fake::Fake;
use crate::harness::{Api, success};

fn api() -> Api {
    Api::new(
        Fake::default()
            .with("anonymous", &[("__name__", "up"), ("job", "a")], &[(60_000, 1.0), (120_000, 0.25)])
            .with("anonymous", &[("__name__", "up"), ("job", "b")], &[(60_000, f64::NAN)]),
    )
}

#[tokio::test]
async fn an_instant_query_gives_the_last_values() {
    let api = api();
    let a = r#"{"metric":{"__name__":"up","job":"a"},"value":[120.500,"0.25"]}"#;
    let b = r#"{"metric":{"__name__":"up","job":"b"},"value":[120.500,"NaN"]}"#;
    let both = success(&format!(r#"{{"resultType":"vector","result":[{a},{b}]}}"#));
    for path in ["/prometheus/api/v1", "/api/v1", "/api/prom/api/v1"] {
        assert_eq!(api.get_as("", &format!("{path}/query?query=up&time=120.5")).await, both, "{path}");
    }
    assert_eq!(api.post("query", "query=up&time=120.5").await, both);
    let (_, cut) = api.get("query?query=up&time=120.5&limit=1").await;
    assert!(cut.contains(a) && !cut.contains(b) && cut.contains("results truncated due to limit"), "{cut}");
}

#[tokio::test]
async fn health_checks_are_answered() {
    let (code, body) = api().post("query", "query=1%2B1&time=0.01").await;
    assert_eq!(
        (code, body.as_str()),
        (200, r#"{"status":"success","data":{"resultType":"scalar","result":[0.01,"2"]}}"#)
    );
}

#[tokio::test]
async fn statistics_are_given_when_asked_for() {
    let api = api();
    let (_, body) = api.get("query?query=up&time=120&stats=all").await;
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert!(value["data"]["stats"]["timings"]["execTotalTime"].is_number(), "{body}");
    assert!(
        value["data"]["stats"]["samples"]["peakSamples"].is_number() && value["warnings"].is_null(),
        "{body}"
    );
    let (_, body) = api.get("query?query=up&time=120&stats=yes").await;
    assert!(body.contains(r#"value \"yes\" for parameter \"stats\" is deprecated"#), "{body}");
}

#[tokio::test]
async fn exemplars_of_every_selector_come_once() {
    let api = api();
    let one = r#"[{"labels":{"trace_id":"abc"},"value":"1.5","timestamp":1.234}]"#;
    let series =
        |job: &str| format!(r#"{{"seriesLabels":{{"__name__":"up","job":"{job}"}},"exemplars":{one}}}"#);
    let expected = success(&format!("[{},{}]", series("a"), series("b")));
    assert_eq!(api.get("query_exemplars?query=up%2Bup%7Bjob=%22a%22%7D").await, expected);
    assert_eq!(api.get("query_exemplars?query=1").await, (204, String::new()));
    assert_eq!(api.get("query_exemplars?query=test").await, success("[]"));
}

#[tokio::test]
async fn format_query_prints_the_query() {
    assert_eq!(api().get("format_query?query=up%7Bjob=%22a%22%7D").await, success(r#""up{job=\"a\"}""#));
}

#[tokio::test]
async fn a_query_explains_itself_and_says_what_it_cost() {
    let api = api();
    let explain = |path: &'static str| {
        let api = &api;
        async move {
            let (code, body) = api.get(path).await;
            assert_eq!(code, 200, "{body}");
            serde_json::from_str::<serde_json::Value>(&body).unwrap()["data"].take()
        }
    };
    let planned = explain("query_explain?query=sum(up)&start=0&end=120&step=60").await;
    assert!(planned["explain"]["plan"]["operator"].is_string() && planned["fetched"].is_null(), "{planned}");
    let analyzed = explain("query_explain?query=sum(up)&time=120&analyze=true").await;
    assert_eq!(analyzed["fetched"]["series"], 2, "{analyzed}");
    assert!(analyzed["explain"]["plan"]["measured"]["seconds"].is_number(), "{analyzed}");
    let (code, body) = api.get("query_explain?query=sum(").await;
    assert!(code == 400 && body.contains("parse error"), "{body}");
}
