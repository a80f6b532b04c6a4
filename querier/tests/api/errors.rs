//! What is refused, with which code and words.

use std::time::Duration;

use mneme_proto::internal::ingester::Error;
use mneme_querier::Config;
use mneme_tenant::Limits;

use crate::fake::Fake;
use crate::harness::{Api, error};

#[tokio::test]
async fn parameters_are_refused_in_prometheus_words() {
    let api = Api::new(Fake::default());
    let cases = [
        (
            "query?query=1&time=x",
            r#"invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp"#,
        ),
        ("query?query=1&timeout=x", r#"invalid parameter "timeout": cannot parse "x" to a valid duration"#),
        ("query?query=1&limit=-1", r#"invalid parameter "limit": limit must be non-negative"#),
        (
            "query?query=1&lookback_delta=x",
            r#"error parsing lookback delta duration: cannot parse "x" to a valid duration"#,
        ),
        (
            "query?query=",
            r#"invalid parameter "query": unknown position: parse error: no expression found in input"#,
        ),
        (
            "query_range?query=1&end=1&step=1",
            r#"invalid parameter "start": cannot parse "" to a valid timestamp"#,
        ),
        (
            "query_range?query=1&start=2&end=1&step=1",
            r#"invalid parameter "end": end timestamp must not be before start time"#,
        ),
        (
            "query_range?query=1&start=1&end=2&step=",
            r#"invalid parameter "step": cannot parse "" to a valid duration"#,
        ),
        (
            "query_range?query=1&start=1&end=2&step=0",
            r#"invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer"#,
        ),
        (
            "query_range?query=1&start=0&end=11001&step=1",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ),
        ("query_exemplars?query=up&start=2&end=1", "end timestamp must not be before start timestamp"),
    ];
    for (path, text) in cases {
        assert_eq!(api.get(path).await, error(400, "bad_data", text), "{path}");
    }
}

#[tokio::test]
async fn an_ingester_that_is_not_ready_is_503_and_never_an_empty_answer() {
    let failing = |failure| Api::new(Fake { failure: Some(failure), ..Fake::default() });
    let api = failing(Error::NotReady("replaying".to_owned()));
    for path in ["query?query=up", "series?match[]=up", "labels", "label/job/values"] {
        assert_eq!(
            api.get(path).await,
            error(503, "unavailable", "ingester is not ready: replaying"),
            "{path}"
        );
    }
    let api = failing(Error::Internal("x".to_owned()));
    assert_eq!(api.get("query?query=up").await, error(500, "internal", "ingester failed: x"));
}

#[tokio::test(start_paused = true)]
async fn a_query_ends_at_its_timeout() {
    let api = Api::new(Fake { stuck: true, ..Fake::default() });
    let expected = error(503, "timeout", "query timed out in query preparation");
    assert_eq!(api.get("query?query=up&timeout=30ms").await, expected);
    assert_eq!(api.get("query?query=up&timeout=1h").await, expected);
    let count = api.registry.gather().iter().any(|family| {
        family.name() == "mneme_query_requests_total"
            && family.get_metric().iter().any(|m| m.get_label().iter().any(|l| l.value() == "503"))
    });
    assert!(count, "timeouts are counted");
}

#[tokio::test]
async fn limits_name_themselves() {
    let fake = || {
        Fake::default().with("anonymous", &[("__name__", "up"), ("i", "1")], &[(1000, 1.0)]).with(
            "anonymous",
            &[("__name__", "up"), ("i", "2")],
            &[(1000, 1.0)],
        )
    };
    let limits = Limits {
        max_query_expression_size_bytes: 10,
        max_total_query_length: Duration::from_secs(3600),
        max_fetched_series_per_query: 1,
        ..Limits::default()
    };
    let api = Api::with(fake(), limits, Config::default());
    let text = "the request raw query size in bytes exceeds the limit (query size: 11, limit: 10) (err-mneme-max-query-expression-size-bytes). To adjust the related per-tenant limit, configure limits.max_query_expression_size_bytes, or contact your service administrator.";
    assert_eq!(api.get("query?query=12345678901").await, error(400, "bad_data", text));
    let (code, body) = api.get("query_range?query=up&start=0&end=7200&step=60").await;
    assert!(code == 400 && body.contains("(err-mneme-max-total-query-length)"), "{body}");
    let (code, body) = api.get("query?query=up&time=1").await;
    assert!(
        code == 422
            && body.contains(r#""errorType":"execution""#)
            && body.contains("(err-mneme-max-series-per-query)"),
        "{body}"
    );

    // 200 bytes: neither what is fetched may be more, nor what is computed.
    let limits = Limits { max_estimated_memory_consumption_per_query: 200, ..Limits::default() };
    let api = Api::with(fake(), limits, Config::default());
    for query in ["query=up", "query=vector(1)[1h:1s]"] {
        let (code, body) = api.get(&format!("query?{query}&time=1")).await;
        let text = "the query exceeded the maximum allowed estimated amount of memory consumed by a single query (limit: 200 bytes";
        let id = "(err-mneme-max-estimated-memory-consumption-per-query)";
        let option = "configure limits.max_estimated_memory_consumption_per_query and querier.max_memory_bytes_per_query";
        let told = [text, id, option].into_iter().all(|part| body.contains(part));
        assert!(code == 422 && told, "{query}: {body}");
    }

    let limits = Limits { max_query_lookback: Duration::from_secs(60), ..Limits::default() };
    let api = Api::with(fake(), limits, Config::default());
    assert_eq!(
        api.get("query?query=up&time=1").await.1,
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#
    );
    assert_eq!(api.get("series?match[]=up").await.1, r#"{"status":"success","data":[]}"#);
}

#[tokio::test]
async fn a_tenant_name_that_cannot_be_is_refused() {
    let api = Api::new(Fake::default());
    let (code, body) = api.get_as("a/b", "/api/v1/labels").await;
    assert!(code == 400 && body.contains("unsupported character '/'"), "{body}");
}
