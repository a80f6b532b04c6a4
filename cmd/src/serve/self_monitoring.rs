//! The process's own metrics as series of the tenant `anonymous`, as if a Prometheus scraped them.

use std::time::Duration;

use mneme_distributor::Distributor;
use mneme_model::{Labels, LabelsBuilder, TenantId, TimestampMs};
use mneme_server::{Drain, SharedClock};
use prometheus::Registry;
use prometheus::proto::{Metric, MetricFamily, MetricType};
use tokio::time::{MissedTickBehavior, interval};

/// The label `job` of all of them.
const JOB: &str = "mneme";
/// As often as a Prometheus scrapes by many people's config.
const PERIOD: Duration = Duration::from_secs(15);

/// Writes the process's metrics, at once and then every 15 s.
pub(super) struct SelfMonitor {
    pub(super) registry: Registry,
    pub(super) distributor: Distributor,
    pub(super) clock: SharedClock,
    /// The label `instance`: the HTTP address.
    pub(super) instance: String,
}

impl SelfMonitor {
    /// Until the drain.
    pub(super) async fn run(self, drain: Drain) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut failing = false;
        loop {
            tokio::select! {
                biased;
                () = drain.started() => return,
                _ = ticks.tick() => {}
            }
            let samples = scrape(&self.registry.gather(), &self.instance, self.clock.now_ms());
            let result = self.distributor.push_own(&TenantId::anonymous(), &samples).await;
            if let Err(error) = &result
                && !failing
            {
                tracing::warn!(%error, "cannot write the process's own metrics");
            }
            failing = result.is_err();
        }
    }
}

/// Every sample that a scrape of `families` would give, with `job` and `instance`, and `up`.
fn scrape(families: &[MetricFamily], instance: &str, now: TimestampMs) -> Vec<(Labels, TimestampMs, f64)> {
    let mut scrape = Scrape { instance, now, samples: Vec::new() };
    for family in families {
        for metric in family.get_metric() {
            scrape.add(family, metric);
        }
    }
    scrape.push("up", "", &Metric::default(), None, 1.0);
    scrape.samples
}

struct Scrape<'a> {
    instance: &'a str,
    now: TimestampMs,
    samples: Vec<(Labels, TimestampMs, f64)>,
}

impl Scrape<'_> {
    fn add(&mut self, family: &MetricFamily, metric: &Metric) {
        let name = family.name();
        match family.get_field_type() {
            MetricType::COUNTER => self.push(name, "", metric, None, metric.get_counter().get_value()),
            MetricType::GAUGE => self.push(name, "", metric, None, metric.get_gauge().get_value()),
            MetricType::HISTOGRAM => self.add_histogram(name, metric),
            // The crate's other kinds are not used in this program.
            MetricType::SUMMARY | MetricType::UNTYPED => {}
        }
    }

    fn add_histogram(&mut self, name: &str, metric: &Metric) {
        let histogram = metric.get_histogram();
        let count = histogram.get_sample_count() as f64;
        for bucket in histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite()) {
            let le = bound(bucket.upper_bound());
            self.push(name, "_bucket", metric, Some(&le), bucket.cumulative_count() as f64);
        }
        self.push(name, "_bucket", metric, Some("+Inf"), count);
        self.push(name, "_count", metric, None, count);
        self.push(name, "_sum", metric, None, histogram.get_sample_sum());
    }

    fn push(&mut self, name: &str, suffix: &str, metric: &Metric, le: Option<&str>, value: f64) {
        let mut labels = LabelsBuilder::new();
        labels.set("__name__", &format!("{name}{suffix}"));
        for label in metric.get_label() {
            labels.set(label.name(), label.value());
        }
        if let Some(le) = le {
            labels.set("le", le);
        }
        labels.set("job", JOB).set("instance", self.instance);
        self.samples.push((labels.build(), self.now, value));
    }
}

/// A bucket's bound as Prometheus 3 stores it: whole numbers keep a decimal.
fn bound(bound: f64) -> String {
    if bound.fract() == 0.0 { format!("{bound:.1}") } else { bound.to_string() }
}

#[cfg(test)]
mod tests {
    use mneme_server::metrics::{counter_vec, histogram_vec};

    use super::*;

    #[test]
    fn a_scrape_has_what_prometheus_would_have() {
        let registry = Registry::new();
        counter_vec(&registry, "things_total", "Things.", &["kind"]).with_label_values(&["a"]).inc_by(3);
        histogram_vec(&registry, "age_seconds", "Age.", &["of"], &[0.5, 1.0])
            .with_label_values(&["b"])
            .observe(0.7);
        let samples = scrape(&registry.gather(), "127.0.0.1:9009", 5);
        let value = |pairs: &[(&str, &str)]| {
            let own = [("job", "mneme"), ("instance", "127.0.0.1:9009")];
            let wanted = Labels::from_pairs(pairs.iter().copied().chain(own));
            samples.iter().find(|(labels, t, _)| *labels == wanted && *t == 5).map(|(_, _, value)| *value)
        };
        assert_eq!(value(&[("__name__", "up")]), Some(1.0));
        assert_eq!(value(&[("__name__", "things_total"), ("kind", "a")]), Some(3.0));
        let bucket = |le| value(&[("__name__", "age_seconds_bucket"), ("of", "b"), ("le", le)]);
        assert_eq!((bucket("0.5"), bucket("1.0"), bucket("+Inf")), (Some(0.0), Some(1.0), Some(1.0)));
        assert_eq!(value(&[("__name__", "age_seconds_count"), ("of", "b")]), Some(1.0));
        assert_eq!(value(&[("__name__", "age_seconds_sum"), ("of", "b")]), Some(0.7));
        assert_eq!(samples.len(), 7);
    }
}
