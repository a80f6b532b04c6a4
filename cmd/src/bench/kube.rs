//! Targets as in a Kubernetes cluster: 500 series of about 12.5 labels each, 20 jobs, and the metric names that the query list asks for.

use super::mix::{below, mix};
use super::signal::{Form, Signal};

/// Series of a whole target.
pub(super) const SERIES_PER_TARGET: usize = 500;

const JOBS: [&str; 20] = [
    "accounts", "adverts", "basket", "billing", "catalog", "currency", "delivery", "emails", "fraud",
    "gateway", "identity", "checkout", "ledger", "orders", "payments", "pricing", "reviews", "search",
    "shipping", "stock",
];
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const CODES: [&str; 5] = ["200", "201", "400", "404", "500"];
const HANDLERS: [&str; 4] = ["/api/v1/items", "/api/v1/orders", "/api/v1/sessions", "/healthz"];
const BOUNDS: [&str; 12] =
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
const MODES: [&str; 8] = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];
const CPUS: usize = 12;
const QUEUES: [&str; 5] = ["inbox", "orders", "outbox", "payments", "retry"];
/// Families of one further label each, to fill the target: name, label, how many, form.
const REST: [(&str, &str, usize, Form); 10] = [
    ("grpc_server_handled_total", "grpc_method", 32, Form::Counter),
    ("node_load_average", "window", 20, Form::Noise),
    ("go_memstats_heap_class_ratio", "class", 20, Form::Noise),
    ("http_response_latency_ewma_seconds", "route", 24, Form::Noise),
    ("http_requests_in_flight", "route", 16, Form::Gauge),
    ("go_goroutines_by_state", "state", 9, Form::Gauge),
    ("kube_pod_container_resource_requests", "resource", 40, Form::Constant),
    ("kube_pod_labels_info", "label_app", 40, Form::Constant),
    ("node_filesystem_size_bytes", "mountpoint", 60, Form::Constant),
    ("node_network_mtu_bytes", "device", 60, Form::Constant),
];

/// Names and values, ascending in names.
pub(super) type Pairs = Vec<(String, String)>;

/// One series of the template.
struct Entry {
    name: String,
    extra: Vec<(&'static str, String)>,
    form: Form,
    /// Series with the same number share their total, as a histogram's buckets do.
    group: u64,
}

/// What a target exposes.
pub(super) struct Template {
    entries: Vec<Entry>,
}

impl Template {
    /// The 500 series of every target.
    pub(super) fn new() -> Self {
        let mut template = Self { entries: Vec::with_capacity(SERIES_PER_TARGET) };
        template.push("up", vec![], Form::Always(1.0));
        template.push("process_resident_memory_bytes", vec![], Form::Noise);
        for method in METHODS {
            for code in CODES {
                let extra = vec![("method", method.to_owned()), ("code", code.to_owned())];
                template.push("http_requests_total", extra, Form::Counter);
            }
        }
        HANDLERS.iter().enumerate().for_each(|(group, handler)| template.histogram(group as u64, handler));
        for queue in QUEUES {
            template.push(&format!("{{job}}_{queue}_depth"), vec![], Form::Gauge);
        }
        for cpu in 0..CPUS {
            for mode in MODES {
                let extra = vec![("cpu", cpu.to_string()), ("mode", mode.to_owned())];
                template.push("node_cpu_seconds_total", extra, Form::Seconds);
            }
        }
        for (name, label, count, form) in REST {
            for i in 0..count {
                template.push(name, vec![(label, format!("{label}-{i:03}"))], form);
            }
        }
        template
    }

    fn push(&mut self, name: &str, extra: Vec<(&'static str, String)>, form: Form) {
        let group = 1000 + self.entries.len() as u64;
        self.entries.push(Entry { name: name.to_owned(), extra, form, group });
    }

    fn histogram(&mut self, group: u64, handler: &str) {
        let name = "http_request_duration_seconds";
        let handler = ("handler", handler.to_owned());
        for (i, bound) in BOUNDS.iter().enumerate() {
            let extra = vec![handler.clone(), ("le", (*bound).to_owned())];
            let form = Form::Bucket((i + 1) as f64 / BOUNDS.len() as f64);
            self.entries.push(Entry { name: format!("{name}_bucket"), extra, form, group });
        }
        for (suffix, form) in [("count", Form::Bucket(1.0)), ("sum", Form::Sum)] {
            let extra = vec![handler.clone()];
            self.entries.push(Entry { name: format!("{name}_{suffix}"), extra, form, group });
        }
    }

    /// Labels and values of series `slot` (below [`SERIES_PER_TARGET`]) of a target's `generation`.
    pub(super) fn series(&self, target: &Target, slot: usize, native: bool) -> (Pairs, Signal) {
        let entry = &self.entries[slot % self.entries.len()];
        let mut labels = target.labels.clone();
        if native {
            labels.push(("__name__".to_owned(), "rpc_duration_seconds".to_owned()));
            labels.push(("rpc_method".to_owned(), format!("method-{slot:03}")));
        } else {
            labels.push(("__name__".to_owned(), entry.name.replace("{job}", target.job)));
            labels.extend(entry.extra.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        }
        labels.sort_unstable();
        let form = if native { Form::Native } else { entry.form };
        let group = if native { 5000 + slot as u64 } else { entry.group };
        (labels, Signal::new(form, mix(target.key, group), target.key))
    }
}

/// One target in one generation: a pod.
pub(super) struct Target {
    job: &'static str,
    labels: Pairs,
    key: u64,
}

impl Target {
    /// Target `number` in its `generation`; a new generation is a new pod on the same address.
    pub(super) fn new(seed: u64, number: u64, generation: u64) -> Self {
        let job = JOBS[(number % JOBS.len() as u64) as usize];
        let key = mix(mix(seed, number), generation);
        let place = mix(seed, number);
        let node = below(place, 4096);
        let labels = [
            ("cluster", format!("prod-eu-west-{}", number % 3)),
            ("container", job.to_owned()),
            ("endpoint", "metrics".to_owned()),
            ("instance", instance(number)),
            ("job", job.to_owned()),
            ("namespace", format!("department-{}", number % 7)),
            ("node", format!("ip-10-1-{}-{}.eu-west-1.compute.internal", node / 256, node % 256)),
            ("pod", format!("{job}-{}-{}", suffix(mix(seed, number % 20), 10), suffix(key, 5))),
            ("prometheus", "monitoring/k8s".to_owned()),
            ("service", job.to_owned()),
        ];
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { job, labels, key }
    }
}

/// The address of a target; each job has its port, and the first ones start at `10.0.0.12`.
pub(super) fn instance(number: u64) -> String {
    let jobs = JOBS.len() as u64;
    let host = number / jobs + 12;
    format!("10.{}.{}.{}:{}", host / 65_536 % 256, host / 256 % 256, host % 256, 8000 + number % jobs)
}

/// Lower-case letters and digits, as in the names of pods.
pub(super) fn suffix(hash: u64, len: u32) -> String {
    const LETTERS: &[u8; 32] = b"bcdfghjklmnpqrstvwxz2456789aeiou";
    (0..len).map(|i| char::from(LETTERS[(hash >> (5 * i) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_500_different_series_of_about_340_bytes_of_labels() {
        let template = Template::new();
        assert_eq!(template.entries.len(), SERIES_PER_TARGET);
        let (mut labels, mut bytes) = (0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..20 {
            let target = Target::new(1, number, 0);
            for slot in 0..SERIES_PER_TARGET {
                let (pairs, _) = template.series(&target, slot, false);
                assert!(pairs.windows(2).all(|pair| pair[0].0 < pair[1].0), "{pairs:?}");
                labels += pairs.len();
                bytes += pairs.iter().map(|(name, value)| 6 + name.len() + value.len()).sum::<usize>();
                assert!(seen.insert(pairs));
            }
        }
        let count = (20 * SERIES_PER_TARGET) as f64;
        let (labels, bytes) = (labels as f64 / count, bytes as f64 / count);
        assert!((12.0..12.8).contains(&labels), "{labels} labels");
        // PERF: 362 B a sample, of which 21 are not labels.
        assert!((330.0..352.0).contains(&bytes), "{bytes} bytes");
    }

    #[test]
    fn the_series_that_the_query_list_names_is_there() {
        assert_eq!(instance(11), "10.0.0.12:8011");
        let (labels, _) = Template::new().series(&Target::new(1, 11, 0), 0, false);
        assert!(labels.contains(&("job".to_owned(), "checkout".to_owned())), "{labels:?}");
        assert!(labels.contains(&("__name__".to_owned(), "up".to_owned())), "{labels:?}");
    }

    #[test]
    fn a_new_generation_is_new_series_on_the_same_address() {
        let template = Template::new();
        let series = |generation| template.series(&Target::new(1, 4, generation), 7, false).0;
        let of = |pairs: &Pairs, name: &str| pairs.iter().find(|pair| pair.0 == name).cloned();
        assert_eq!(of(&series(0), "instance"), of(&series(1), "instance"));
        assert_ne!(of(&series(0), "pod"), of(&series(1), "pod"));
        assert_eq!(series(3), series(3));
    }
}
