//! Label names and values of a window are those of the series that have a sample in it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use mneme_head::{Head, HeadConfig, TextSet, Window};
use mneme_model::chunk::SeriesBatch;
use mneme_model::{Cut, Labels, MatchOp, Matcher, TenantId, TimestampMs};
use proptest::prelude::*;

/// A sample of the series with these labels.
#[derive(Clone, Debug)]
struct Sample {
    labels: Labels,
    cut: Cut,
    time: TimestampMs,
}

fn sample() -> impl Strategy<Value = Sample> {
    ("[abc]", "[abcde]{0,2}", "[xyz]", 0u64..4, 0i64..60).prop_map(|(name, value, other, cut, time)| {
        // A name that few have, one that all have, and one whose name varies.
        let pairs = [("__name__", "up"), ("id", &*value), (&*name, &*other)];
        Sample { labels: Labels::from_pairs(pairs), cut: Cut(cut), time }
    })
}

fn matchers() -> impl Strategy<Value = Vec<Matcher>> {
    let one = |name: &'static str, op, value: &'static str| vec![Matcher::new(op, name, value).unwrap()];
    prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(one("id", MatchOp::Regex, "a.*")),
        1 => Just(one("a", MatchOp::NotEqual, "x")),
        1 => Just(one("id", MatchOp::Equal, "nobody")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn labels_of_a_window_are_those_of_its_series(
        samples in prop::collection::vec(sample(), 0..80),
        matchers in matchers(),
        (start, length) in (-10i64..70, 0i64..40),
        (from, floor) in (0u64..5, 0u64..3),
    ) {
        let config = HeadConfig { max_samples_per_chunk: 3, ..HeadConfig::default() };
        let head = Head::new(config);
        let tenant = TenantId::anonymous();
        for Sample { labels, cut, time } in &samples {
            let mut appender = head.appender();
            let series = appender.series(&tenant, labels.view(), *cut);
            let _ = appender.float(series, *cut, *time, 1.0, 0);
        }
        head.drop_below(Cut(floor));

        let window = Window::new(start, start + length).from_cut(Cut(from));
        let counts = |sample: &&Sample| {
            sample.cut >= Cut(from.max(floor))
                && (start..=start + length).contains(&sample.time)
                && matchers.iter().all(|matcher| matcher.matches(sample.labels.get(matcher.name()).unwrap_or("")))
        };
        // A chunk that meets the window without a sample in it counts as well: 3 samples apart. So what is found lies between.
        let least: BTreeSet<&Labels> = samples.iter().filter(counts).map(|sample| &sample.labels).collect();
        let mut series = SeriesBatch::new();
        head.series_into(tenant.as_str(), &matchers, window, &mut series);
        let found: BTreeSet<Labels> = series.into_labels().into_iter().collect();
        prop_assert!(least.iter().all(|labels| found.contains(*labels)), "{:?} of {:?}", found, least);

        let names: BTreeSet<&str> = found.iter().flat_map(Labels::iter).map(|(name, _)| name).collect();
        prop_assert_eq!(head.label_names(tenant.as_str(), &matchers, window), names.into_iter().collect::<Vec<_>>());
        for name in ["__name__", "id", "a"] {
            let values: BTreeSet<&str> = found.iter().filter_map(|labels| labels.get(name)).collect();
            let told = head.label_values(tenant.as_str(), name, &matchers, window);
            prop_assert_eq!(told, values.into_iter().collect::<Vec<_>>());
        }
        if matchers.is_empty() {
            for allowed in [3, 20, 1000] {
                let (mut steps, mut at_once) = (allowed, TextSet::default());
                let floor = head.label_names_at_once(tenant.as_str(), window, &mut steps, &mut at_once);
                prop_assert!(allowed < 1000 || floor.is_some(), "{:?} of 80 samples", steps);
                if let Some(floor) = floor {
                    prop_assert_eq!(floor, head.tenant_floor(tenant.as_str()));
                    prop_assert_eq!(at_once.into_sorted(), head.label_names(tenant.as_str(), &[], window));
                }
                let mut at_once = TextSet::default();
                if head.label_values_at_once(tenant.as_str(), "id", window, &mut steps, &mut at_once).is_some() {
                    prop_assert_eq!(at_once.into_sorted(), head.label_values(tenant.as_str(), "id", &[], window));
                }
            }
            let writer = head.appender();
            let nothing = head.label_names_at_once(tenant.as_str(), window, &mut 1000, &mut TextSet::default());
            prop_assert!(nothing.is_none(), "nobody is waited for");
            drop(writer);
        }
        let (cursor, _) = head.matching(tenant.as_str(), &matchers, window);
        prop_assert!(cursor.left() >= found.len() as u64);
        let held = samples.iter().filter(|sample| sample.cut >= Cut(from.max(floor)));
        let times = held.map(|sample| sample.time);
        if times.clone().max().is_none_or(|last| last < start) || times.min().is_none_or(|first| start + length < first) {
            prop_assert!(cursor.left() == 0, "no series is looked for where there are no samples");
        }
    }
}
