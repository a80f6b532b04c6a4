//! Series as in a Kubernetes cluster, by the shape of BLOCK_FORMAT: half of them constant, most targets on an exact grid, some with
//! jitter, some pods gone, few doubles without a pattern.

use mneme_model::{Labels, stale_nan};

use crate::source::{Column, Columns};

/// A small generator, so that every run measures the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Series per target.
const TARGET: usize = 250;

/// `count` series, a sample each 15 s for `length_ms`.
pub(crate) fn series(count: usize, length_ms: i64) -> Columns {
    let start = 1_699_999_200_000;
    let steps = length_ms / 15_000;
    let mut all = Vec::with_capacity(count);
    for target in 0..count.div_ceil(TARGET) {
        let mut random = Random(target as u64 + 7);
        let times = times(&mut random, target, start, steps);
        for i in 0..TARGET.min(count - target * TARGET) {
            let mut random = Random((target * TARGET + i) as u64 + 1_000_003);
            let mut t = times.clone();
            let mut v = values(&mut random, t.len());
            // 12 % of pods end.
            if target % 8 == 3 {
                let end = t.len() / 2 + (target % 5) * 7;
                t.truncate(end + 1);
                v.truncate(end);
                v.push(stale_nan());
            }
            all.push(Column { labels: labels(target, i), t, v });
        }
    }
    Columns::new(all)
}

/// 70 % exact, 25 % some milliseconds off, 5 % up to 400; a fifth misses scrapes.
fn times(random: &mut Random, target: usize, start: i64, steps: i64) -> Vec<i64> {
    let offset = random.below(15_000) as i64;
    let jitter = match target % 20 {
        0..14 => 0,
        14..19 => 3,
        _ => 400,
    };
    let mut times = Vec::with_capacity(steps as usize);
    for step in 0..steps {
        if target % 5 == 4 && random.below(300) == 0 {
            continue;
        }
        let off = if jitter == 0 { 0 } else { random.below(2 * jitter + 1) as i64 - jitter as i64 };
        times.push(start + offset + step * 15_000 + off);
    }
    times
}

fn values(random: &mut Random, n: usize) -> Vec<f64> {
    let kind = random.below(100);
    match kind {
        0..50 => vec![[0.0, 1.0, 1_699_000_000.0, 4096.0, 0.25][kind as usize % 5]; n],
        // Counters of events.
        50..70 => {
            let rate = 1 << random.below(11);
            let mut sum = random.below(1 << 20);
            let next = |_| {
                sum += random.below(rate);
                sum as f64
            };
            (0..n).map(next).collect()
        }
        // Seconds of CPU time to two decimals.
        70..82 => {
            let rate = 1 + random.below(1500);
            let mut sum = random.below(1 << 24);
            let next = |_| {
                sum += random.below(rate);
                sum as f64 / 100.0
            };
            (0..n).map(next).collect()
        }
        // Bytes in pages.
        82..90 => {
            let mut pages = 10_000 + random.below(1 << 20);
            let next = |_| {
                pages = (pages + random.below(64)).saturating_sub(random.below(64));
                (pages * 4096) as f64
            };
            (0..n).map(next).collect()
        }
        // Small gauges.
        90..97 => (0..n).map(|_| random.below(12) as f64).collect(),
        // No pattern.
        _ => (0..n).map(|_| random.next() as f64 / 3.0e9).collect(),
    }
}

fn labels(target: usize, i: usize) -> Labels {
    let node = target.is_multiple_of(3);
    let job = if node { "node-exporter".to_owned() } else { format!("service-{}", target % 40) };
    let mut pairs = vec![
        (
            "__name__",
            if node { format!("node_metric_{}_total", i / 3) } else { format!("app_metric_{}_total", i / 4) },
        ),
        ("cluster", format!("prod-eu-west-{}", target % 3)),
        ("namespace", format!("department-{}", target % 20)),
        ("job", job.clone()),
        ("instance", format!("10.0.{}.{}:9100", target / 250, target % 250)),
        ("pod", format!("{job}-5d8f7c9b6d-{target:05x}")),
        ("container", job),
        ("node", format!("ip-10-1-{}.eu-west-1.compute.internal", target % 97)),
        ("endpoint", "http-metrics".to_owned()),
        ("prometheus", "monitoring/k8s".to_owned()),
    ];
    if node {
        pairs.push(("device", format!("sd{}", i % 3)));
    } else {
        pairs.push(("method", ["GET", "POST", "PUT", "DELETE"][i % 4].to_owned()));
        pairs.push(("code", ["200", "404", "500"][i / 4 % 3].to_owned()));
    }
    Labels::from_pairs(pairs)
}

/// `count` series of one sample each, with 85 label names of which each has about fifteen.
pub(crate) fn wide(count: usize) -> Columns {
    let series = (0..count).map(|i| {
        let mut builder = labels(i / TARGET, i % TARGET).to_builder();
        for extra in 0..3 {
            let name = format!("label_{}", (i / 4 % TARGET * 3 + extra) % 73);
            builder.set(&name, &format!("value-{}", i % 7));
        }
        Column { labels: builder.build(), t: vec![1_699_999_200_000], v: vec![i as f64] }
    });
    Columns::new(series.collect())
}
