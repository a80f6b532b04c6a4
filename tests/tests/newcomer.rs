//! What the README's first screen promises: `mneme serve` on its defaults, and the first query returns data.

use std::time::Duration;

use mneme_tests::{Mneme, wait};

#[test]
fn the_first_query_returns_data_and_the_page_says_what_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mneme = Mneme::start(dir.path());

    let data = wait::until("the process's own metrics", Duration::from_secs(20), || {
        let reply = mneme.get("/prometheus/api/v1/query?query=mneme_build_info");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let result = reply.json()["data"]["result"].clone();
        result.as_array().is_some_and(|series| !series.is_empty()).then_some(result)
    });
    assert_eq!(data[0]["metric"]["job"], "mneme");
    assert_eq!(data[0]["value"][1], "1");

    let page = mneme.get("/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    for link in ["/metrics", "/ready", "/config", "/prometheus/api/v1/"] {
        assert!(page.text().contains(link), "the page links {link}");
    }

    let metrics = mneme.get("/metrics").text();
    for name in ["mneme_build_info", "mneme_http_requests_total", "process_resident_memory_bytes"] {
        assert!(metrics.contains(name), "/metrics has {name}");
    }
    mneme.stop();
}
