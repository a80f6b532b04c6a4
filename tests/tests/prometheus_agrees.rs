//! A real Prometheus scrapes a real node_exporter, itself and Mneme, and remote-writes into Mneme. Whoever then asks
//! either of the two gets the same answer, also after Mneme was killed and started again, after its recent data became blocks, and
//! from the bucket alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use mneme_tests::http::{Client, encode};
use mneme_tests::{Mneme, NodeExporter, Prometheus, compare, has_debian, say, wait};
use serde_json::Value;

/// Relative; the order of summation may differ between the two.
const TOLERANCE: f64 = 1e-12;
/// Debian's Prometheus 2.42 leaves the `headers` of remote_write out, so its tenant is told by a token.
const MNEME_CONFIG: &str =
    "auth: {credentials: [{token: sesame, tenants: [demo]}, {token: root, tenants: ['*']}]}";
const TOKEN: &str = "sesame";
const OPERATOR: &str = "root";
/// How much of the past is compared.
const MINUTE: f64 = 60.0;
/// How far queries look ahead of their time, in seconds.
const AHEAD: f64 = 3.0;

/// Everything here means the same in Debian's Prometheus (2.42) and in 3.14, as long as no sample lies exactly on the
/// edge of a range: `quiet_moment` picks the times so.
const QUERIES: &[&str] = &[
    "up",
    "node_load1",
    "node_memory_MemTotal_bytes",
    "{__name__=~\"node_memory_.+_bytes\"}",
    "node_cpu_seconds_total{mode!~\"idle|iowait\"}",
    "node_cpu_seconds_total{cpu=\"0\",mode=~\"s.*\"} offset 7s",
    "rate(node_cpu_seconds_total[20s])",
    "sum by (mode) (rate(node_cpu_seconds_total[20s]))",
    "sum without (cpu, mode) (increase(node_cpu_seconds_total[20s]))",
    "irate(node_network_receive_bytes_total[10s])",
    "delta(node_memory_MemAvailable_bytes[15s])",
    "idelta(node_memory_MemAvailable_bytes[15s])",
    "deriv(node_memory_MemAvailable_bytes[20s])",
    "predict_linear(node_memory_MemFree_bytes[20s], 60)",
    "avg_over_time(node_load1[20s])",
    "max_over_time(node_memory_MemFree_bytes[20s])",
    "min_over_time(node_memory_MemFree_bytes[20s])",
    "sum_over_time(up[20s])",
    "count_over_time(up[20s])",
    "last_over_time(node_load5[20s])",
    "stddev_over_time(node_memory_MemFree_bytes[20s])",
    "quantile_over_time(0.9, node_memory_MemFree_bytes[20s])",
    "changes(node_memory_MemFree_bytes[20s])",
    "resets(node_cpu_seconds_total[20s])",
    "present_over_time(up[5s])",
    "absent(nonexistent{job=\"x\"})",
    "absent_over_time(nonexistent[5s])",
    "count(up)",
    "count by (job) ({__name__=~\".+\", job=\"node\"})",
    "avg(node_load1) + on () sum(node_load5)",
    "min by (job) (scrape_duration_seconds)",
    "max(scrape_samples_scraped)",
    "stddev(node_cpu_seconds_total)",
    "quantile(0.75, node_cpu_seconds_total)",
    "topk(3, node_cpu_seconds_total)",
    "bottomk by (job) (1, scrape_duration_seconds)",
    "count_values(\"value\", up)",
    "sort_desc(node_filesystem_size_bytes)",
    "node_memory_MemFree_bytes / node_memory_MemTotal_bytes * 100",
    "node_filesystem_avail_bytes / ignoring () node_filesystem_size_bytes > 0.01",
    "node_cpu_seconds_total * on (instance) group_left (nodename) node_uname_info",
    "node_load1 > bool 0.5",
    "up == 1 and on (job) scrape_samples_scraped > 10",
    "up or node_load1",
    "up unless on (job) node_load1",
    "histogram_quantile(0.9, rate(prometheus_http_request_duration_seconds_bucket[30s]))",
    "histogram_quantile(0.5, sum by (le) (prometheus_http_response_size_bytes_bucket))",
    "label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")",
    "label_join(up, \"both\", \"-\", \"job\", \"instance\")",
    "max_over_time(rate(node_cpu_seconds_total[10s])[20s:5s])",
    "sum(avg_over_time(node_load1[10s:1s]))",
    "clamp(node_load1, 0.1, 0.5)",
    "round(node_load1, 0.1) ^ 2 % 3",
    "abs(-node_load1) + sqrt(node_load5) - ln(node_load15 + 1)",
    "scalar(sum(up)) * vector(2)",
    "time() - timestamp(up)",
    "hour(vector(time()))",
    "mneme_build_info",
    "-node_load1 offset -3s",
    "prometheus_tsdb_head_series @ end()",
];

#[test]
fn every_answer_is_prometheus_answer_also_after_a_crash_and_from_blocks() {
    if !has_debian("prometheus") || !has_debian("prometheus-node-exporter") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config_file = dir.path().join("mneme.yaml");
    std::fs::write(&config_file, MNEME_CONFIG).unwrap();
    let bucket = format!("file://{}", dir.path().join("bucket").display());
    let args = ["--config", config_file.to_str().unwrap(), "--bucket", &bucket];
    let start = || Mneme::start_with(dir.path(), &args);
    let mut mneme = start();
    let node = NodeExporter::start(dir.path());
    let prometheus = Prometheus::start(dir.path(), &config(&mneme, &node));

    let sides =
        Sides { prometheus: prometheus.url, mneme: mneme.url("/prometheus"), client: Client::default() };
    let end = sides.quiet_moment();
    sides.wait_until_written(end);
    sides.compare_all(end);

    mneme.kill();
    let mut mneme = start();
    let sides = Sides { mneme: mneme.url("/prometheus"), ..sides };
    sides.compare_all(end);

    flush(&mneme);
    sides.compare_all(end);

    mneme.kill();
    std::fs::remove_dir_all(dir.path().join("data")).unwrap();
    let mneme = start();
    let sides = Sides { mneme: mneme.url("/prometheus"), ..sides };
    sides.compare_all(end);
    mneme.stop();
}

/// Everything written so far becomes blocks.
fn flush(mneme: &Mneme) {
    let authorization = [("Authorization", &*format!("Bearer {OPERATOR}"))];
    let client = Client::new(Duration::from_secs(60));
    let reply = client.post(&mneme.url("/ingester/flush?wait=true"), &authorization, &[]).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let done = reply.json()["data"].clone();
    say(&format!("flushed before the comparison goes on: {done}"));
    assert!(done["blocks"].as_u64() >= Some(1) && done["samples"].as_u64() > Some(50_000), "{done}");
}

fn config(mneme: &Mneme, node: &NodeExporter) -> String {
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n\
         scrape_configs:\n\
         - {{job_name: node, static_configs: [{{targets: ['{}']}}]}}\n\
         - {{job_name: prometheus, static_configs: [{{targets: ['{{self}}']}}]}}\n\
         - {{job_name: mneme, static_configs: [{{targets: ['{}']}}]}}\n\
         remote_write:\n\
         - url: {}\n  \
           authorization: {{credentials: {TOKEN}}}\n  \
           queue_config: {{batch_send_deadline: 500ms}}\n  \
           metadata_config: {{send_interval: 5s}}\n",
        node.address,
        mneme.url("").trim_start_matches("http://"),
        mneme.url("/api/v1/push"),
    )
}

struct Sides {
    prometheus: String,
    mneme: String,
    client: Client,
}

impl Sides {
    /// Waits for a minute of scrapes; gives its end as seconds, at a moment of the second when no target is scraped.
    fn quiet_moment(&self) -> f64 {
        let scrapes = "min(count_over_time(up[5m]))";
        wait::until("a minute of scrapes", Duration::from_secs(150), || {
            let reply = self
                .client
                .get(&format!("{}/api/v1/query?query={}", self.prometheus, encode(scrapes)))
                .ok()?;
            let count = reply.json()["data"]["result"][0]["value"][1].as_str()?.parse::<f64>().ok()?;
            let targets =
                self.client.get(&format!("{}/api/v1/query?query=count(up==1)", self.prometheus)).ok()?.json();
            (count > MINUTE + 4.0 + AHEAD && targets["data"]["result"][0]["value"][1] == "3").then_some(())
        });
        let reply =
            self.client.get(&format!("{}/api/v1/query?query=timestamp(up)", self.prometheus)).unwrap().json();
        let times: Vec<f64> = reply["data"]["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| series["value"][1].as_str().unwrap().parse().unwrap())
            .collect();
        let distance = |phase: f64| {
            let apart = |t: &f64| (t.fract() - phase).abs().min(1.0 - (t.fract() - phase).abs());
            times.iter().map(apart).fold(1.0, f64::min)
        };
        let phase = (0..100)
            .map(|i| f64::from(i) / 100.0)
            .max_by(|a, b| distance(*a).total_cmp(&distance(*b)))
            .unwrap();
        times.iter().copied().fold(f64::INFINITY, f64::min).floor() - 2.0 - AHEAD + phase
    }

    /// Waits until Prometheus has written everything that a query at `end` sees, and more, into Mneme.
    fn wait_until_written(&self, end: f64) {
        let end = end + AHEAD;
        let samples = format!("sum_over_time(count({{__name__=~\".+\"}})[{MINUTE}s:1s])");
        wait::until("Prometheus to have written all samples", Duration::from_secs(30), || {
            let (left, right) =
                (self.instant(&self.prometheus, &samples, end), self.instant(&self.mneme, &samples, end));
            (compare::points(&left) == 1 && left == right).then_some(())
        });
    }

    fn compare_all(&self, end: f64) {
        let mut differences = Vec::new();
        let mut points = 0;
        for query in QUERIES {
            let (left, right) =
                (self.instant(&self.prometheus, query, end), self.instant(&self.mneme, query, end));
            points += compare::points(&left);
            differences.extend(
                compare::difference(&left, &right, TOLERANCE).map(|d| format!("instant {query}: {d}")),
            );
            let (left, right) =
                (self.range(&self.prometheus, query, end), self.range(&self.mneme, query, end));
            points += compare::points(&left);
            differences
                .extend(compare::difference(&left, &right, TOLERANCE).map(|d| format!("range {query}: {d}")));
        }
        say(&format!(
            "compared {points} points of {} queries with Prometheus, instant and range",
            QUERIES.len()
        ));
        assert!(
            differences.is_empty(),
            "Prometheus (left) and Mneme (right) differ:\n{}",
            differences.join("\n")
        );
        assert!(points > 5_000, "the comparison has substance: {points} points");
    }

    fn instant(&self, side: &str, query: &str, time: f64) -> Value {
        self.data(&format!("{side}/api/v1/query?query={}&time={time:.3}", encode(query)))
    }

    fn range(&self, side: &str, query: &str, end: f64) -> Value {
        let start = end - MINUTE / 2.0;
        self.data(&format!(
            "{side}/api/v1/query_range?query={}&start={start:.3}&end={end:.3}&step=1",
            encode(query)
        ))
    }

    fn data(&self, url: &str) -> Value {
        let reply = self
            .client
            .get_with(url, &[("Authorization", &format!("Bearer {TOKEN}"))])
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(reply.status, 200, "{url}: {}", reply.text());
        reply.json()["data"].clone()
    }
}
