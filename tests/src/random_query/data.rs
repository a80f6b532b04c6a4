//! The data set: an hour and a half of every kind of series, the same at every run.

use mneme_proto::remote_write::Sample;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// The first millisecond: 2023-11-14T22:13:20Z.
pub const START_MS: i64 = 1_700_000_000_000;
/// How long the data go on, in milliseconds.
pub const LENGTH_MS: i64 = 90 * 60 * 1000;

const SCRAPE_MS: i64 = 15_000;
const STALE: u64 = 0x7ff0_0000_0000_0002;
const INSTANCES: &[(&str, &str)] =
    &[("api", "a:1"), ("api", "b:1"), ("api", "zürich:1"), ("db", "a:2"), ("db", "b:2"), ("batch", "c:3")];

/// A series to write.
#[derive(Clone, Debug)]
pub struct Series {
    /// Names and values, sorted by name.
    pub labels: Vec<(String, String)>,
    /// In order of time.
    pub samples: Vec<Sample>,
}

/// All series. Values are multiples of 1/8, so that sums do not depend on their order. Counters are far from zero even after their
/// resets (see `KNOWN`, extrapolation to zero).
#[must_use]
pub fn series() -> Vec<Series> {
    let mut maker = Maker { rng: SmallRng::seed_from_u64(42), series: Vec::new() };
    for (at, (job, instance)) in (0_u8..).zip(INSTANCES) {
        let of = [("job", *job), ("instance", *instance)];
        maker.counters(&of);
        maker.gauges(&of, at);
        maker.build_info(&of, at);
        maker.histogram(&of);
    }
    for job in ["api", "db", "nobody"] {
        maker.add("limit", &[("job", job)], |_, _| Some(64.0));
    }
    maker.series
}

struct Maker {
    rng: SmallRng,
    series: Vec<Series>,
}

impl Maker {
    /// A series of what `value` gives at each scrape of number `k`, at irregular times.
    fn add(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        mut value: impl FnMut(&mut SmallRng, i64) -> Option<f64>,
    ) {
        let mut all: Vec<_> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.push(("__name__".to_owned(), name.to_owned()));
        all.sort();
        let irregular = self.rng.random_bool(0.7);
        let samples = (0..LENGTH_MS / SCRAPE_MS)
            .filter_map(|k| {
                let jitter = if irregular { self.rng.random_range(0..400) * 10 } else { 0 };
                let value = value(&mut self.rng, k)?;
                Some(Sample { t: START_MS + k * SCRAPE_MS + jitter, v: value, st: 0 })
            })
            .collect();
        self.series.push(Series { labels: all, samples });
    }

    fn counter(&mut self, name: &str, labels: &[(&str, &str)], step: i32, eighths: bool) {
        let reset = self.rng.random_range(100..300);
        let mut count = f64::from(self.rng.random_range(200_000..400_000));
        self.add(name, labels, |rng, k| {
            count += f64::from(rng.random_range(0..step)) / if eighths { 8.0 } else { 1.0 };
            if k == reset {
                count = (count * 0.55).floor();
            }
            Some(count)
        });
    }

    fn counters(&mut self, of: &[(&str, &str); 2]) {
        for (code, method) in [("200", "GET"), ("404", "GET"), ("500", "POST")] {
            self.counter(
                "http_requests_total",
                &[of[0], of[1], ("code", code), ("method", method)],
                200,
                false,
            );
        }
        for mode in ["idle", "user"] {
            self.counter("cpu_seconds_total", &[of[0], of[1], ("mode", mode)], 120, true);
        }
    }

    fn gauges(&mut self, of: &[(&str, &str); 2], at: u8) {
        let eighths = |rng: &mut SmallRng, most: i32| f64::from(rng.random_range(-most..most)) / 8.0;
        for kind in ["free", "used"] {
            self.add("memory_bytes", &[of[0], of[1], ("type", kind)], |rng, _| {
                Some(f64::from(rng.random_range(1..8_000_000)) / 8.0)
            });
        }
        // Every value that a float has, among others.
        self.add("temperature", of, |rng, _| {
            let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0];
            Some(if rng.random_bool(0.1) { odd[rng.random_range(0..odd.len())] } else { eighths(rng, 800) })
        });
        // Comes and goes: gaps of 10 minutes and more, begun by a stale marker or by silence.
        let phase = i64::from(at) * 17;
        self.add("queue_length", of, |rng, k| match (k + phase) % 130 {
            60 if at.is_multiple_of(2) => Some(f64::from_bits(STALE)),
            60..110 => None,
            _ => Some(eighths(rng, 4000)),
        });
        self.add("up", of, |rng, _| Some(if rng.random_bool(0.9) { 1.0 } else { 0.0 }));
    }

    /// Constant 1, with a version that changes in the middle of the time.
    fn build_info(&mut self, of: &[(&str, &str); 2], at: u8) {
        let change = 150 + i64::from(at) * 10;
        self.add("build_info", &[of[0], of[1], ("version", "1.0")], |_, k| {
            (k <= change).then_some(if k == change { f64::from_bits(STALE) } else { 1.0 })
        });
        self.add("build_info", &[of[0], of[1], ("version", "1.1")], |_, k| (k > change).then_some(1.0));
    }

    /// A classic histogram whose buckets grow together, so that they are monotonic at every moment.
    fn histogram(&mut self, of: &[(&str, &str); 2]) {
        const BOUNDS: [&str; 6] = ["0.1", "0.25", "0.5", "1", "2.5", "+Inf"];
        let seed = self.rng.random();
        let jitter_seed = self.rng.random();
        for (at, bound) in BOUNDS.iter().enumerate() {
            let mut own = SmallRng::seed_from_u64(seed);
            let mut count = 100_000.0 * (at + 1) as f64;
            // Scraped at one moment: the same jitter for all buckets.
            let rng = std::mem::replace(&mut self.rng, SmallRng::seed_from_u64(jitter_seed));
            self.add("request_duration_seconds_bucket", &[of[0], of[1], ("le", bound)], |_, _| {
                let fresh: Vec<u32> = (0..BOUNDS.len()).map(|_| own.random_range(0..30)).collect();
                count += f64::from(fresh[..=at].iter().sum::<u32>());
                Some(count)
            });
            self.rng = rng;
        }
        self.counter("request_duration_seconds_sum", of, 500, true);
        self.counter("request_duration_seconds_count", of, 150, false);
    }
}
