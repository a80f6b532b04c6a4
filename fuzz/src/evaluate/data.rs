//! Random series that answer to any name.

use std::sync::Arc;

use mneme_model::histogram::{CounterResetHint, FloatHistogram, Span};
use mneme_model::{HistogramPoint, LabelsBuilder, MatchOp, Matcher, Samples, TimestampMs, stale_nan};
use mneme_promql::{Error, Queryable, Select, SeriesSink};

const SERIES: u64 = 8;
const SAMPLES: u64 = 60;
const SPECIAL: [f64; 12] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -0.0,
    0.0,
    1e308,
    -1e308,
    5e-324,
    9_007_199_254_740_993.0,
    0.1,
    -1.5,
    1e-9,
];

/// A store in which every metric exists; which kind of series it has depends on its name.
pub(super) struct Data {
    seed: u64,
}

impl Data {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }
}

impl Queryable for Data {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let named = |m: &&Matcher| m.name() == "__name__" && m.op() == MatchOp::Equal;
        let name = select.matchers.iter().find(named).map_or("any", |matcher| matcher.value());
        for number in 0..SERIES {
            let mut labels = LabelsBuilder::new();
            labels.set("__name__", name).set("job", ["a", "b"][(number % 2) as usize]);
            labels.set("instance", &(number / 2).to_string());
            if name.ends_with("_bucket") {
                let le = ["0.1", "1", "1e1", "+Inf", "NaN", "x"][(number / 2 % 6) as usize];
                labels.set("le", le);
            }
            let labels = labels.build();
            if !select.matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or(""))) {
                continue;
            }
            let kind =
                name.bytes().fold(self.seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let samples = samples(Random(kind ^ number << 32 ^ 0x9e37_79b9_7f4a_7c15), kind % 5);
            sink(&labels, &samples)?;
        }
        Ok(())
    }
}

/// Counters, gauges, anything, histograms, or floats and histograms mixed.
fn samples(mut random: Random, kind: u64) -> Samples {
    let mut samples = Samples::default();
    let (mut t, mut counter, mut histogram): (TimestampMs, f64, _) = (0, 0.0, None::<FloatHistogram>);
    for _ in 0..SAMPLES {
        t += match random.below(20) {
            0 => 1,
            1 => 600_000,
            _ => 15_000,
        };
        let st = if random.below(8) == 0 { t - 1000 } else { 0 };
        if kind == 3 || kind == 4 && random.below(2) == 0 {
            let next = grown(histogram.take().filter(|_| random.below(15) > 0), &mut random);
            samples.histograms.push(HistogramPoint { t, h: Arc::new(next.clone()), st });
            histogram = (!next.is_stale()).then_some(next);
            continue;
        }
        let value = match (kind, random.below(25)) {
            (_, 0) => stale_nan(),
            (0, 1) => {
                counter = 0.0;
                0.0
            }
            (0, more) => {
                counter += more as f64;
                counter
            }
            (1, value) => value as f64 / 8.0 - 1.0,
            _ => SPECIAL[random.below(SPECIAL.len() as u64) as usize],
        };
        samples.push_float(t, value, st);
    }
    samples
}

/// The next histogram of a series, or its first.
fn grown(before: Option<FloatHistogram>, random: &mut Random) -> FloatHistogram {
    if let Some(mut histogram) = before {
        if random.below(30) == 0 {
            histogram.sum = stale_nan();
            return histogram;
        }
        for bucket in histogram.positive_buckets.iter_mut().chain(&mut histogram.negative_buckets) {
            let more = random.below(4) as f64;
            *bucket += more;
            histogram.count += more;
        }
        histogram.sum += random.below(9) as f64 - 3.0;
        return histogram;
    }
    let custom = random.below(3) == 0;
    let (buckets, spans) = if custom {
        (3, vec![Span { offset: 0, length: 3 }])
    } else {
        (4, vec![Span { offset: random.below(9) as i32 - 4, length: 2 }, Span { offset: 3, length: 2 }])
    };
    let counts =
        |random: &mut Random, n: usize| -> Vec<f64> { (0..n).map(|_| random.below(5) as f64).collect() };
    let positive_buckets = counts(random, buckets);
    let (negative_spans, negative_buckets) = if custom || random.below(2) == 0 {
        Default::default()
    } else {
        (vec![Span { offset: -1, length: 2 }], counts(random, 2))
    };
    let zero_count = if custom { 0.0 } else { random.below(4) as f64 };
    let count = zero_count + positive_buckets.iter().chain(&negative_buckets).sum::<f64>();
    let histogram = FloatHistogram {
        counter_reset_hint: match random.below(3) {
            0 => CounterResetHint::Unknown,
            1 => CounterResetHint::NotCounterReset,
            _ => CounterResetHint::Gauge,
        },
        schema: if custom { -53 } else { random.below(13) as i32 - 4 },
        zero_threshold: if custom { 0.0 } else { 0.001 },
        zero_count,
        count,
        sum: random.below(100) as f64,
        positive_spans: spans,
        negative_spans,
        positive_buckets,
        negative_buckets,
        custom_values: if custom { vec![0.1, 1.0, 10.0] } else { Vec::new() },
    };
    debug_assert!(histogram.validate().is_ok(), "{histogram:?}");
    histogram
}

/// Xorshift (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
