//! What it costs to read requests: 2000 series with one sample each. Divide a request's time by 2000 for that of a sample.
//! Physical limits by PERF (ns per sample, W1 / W3): snappy 45 / 30, a walk without copies 190 / 86, with UTF-8 checked 250 / 108.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mneme_proto::remote_write::{Encoder, Request, Sample, Series, SeriesToEncode, Version, snappy};

const SERIES: usize = 2000;

/// 12 labels, as in a Kubernetes cluster; about 360 bytes in 1.0.
fn kubernetes(i: usize) -> Vec<(String, String)> {
    let (target, metric) = (i / 500, i % 500);
    [
        ("__name__", format!("component_requests_of_some_kind_{}_total", metric / 4)),
        ("cluster", format!("prod-eu-west-{}", target % 3)),
        ("code", ["200", "404", "500"][metric / 4 % 3].to_owned()),
        ("container", format!("service-{}", target % 40)),
        ("endpoint", "http-metrics".to_owned()),
        ("instance", format!("10.0.{}.{}:8080", target / 250, target % 250)),
        ("job", format!("service-{}", target % 40)),
        ("method", ["GET", "POST", "PUT", "DELETE"][metric % 4].to_owned()),
        ("namespace", format!("department-{}", target % 20)),
        ("node", format!("ip-10-1-{}.eu-west-1.compute.internal", target % 97)),
        ("pod", format!("service-{}-5d8f7c9b6d-{target:05x}", target % 40)),
        ("prometheus", "monitoring/k8s".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// 5 labels, as a node_exporter's series after a scrape; about 150 bytes in 1.0.
fn node(i: usize) -> Vec<(String, String)> {
    [
        ("__name__", format!("node_some_subsystem_{}_bytes_total", i / 8)),
        ("cpu", (i % 8).to_string()),
        ("instance", format!("10.0.0.{}:9100", i / 600)),
        ("job", "node".to_owned()),
        ("mode", ["idle", "iowait", "irq", "user"][i % 4].to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn request(version: Version, labels: impl Fn(usize) -> Vec<(String, String)>) -> Vec<u8> {
    let mut encoder = Encoder::new(version);
    for i in 0..SERIES {
        let labels = labels(i);
        let labels: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let samples = [Sample { t: 1_700_000_000_000 + i as i64 % 3, v: i as f64, st: 0 }];
        encoder.series(&SeriesToEncode { labels: &labels, samples: &samples, ..Default::default() });
    }
    encoder.finish()
}

fn bench(criterion: &mut Criterion) {
    for (name, version, message) in [
        ("12 labels, 1.0", Version::V1, request(Version::V1, kubernetes)),
        ("12 labels, 2.0", Version::V2, request(Version::V2, kubernetes)),
        ("5 labels, 1.0", Version::V1, request(Version::V1, node)),
    ] {
        let body = snappy::compress(&message);
        let mut buffer = Vec::new();
        criterion.bench_function(&format!("snappy, {name}: {} bytes", message.len() / SERIES), |bencher| {
            bencher.iter(|| black_box(snappy::decompress(&body, 1 << 30, &mut buffer).expect("valid").len()));
        });
        criterion.bench_function(&format!("walk and check UTF-8, {name}"), |bencher| {
            bencher.iter(|| {
                let request = Request::parse(version, &message).expect("valid");
                let (mut walk, mut series) = (request.timeseries(), Series::new());
                let mut labels = 0;
                while walk.next(&mut series).expect("valid") {
                    labels += black_box(series.labels.len());
                }
                labels
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = bench
}
criterion_main!(benches);
