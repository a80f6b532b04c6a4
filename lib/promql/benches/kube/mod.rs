//! A store of compressed chunks, shaped as PERF.md's W1: targets of 500 series of about 12 labels, 20 jobs, 240 scrapes of 15 s.

use std::collections::HashMap;

use mneme_model::chunk::{self, Chunk, FloatChunkBuilder};
use mneme_model::{Labels, Samples, TimestampMs};
use mneme_promql::{Error, Queryable, ReadSamples, Select, SeriesSink, StorageError};

/// Time of the first scrape.
pub(crate) const START: TimestampMs = 1_700_000_000_000;
/// Milliseconds between scrapes.
pub(crate) const STEP: TimestampMs = 15_000;
/// How many scrapes.
pub(crate) const SCRAPES: usize = 240;
const SAMPLES_PER_CHUNK: u32 = 120;

const JOBS: [&str; 20] = [
    "accounts", "adverts", "basket", "billing", "catalog", "currency", "delivery", "emails", "fraud",
    "gateway", "identity", "checkout", "ledger", "orders", "payments", "pricing", "reviews", "search",
    "shipping", "stock",
];
const BOUNDS: [&str; 12] =
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
const MODES: [&str; 8] = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];

/// How values run.
#[derive(Clone, Copy)]
enum Form {
    Constant,
    /// Whole numbers that rise, with a restart now and then.
    Counter,
    /// Seconds to two decimals that rise.
    Seconds,
    Gauge,
    /// All bits of the mantissa.
    Noise,
}

/// A series with its chunks.
type Stored = (Labels, Vec<Chunk>);

/// Series with their chunks, as a querier holds them.
pub(crate) struct Store {
    series: Vec<Stored>,
}

impl Store {
    /// `targets` targets of 500 series each.
    pub(crate) fn new(targets: usize) -> Self {
        let mut series: Vec<Stored> = (0..targets).flat_map(target).collect();
        series.sort_by(|a, b| a.0.cmp(&b.0));
        Self { series }
    }

    /// What a querier would have fetched for a select: benchmarks measure the engine, not the index.
    pub(crate) fn fetch(&self, selects: &[Select]) -> Fetched {
        Fetched { answers: selects.iter().map(|select| (select.clone(), self.answer(select))).collect() }
    }

    fn answer(&self, select: &Select) -> Vec<Stored> {
        let matches = |(labels, _): &&Stored| {
            select.matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or("")))
        };
        let mut made: HashMap<Labels, Labels> = HashMap::new();
        let mut cut = |labels: &Labels| match &select.hints.labels {
            None => labels.clone(),
            // As stores do: equal sets are made once.
            Some(names) => {
                let cut = labels.view().filter(|name| names.iter().any(|kept| kept == name));
                made.entry(cut.clone()).or_insert(cut).clone()
            }
        };
        let chunks = |chunks: &[Chunk]| match chunks.last().filter(|_| select.hints.newest_only) {
            None => chunks.to_vec(),
            Some(last) => {
                let mut samples = Samples::default();
                last.read(last.max_time, last.max_time, &mut samples).expect("built here");
                let mut builder = FloatChunkBuilder::new(false);
                builder.push(last.max_time, samples.v[0], 0);
                vec![builder.chunk()]
            }
        };
        self.series.iter().filter(matches).map(|(labels, all)| (cut(labels), chunks(all))).collect()
    }
}

/// Answers to the selects of one plan.
pub(crate) struct Fetched {
    answers: Vec<(Select, Vec<Stored>)>,
}

impl Queryable for Fetched {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let (_, series) = self.answers.iter().find(|(have, _)| have == select).expect("planned");
        series.iter().try_for_each(|(labels, chunks)| sink(labels, &Compressed(chunks)))
    }
}

struct Compressed<'a>(&'a [Chunk]);

impl ReadSamples for Compressed<'_> {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        chunk::merge(self.0, start, end, out).map_err(|error| StorageError { message: error.to_string() })
    }
}

fn target(number: usize) -> Vec<Stored> {
    let mut out = Vec::with_capacity(500);
    let mut push = |name: &str, extra: &[(&str, &str)], form: Form| {
        let seed = mix((number * 500 + out.len()) as u64);
        out.push((labels(number, name, extra), chunks(number, seed, form)));
    };
    push("up", &[], Form::Constant);
    push("process_resident_memory_bytes", &[], Form::Noise);
    for method in ["GET", "POST", "PUT", "DELETE"] {
        for code in ["200", "201", "400", "404", "500"] {
            push("http_requests_total", &[("method", method), ("code", code)], Form::Counter);
        }
    }
    for handler in ["/api/v1/items", "/api/v1/orders", "/api/v1/sessions", "/healthz"] {
        for bound in BOUNDS {
            let extra = [("handler", handler), ("le", bound)];
            push("http_request_duration_seconds_bucket", &extra, Form::Counter);
        }
    }
    for cpu in 0..12 {
        for mode in MODES {
            let extra = [("cpu", cpu.to_string()), ("mode", mode.to_owned())];
            let extra: Vec<(&str, &str)> =
                extra.iter().map(|(name, value)| (*name, value.as_str())).collect();
            push("node_cpu_seconds_total", &extra, Form::Seconds);
        }
    }
    for i in 0..500 - 2 - 20 - 48 - 96 {
        let form = match i % 8 {
            0 => Form::Noise,
            1 | 2 => Form::Gauge,
            _ => Form::Constant,
        };
        let device = format!("device-{i:03}");
        push("node_network_information_bytes", &[("device", &device)], form);
    }
    out
}

fn labels(number: usize, name: &str, extra: &[(&str, &str)]) -> Labels {
    let job = JOBS[number % JOBS.len()];
    let own = [
        ("__name__", name.to_owned()),
        ("cluster", format!("prod-eu-west-{}", number % 3)),
        ("container", job.to_owned()),
        ("endpoint", "metrics".to_owned()),
        ("instance", format!("10.0.{}.{}:8011", number / 256, number % 256)),
        ("job", job.to_owned()),
        ("namespace", format!("department-{}", number % 7)),
        ("node", format!("ip-10-1-{}-{}.eu-west-1.compute.internal", number / 256, number % 256)),
        ("pod", format!("{job}-5d8f7c9b6d-{:05x}", mix(number as u64) % (1 << 20))),
        ("prometheus", "monitoring/k8s".to_owned()),
        ("service", job.to_owned()),
    ];
    let extra = extra.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Labels::from_pairs(own.into_iter().chain(extra))
}

fn chunks(number: usize, seed: u64, form: Form) -> Vec<Chunk> {
    // A target is scraped at its own offset within the interval, and sometimes late by more than Prometheus makes up for.
    let offset = (mix(number as u64) % 15_000) as i64;
    let slope = 10u64.pow((seed % 4) as u32);
    let mut total = seed % 1_000_000;
    let mut chunks = Vec::new();
    let mut builder = FloatChunkBuilder::new(false);
    for scrape in 0..SCRAPES {
        let noise = mix(seed ^ scrape as u64);
        total = if noise.is_multiple_of(2000) { 0 } else { total + noise % slope };
        let value = match form {
            Form::Constant => (seed % 100) as f64,
            Form::Counter => total as f64,
            Form::Seconds => total as f64 / 100.0,
            Form::Gauge => (noise % 10) as f64,
            Form::Noise => f64::from_bits(0x41d0_0000_0000_0000 | noise >> 12),
        };
        let late = (mix(number as u64 ^ (scrape as u64) << 20) % 500).saturating_sub(494) as i64;
        builder.push(START + offset + scrape as i64 * STEP + late, value, 0);
        if builder.count() == SAMPLES_PER_CHUNK {
            chunks.push(std::mem::replace(&mut builder, FloatChunkBuilder::new(false)).chunk());
        }
    }
    if builder.count() > 0 {
        chunks.push(builder.chunk());
    }
    chunks
}

/// A number that looks random.
fn mix(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}
