//! Replies byte by byte, as they are kept in `tests/golden`. After a wanted change: remove the file, run the test, read what it wrote.

use std::path::Path;

use crate::fake::Fake;
use crate::harness::Api;

/// File, and what is asked below `/prometheus/api/v1/`.
const CASES: &[(&str, &str)] = &[
    ("query.json", "query?query=up&time=120.5"),
    ("query_limit.json", "query?query=up&time=120.5&limit=1"),
    ("query_lookback.json", "query?query=up&time=200&lookback_delta=70s"),
    ("query_matrix.json", "query?query=up[5m]&time=120.5"),
    ("query_scalar.json", "query?query=1%2B1&time=0.01"),
    ("query_string.json", "query?query=\"a<b\"&time=1"),
    ("query_histogram.json", "query?query=h&time=60"),
    ("query_warning.json", "query?query=rate(up[5m])&time=120"),
    ("query_utf8.json", "query?query={\"http.up\"}&time=60"),
    ("query_range.json", "query_range?query=up&start=60&end=180&step=60"),
    ("query_range_points.json", "query_range?query=up&start=0&end=11001&step=1"),
    ("query_exemplars.json", "query_exemplars?query=up"),
    ("query_explain.json", "query_explain?query=sum by (job) (rate(up[5m])) / 2 ^ 3&time=120"),
    ("query_explain_range.json", "query_explain?query=up - up @ end()&start=60&end=180&step=60"),
    ("query_explain_error.json", "query_explain?query=sum(&time=120"),
    ("format_query.json", "format_query?query=sum(rate(up{job=\"a\"}[5m]))by(job)>bool 1"),
    (
        "parse_query.json",
        "parse_query?query=sum by(job)(rate(up{job=~\"a|b\",x!=\"\"}[5m] offset 1m)) / on(job) group_left(x) (-{\"http.up\"} @ 1.5)",
    ),
    (
        "parse_query_calls.json",
        "parse_query?query=topk(2, max_over_time(up[1h:5m] @ end())) or vector(NaN) == bool label_replace(up,\"a\",\"<$1>\",\"b\",\"(.*)\")",
    ),
    ("parse_query_error.json", "parse_query?query=sum("),
    ("series.json", "series?match[]=up&match[]=down"),
    ("labels.json", "labels"),
    ("labels_limit.json", "labels?limit=2"),
    ("label_values.json", "label/job/values"),
    ("label_values_utf8.json", "label/U__my_2e_label/values"),
    ("metadata.json", "metadata"),
    (
        "search_metric_names.ndjson",
        "search/metric_names?search[]=u&include_score=true&include_metadata=true&batch_size=2",
    ),
    ("search_label_names.ndjson", "search/label_names?limit=2&sort_by=alpha&sort_dir=dsc"),
    (
        "search_label_values.ndjson",
        "search/label_values?label=job&search[]=B&case_sensitive=false&fuzz_alg=jarowinkler",
    ),
    ("search_nothing.ndjson", "search/label_values?label=job&search[]=zzz"),
    ("search_label_values_error.json", "search/label_values"),
    ("status_buildinfo.json", "status/buildinfo"),
    ("status_runtimeinfo.json", "status/runtimeinfo"),
    ("status_config.json", "status/config"),
    ("status_flags.json", "status/flags"),
    ("status_tsdb.json", "status/tsdb"),
    ("status_tsdb_limit.json", "status/tsdb?limit=1"),
    ("status_tsdb_error.json", "status/tsdb?limit=0"),
    ("status_tsdb_blocks.json", "status/tsdb/blocks"),
    ("status_walreplay.json", "status/walreplay"),
    ("status_self_metrics.json", "status/self_metrics"),
    ("features.json", "features"),
    ("targets.json", "targets"),
    ("targets_metadata.json", "targets/metadata"),
    ("targets_relabel_steps.json", "targets/relabel_steps?scrapePool=x&labels={}"),
    ("scrape_pools.json", "scrape_pools"),
    ("scrape_pools_config.json", "scrape_pools/config"),
    ("alertmanagers.json", "alertmanagers"),
    ("rules.json", "rules?type=alert&group_limit=5"),
    ("rules_error.json", "rules?type=both"),
    ("rules_token_error.json", "rules?group_next_token=x"),
    ("alerts.json", "alerts"),
    ("notifications.json", "notifications"),
    ("notifications_live.json", "notifications/live"),
    ("queries.json", "queries"),
    ("cardinality_label_names.json", "cardinality/label_names?limit=2"),
    (
        "cardinality_label_values.json",
        "cardinality/label_values?label_names[]=job&label_names[]=__name__&selector=up",
    ),
    (
        "cardinality_label_values_active.json",
        "cardinality/label_values?label_names[]=__name__&count_method=active",
    ),
    ("cardinality_label_values_error.json", "cardinality/label_values"),
    ("cardinality_active_series.json", "cardinality/active_series?selector=recent"),
    ("user_stats.json", "user_stats"),
];

fn fake() -> Fake {
    Fake::default()
        .with("anonymous", &[("__name__", "up"), ("job", "a")], &[(60_000, 1.0), (120_000, 0.25)])
        .with("anonymous", &[("__name__", "up"), ("job", "b<")], &[(60_000, f64::NAN), (120_000, 1e21)])
        .with("anonymous", &[("__name__", "down"), ("job", "b<"), ("my.label", "ü\"")], &[(60_000, -0.0)])
        .with("anonymous", &[("__name__", "http.up")], &[(60_000, 3.0)])
        .with("anonymous", &[("__name__", "recent")], &[(3_595_000, 1.0)])
        .with_histogram("anonymous", &[("__name__", "h")], 60_000)
        .with("stranger", &[("__name__", "up"), ("job", "secret")], &[(60_000, 1.0)])
}

#[tokio::test]
async fn replies_are_the_golden_ones() {
    let api = Api::new(fake());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut wrong = Vec::new();
    for (file, path) in CASES {
        let (code, body) = api.get(path).await;
        let path = folder.join(file);
        let reply = format!("{code}\n{body}\n");
        match std::fs::read_to_string(&path) {
            Ok(golden) if golden == reply => {}
            Ok(golden) => wrong.push(format!("{file}\n  wanted {golden}  got    {reply}")),
            Err(_) => {
                std::fs::write(&path, &reply).unwrap();
                wrong.push(format!("{file} is new: {reply}"));
            }
        }
        assert!(!body.contains("secret"), "{file}: another tenant's data");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_golden_file_has_its_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(CASES.iter().any(|(case, _)| *case == name), "{name} belongs to no case");
    }
}
