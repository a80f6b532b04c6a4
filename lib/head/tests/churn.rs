//! Series come and go: what they took is given back.

use mneme_head::{Head, Outcome, Window};
use mneme_model::{Cut, Exemplar, Labels, MatchOp, Matcher, Metadata, MetricType, TenantId};

const SERIES: usize = 4000;

/// One generation: `SERIES` series, a tenth of them new, each of a pod of its own generation.
fn generation(head: &Head, cut: u64) {
    let mut appender = head.appender();
    for i in 0..SERIES {
        let born = cut - (cut + i as u64) % 10;
        let labels = Labels::from_pairs([
            ("__name__", format!("metric_{}", i % 50)),
            ("instance", format!("10.0.0.{}", i % 40)),
            ("pod", format!("pod-{i}-of-{born}")),
        ]);
        let series = appender.series(&TenantId::anonymous(), labels.view(), Cut(cut));
        for step in 0..20 {
            let t = cut as i64 * 1000 + step;
            assert_eq!(appender.float(series, Cut(cut), t, (t * i as i64) as f64, 0), Outcome::Appended);
        }
    }
}

#[test]
fn bytes_stay_flat_while_a_tenth_of_the_series_is_replaced_in_each_generation() {
    let head = Head::default();
    let mut flat = 0;
    for cut in 10..60 {
        generation(&head, cut);
        head.drop_below(Cut(cut - 2));
        let stats = head.stats();
        if cut == 20 {
            flat = stats.bytes;
        }
        if cut > 20 {
            assert!(stats.bytes < flat + flat / 20, "cut {cut}: {} bytes, were {flat}", stats.bytes);
            assert!(stats.series <= SERIES + SERIES * 3 / 10, "{stats:?}");
        }
    }
    let values = head.label_values("anonymous", "pod", &[], Window::all());
    assert_eq!(values.len(), head.stats().series, "values of series that left are gone");
    head.drop_below(Cut(100));
    assert_eq!((head.stats().bytes, head.stats().series), (0, 0));
}

#[test]
fn a_burst_leaves_nothing_behind_but_the_series_that_go_on() {
    let head = Head::default();
    generation(&head, 10);
    let calm = head.stats().bytes;
    for i in 0..50_000 {
        let labels = Labels::from_pairs([("__name__", "burst".to_owned()), ("i", i.to_string())]);
        let mut appender = head.appender();
        let series = appender.series(&TenantId::anonymous(), labels.view(), Cut(10));
        assert_eq!(appender.float(series, Cut(10), i, 1.0, 0), Outcome::Appended);
    }
    assert!(head.stats().bytes > calm * 3);
    generation(&head, 11);
    head.drop_below(Cut(11));
    generation(&head, 12);
    head.drop_below(Cut(12));
    let after = head.stats();
    assert!(after.bytes < calm + calm / 5, "{} bytes, were {calm} without the burst", after.bytes);
    let burst = Matcher::new(MatchOp::Regex, "__name__", "b.*").unwrap();
    assert!(head.series("anonymous", &[burst], Window::all()).is_empty());
}

#[test]
fn a_generation_is_exported_with_its_exemplars_and_loads_in_any_order() {
    let head = Head::default();
    for cut in 10..13 {
        generation(&head, cut);
        let mut appender = head.appender();
        for i in (0..SERIES).step_by(100) {
            let labels = Labels::from_pairs([("__name__", format!("metric_{cut}")), ("x", i.to_string())]);
            let series = appender.series(&TenantId::anonymous(), labels.view(), Cut(cut));
            let trace = Labels::from_pairs([("trace_id", i.to_string())]);
            let exemplar = Exemplar { labels: trace, value: 1.0, timestamp: cut as i64 };
            appender.stamped_exemplar(series, Cut(cut), exemplar);
        }
    }
    let help = Metadata { metric_type: MetricType::Counter, help: "h".to_owned(), unit: String::new() };
    assert!(head.appender().metadata(&TenantId::anonymous(), "metric_1", help.clone()));
    let copy = Head::default();
    let mut exemplars = 0;
    for cut in [12, 10, 11] {
        let mut after = None;
        loop {
            let page = head.export(Some("anonymous"), Cut(cut)..Cut(cut + 1), after);
            let mut appender = copy.appender();
            for series in page.series {
                let reference = appender.series(&series.tenant, series.labels.view(), Cut(cut));
                for (stamp, chunk) in series.chunks {
                    assert_eq!(stamp, Cut(cut));
                    assert_eq!(appender.chunk(reference, stamp, chunk), Ok(Outcome::Appended));
                }
                for (stamp, exemplar) in series.exemplars {
                    assert_eq!(stamp, Cut(cut));
                    exemplars += 1;
                    appender.stamped_exemplar(reference, stamp, exemplar);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    for metadata in head.export_metadata("anonymous") {
        for variant in metadata.metadata {
            assert!(copy.appender().metadata(&TenantId::anonymous(), &metadata.metric, variant));
        }
    }
    assert_eq!(exemplars, 3 * SERIES / 100);
    assert_eq!(copy.metadata("anonymous", None)[0].metadata, [help]);
    let sorted = |head: &Head| {
        let mut all = head.select("anonymous", &[], Window::all()).unwrap();
        all.iter_mut().for_each(|one| one.chunks.sort_by_key(|chunk| chunk.min_time));
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        all
    };
    assert_eq!(sorted(&copy), sorted(&head));
    let found = |head: &Head| {
        let mut all = head.exemplars("anonymous", &[], 0, 100);
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        all
    };
    assert_eq!(found(&copy), found(&head));
    assert_eq!(copy.generations(), head.generations());
}
