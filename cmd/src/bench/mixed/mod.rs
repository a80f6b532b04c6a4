//! The mix that the goals of blocks are of: 35 % of the series are a node_exporter's, 20 % each those of kube-state-metrics and cadvisor, 25 %
//! an application's with classic histograms.
//!
//! Half of the series stand still, 3 % use all bits of the mantissa. 70 % of the targets are scraped at exactly the interval, 25 % are up to 3 ms
//! off, 5 % up to 400 ms; a fifth of the node_exporters misses a scrape in 300. 12 % of the targets are replaced by new ones during the run, and
//! end with stale markers.

mod family;

use family::{APPLICATION, BOUNDS, BUSY_HANDLERS, CONTAINERS, Family, IDLE_HANDLERS, NODE, OWN, STATE};

use super::kube::{Pairs, SERIES_PER_TARGET, instance, suffix};
use super::mix::{below, mix, unit};
use super::signal::{Form, Signal};

/// The share of the targets that is replaced during a run.
pub(super) const REPLACED: f64 = 0.12;

/// What spreads numbers evenly over `[0, 1)`: multiples of an irrational number, without their whole part.
const EVEN: [f64; 3] = [0.618_033_988_749_895, 0.414_213_562_373_095, 0.732_050_807_568_877];

/// Which program a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Node,
    State,
    Containers,
    Application,
}

/// One series of a target.
struct Entry {
    name: String,
    extra: Vec<(&'static str, String)>,
    form: Form,
    /// Series with the same number share their total, as a histogram's buckets do.
    group: u64,
}

/// What targets expose, by program.
pub(super) struct Mixed {
    templates: [Vec<Entry>; 4],
}

/// One target in one generation.
pub(super) struct Target {
    program: Program,
    labels: Pairs,
    key: u64,
}

impl Program {
    fn of(number: u64) -> Self {
        match number % 20 {
            0..7 => Self::Node,
            7..11 => Self::State,
            11..15 => Self::Containers,
            _ => Self::Application,
        }
    }

    fn job(self, number: u64) -> String {
        match self {
            Self::Node => "node-exporter".to_owned(),
            Self::State => "kube-state-metrics".to_owned(),
            Self::Containers => "kubelet".to_owned(),
            Self::Application => format!("service-{:02}", number / 20 * 5 % 40 + number % 5),
        }
    }
}

impl Mixed {
    pub(super) fn new() -> Self {
        let programs = [NODE, STATE, CONTAINERS, APPLICATION];
        let mut templates = programs.map(|families| families.iter().flat_map(entries).collect::<Vec<_>>());
        let application = &mut templates[Program::Application as usize];
        for handler in 0..BUSY_HANDLERS + IDLE_HANDLERS {
            application.extend(histogram(handler, handler < BUSY_HANDLERS));
        }
        for entries in &mut templates {
            let groups = entries.iter_mut().zip(1000..).filter(|(entry, _)| entry.group == 0);
            groups.for_each(|(entry, number)| entry.group = number);
        }
        Self { templates }
    }

    /// Labels and values of series `slot` (below [`SERIES_PER_TARGET`]) of a target.
    pub(super) fn series(&self, target: &Target, slot: usize, native: bool) -> (Pairs, Signal) {
        let entry = &self.templates[target.program as usize][slot % SERIES_PER_TARGET];
        let mut labels = target.labels.clone();
        let (form, group) = if native {
            labels.push(("__name__".to_owned(), "rpc_duration_seconds".to_owned()));
            labels.push(("rpc_method".to_owned(), format!("method-{slot:03}")));
            (Form::Native, 5000 + slot as u64)
        } else {
            labels.push(("__name__".to_owned(), entry.name.clone()));
            labels.extend(
                entry.extra.iter().map(|(name, value)| ((*name).to_owned(), target.value(name, value))),
            );
            (entry.form, entry.group)
        };
        labels.sort_unstable();
        (labels, Signal::without_restarts(form, mix(target.key, group)))
    }
}

impl Target {
    /// Target `number` in its `generation`; a new generation is a new pod on the same address.
    pub(super) fn new(seed: u64, number: u64, generation: u64) -> Self {
        let program = Program::of(number);
        let key = mix(mix(seed, number), generation);
        let job = program.job(number);
        let node = below(mix(seed, number), 4096);
        let labels = [
            ("cluster", format!("prod-eu-west-{}", number % 3)),
            ("container", job.clone()),
            ("endpoint", "http-metrics".to_owned()),
            ("environment", "production".to_owned()),
            ("instance", instance(number)),
            ("job", job.clone()),
            ("namespace", format!("department-{}", number % 20)),
            ("node", format!("ip-10-1-{}-{}.eu-west-1.compute.internal", node / 256, node % 256)),
            ("pod", format!("{job}-{}-{}", suffix(mix(seed, number % 20), 10), suffix(key, 5))),
            ("prometheus", "monitoring/k8s".to_owned()),
            ("region", "eu-west-1".to_owned()),
            ("service", job),
        ];
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { program, labels, key }
    }

    fn value(&self, name: &str, value: &str) -> String {
        if OWN.contains(&name) { format!("{value}-{}", suffix(self.key, 6)) } else { value.to_owned() }
    }
}

/// By how much a target's scrapes are early or late at most (milliseconds).
pub(super) fn jitter(seed: u64, target: u64) -> u64 {
    match even(seed, target, 0) {
        place if place < 0.70 => 0,
        place if place < 0.95 => 3,
        _ => 400,
    }
}

/// Whether the scrape of a target fails.
pub(super) fn is_missed(seed: u64, target: u64, step: u32) -> bool {
    Program::of(target) == Program::Node
        && even(seed, target, 1) < 0.2
        && below(mix(mix(seed ^ 0x6d15, target), u64::from(step)), 300) == 0
}

/// Where in time a target's pods follow one another.
pub(super) fn phase(seed: u64, target: u64) -> f64 {
    even(seed, target, 2)
}

/// A number in `[0, 1)` of each target; those of many targets lie evenly.
fn even(seed: u64, target: u64, what: usize) -> f64 {
    (unit(mix(seed ^ 0xe7e2, what as u64)) + target as f64 * EVEN[what]).fract()
}

/// All combinations of a family's labels.
fn entries(family: &Family) -> impl Iterator<Item = Entry> {
    let count: u32 = family.labels.iter().map(|(_, count)| count).product();
    (0..count).map(|mut number| {
        let mut name = family.name.to_owned();
        let mut extra = Vec::new();
        for (label, count) in family.labels {
            let value = number % count;
            number /= count;
            if label.is_empty() {
                name = format!("{name}_{value:02}");
            } else {
                extra.push((*label, format!("{label}-{value:03}")));
            }
        }
        Entry { name, extra, form: family.form, group: 0 }
    })
}

/// The series of a classic histogram.
fn histogram(handler: usize, is_busy: bool) -> Vec<Entry> {
    let name = "http_request_duration_seconds";
    let group = 1 + handler as u64;
    let handler = || ("handler", format!("/api/v1/handler-{handler:03}"));
    let of = |form| if is_busy { form } else { Form::Still };
    let bucket = |(i, bound): (usize, &&str)| Entry {
        name: format!("{name}_bucket"),
        extra: vec![handler(), ("le", (*bound).to_owned())],
        form: of(Form::Bucket((i + 1) as f64 / BOUNDS.len() as f64)),
        group,
    };
    let mut entries: Vec<Entry> = BOUNDS.iter().enumerate().map(bucket).collect();
    for (suffix, form) in [("count", Form::Bucket(1.0)), ("sum", Form::Sum)] {
        entries.push(Entry {
            name: format!("{name}_{suffix}"),
            extra: vec![handler()],
            form: of(form),
            group,
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn targets_have_500_different_series_of_about_15_labels() {
        let mixed = Mixed::new();
        assert!(mixed.templates.iter().all(|entries| entries.len() == SERIES_PER_TARGET));
        let (mut labels, mut names, mut seen) = (0, BTreeSet::new(), BTreeSet::new());
        for number in 0..40 {
            let target = Target::new(1, number, 0);
            for slot in 0..SERIES_PER_TARGET {
                let (pairs, _) = mixed.series(&target, slot, false);
                assert!(pairs.windows(2).all(|pair| pair[0].0 < pair[1].0), "{pairs:?}");
                labels += pairs.len();
                names.extend(pairs.iter().map(|(name, _)| name.clone()));
                assert!(seen.insert(pairs));
            }
        }
        let labels = labels as f64 / (40 * SERIES_PER_TARGET) as f64;
        assert!((14.2..15.2).contains(&labels), "{labels} labels");
        assert!((78..=88).contains(&names.len()), "{} label names", names.len());
    }

    #[test]
    fn half_of_the_series_stand_still_and_three_of_a_hundred_have_no_pattern() {
        let mixed = Mixed::new();
        let (mut still, mut without) = (0, 0);
        for number in 0..20 {
            for entry in &mixed.templates[Program::of(number) as usize] {
                still += u32::from(matches!(entry.form, Form::Still | Form::Always(_)));
                without += u32::from(matches!(entry.form, Form::Noise | Form::Sum));
            }
        }
        let share = |count: u32| f64::from(count) / (20 * SERIES_PER_TARGET) as f64;
        assert!((0.49..0.51).contains(&share(still)), "{}", share(still));
        assert!((0.028..0.035).contains(&share(without)), "{}", share(without));
    }

    #[test]
    fn jitter_misses_and_replacements_have_their_shares() {
        let share = |of: &dyn Fn(u64) -> bool| (0..2000).filter(|target| of(*target)).count() as f64 / 2000.0;
        for seed in 1..4 {
            assert!((share(&|target| jitter(seed, target) == 0) - 0.70).abs() < 0.01);
            assert!((share(&|target| jitter(seed, target) == 3) - 0.25).abs() < 0.01);
            let missing = |target| (0..2000).any(|step| is_missed(seed, target, step));
            assert!((share(&missing) - 0.35 * 0.2).abs() < 0.02, "{}", share(&missing));
            assert!((share(&|target| phase(seed, target) < REPLACED) - REPLACED).abs() < 0.01);
        }
    }
}
