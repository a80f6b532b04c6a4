//! Selectors of instant and range vectors, and subqueries.

use rand::Rng;

use super::data::{LENGTH_MS, START_MS};
use super::expression::{Exactness, Expression};
use super::generator::Generator;

/// Metrics that only grow.
pub(super) const COUNTERS: &[&str] = &[
    "http_requests_total",
    "cpu_seconds_total",
    "request_duration_seconds_sum",
    "request_duration_seconds_count",
];
/// Metrics whose values are all different from each other.
pub(super) const DISTINCT: &[&str] = &["memory_bytes", "cpu_seconds_total", "http_requests_total"];
/// Metrics without NaN and infinities.
pub(super) const FINITE: &[&str] = &["memory_bytes", "queue_length", "up", "cpu_seconds_total", "build_info"];
const METRICS: &[&str] = &[
    "http_requests_total",
    "cpu_seconds_total",
    "memory_bytes",
    "memory_bytes",
    "temperature",
    "temperature",
    "queue_length",
    "queue_length",
    "up",
    "build_info",
    "limit",
    "request_duration_seconds_bucket",
    "request_duration_seconds_count",
    "nothing",
];
const MATCHERS: &[&str] = &[
    "job=\"api\"",
    "job='db'",
    "job!=\"api\"",
    "job=~\"api|db\"",
    "job=~\"a.*\"",
    "job!~\"b.+\"",
    "instance=~\".+:1\"",
    "instance=~\"[ab]:[12]\"",
    "instance!~\"a:.*\"",
    "instance=\"zürich:1\"",
    "instance=~\"z.rich:1\"",
    "instance=~\"(?i:A:1)\"",
    "code=\"200\"",
    "code=~\"4..|5..\"",
    "code!=\"\"",
    "code=\"\"",
    "method=~\"GET|\"",
    "type!~\"free|used\"",
    "mode=`idle`",
    "le=\"+Inf\"",
    "le!=\"0.1\"",
    "missing=\"\"",
    "missing!=\"x\"",
    "missing=~\".*\"",
    "instance=\"b:\\x31\"",
];

impl Generator {
    /// An instant selector, perhaps with `offset` and `@`.
    pub(super) fn selector(&mut self) -> Expression {
        let metric = self.one_of(METRICS);
        self.selector_of(metric)
    }

    pub(super) fn selector_of(&mut self, metric: &str) -> Expression {
        let text = self.bare_selector(metric) + &self.modifiers();
        Expression::vector(text, Exactness::Exact, vec![])
    }

    /// A range selector of one of `metrics`, or of any.
    pub(super) fn range_selector(&mut self, metrics: Option<&[&str]>) -> Expression {
        let metric = self.one_of(metrics.unwrap_or(METRICS));
        let text = format!("{}[{}]{}", self.bare_selector(metric), self.range(), self.modifiers());
        Expression::matrix(text, Exactness::Exact, vec![])
    }

    /// `inner` as a subquery.
    pub(super) fn subquery(&mut self, inner: Expression) -> Expression {
        let range = self.one_of(&["1m7ms", "3m7ms", "5m7ms", "10m7ms", "20m7ms"]);
        let step = self.one_of(&["", "10s", "15s", "30s", "1m", "90s", "7m"]);
        let text = format!("({})[{range}:{step}]{}", inner.text, self.modifiers());
        Expression::matrix(text, inner.exactness, vec![inner])
    }

    fn bare_selector(&mut self, metric: &str) -> String {
        let mut matchers: Vec<String> = Vec::new();
        while matchers.len() < 3 && self.chance(0.22) {
            matchers.push(self.one_of(MATCHERS).to_owned());
        }
        match self.rng.random_range(0..20) {
            0 => {
                matchers.push(format!("__name__=\"{metric}\""));
                format!("{{{}}}", matchers.join(","))
            }
            1 => {
                matchers.insert(0, format!("__name__=~\"{}.*\"", &metric[..metric.len().min(8)]));
                format!("{{{}}}", matchers.join(", "))
            }
            _ if matchers.is_empty() => metric.to_owned(),
            _ => format!("{metric}{{{}}}", matchers.join(",")),
        }
    }

    fn modifiers(&mut self) -> String {
        let mut modifiers = Vec::new();
        if self.chance(0.2) {
            let sign = self.one_of(&["", "", "-"]);
            modifiers.push(format!(" offset {sign}{}", self.seconds()));
        }
        if self.chance(0.12) {
            modifiers.push(match self.rng.random_range(0..4) {
                0 => " @ start()".to_owned(),
                1 => " @ end()".to_owned(),
                _ => {
                    let at = START_MS + self.rng.random_range(0..LENGTH_MS / 10) * 10;
                    format!(" @ {}.{:03}", at / 1000, at % 1000)
                }
            });
        }
        if self.chance(0.5) {
            modifiers.reverse();
        }
        modifiers.concat()
    }
}
