//! One behaviour of the head per test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use mneme_head::{Head, HeadConfig, Outcome, Window};
use mneme_model::{Cut, Exemplar, Labels, MatchOp, Matcher, Metadata, MetricType, TenantId};

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn add(head: &Head, who: &str, pairs: &[(&str, &str)], cut: u64, t: i64) {
    let labels = Labels::from_pairs(pairs.iter().copied());
    let mut appender = head.appender();
    let series = appender.series(&tenant(who), labels.view(), Cut(cut));
    assert_eq!(appender.float(series, Cut(cut), t, 1.0, 0), Outcome::Appended);
}

/// Six series: `id` tells them apart, `b` is absent in some, `c` is rare.
fn zoo() -> Head {
    let head = Head::default();
    for (id, rest) in [
        ("1", &[("a", "x"), ("b", "foo")][..]),
        ("2", &[("a", "x"), ("b", "bar")]),
        ("3", &[("a", "x")]),
        ("4", &[("a", "y"), ("b", "foobar")]),
        ("5", &[("a", "z"), ("c", "only")]),
        ("6", &[("b", "foo\nbar")]),
    ] {
        add(&head, "t", &[&[("id", id)], rest].concat(), 0, 10);
    }
    head
}

#[test]
fn matchers_select_as_in_prometheus() {
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    let head = zoo();
    type Case<'a> = (&'a [(MatchOp, &'a str, &'a str)], &'a str);
    let cases: &[Case<'_>] = &[
        (&[], "123456"),
        (&[(Equal, "a", "x")], "123"),
        (&[(Equal, "a", "nobody")], ""),
        (&[(Equal, "nolabel", "x")], ""),
        (&[(Equal, "b", "")], "35"),
        (&[(Equal, "nolabel", "")], "123456"),
        (&[(NotEqual, "nolabel", "")], ""),
        (&[(NotEqual, "b", "")], "1246"),
        (&[(NotEqual, "b", "foo")], "23456"),
        (&[(NotEqual, "nolabel", "x")], "123456"),
        (&[(Regex, "b", "foo|bar")], "12"),
        (&[(Regex, "b", "foo|")], "135"),
        (&[(NotRegex, "b", "foo|bar")], "3456"),
        (&[(NotRegex, "b", "foo|")], "246"),
        (&[(Regex, "b", "foo.*")], "146"),
        (&[(Regex, "b", ".+")], "1246"),
        (&[(Regex, "b", ".*")], "123456"),
        (&[(NotRegex, "b", ".+")], "35"),
        (&[(NotRegex, "b", ".*")], ""),
        (&[(Regex, "b", ".*bar")], "246"),
        (&[(Regex, "b", ".*o.*")], "146"),
        (&[(Regex, "b", "f.o")], "1"),
        (&[(Regex, "b", "[a-f].{2}")], "12"),
        (&[(NotRegex, "b", "[a-f].{2}")], "3456"),
        (&[(Regex, "nolabel", ".*")], "123456"),
        (&[(Regex, "nolabel", ".+")], ""),
        (&[(Regex, "id", ".+")], "123456"),
        (&[(Equal, "a", "x"), (NotEqual, "b", "foo")], "23"),
        (&[(Equal, "a", "x"), (Equal, "b", "")], "3"),
        (&[(Equal, "id", "4"), (Regex, "b", "f.*r")], "4"),
        (&[(Equal, "id", "4"), (NotRegex, "b", "f.*r")], ""),
        (&[(Equal, "id", "3"), (NotRegex, "b", "f.*r")], "3"),
        (&[(NotEqual, "a", "x"), (NotEqual, "a", "y")], "56"),
        (&[(NotEqual, "c", "only"), (Regex, "a", "y|z")], "4"),
        (&[(Equal, "a", "x"), (Equal, "a", "y")], ""),
    ];
    for (spec, want) in cases {
        let matchers: Vec<_> =
            spec.iter().map(|(op, name, value)| Matcher::new(*op, name, value).unwrap()).collect();
        let found = head.series("t", &matchers, Window::all());
        let mut ids: Vec<_> = found.iter().map(|labels| labels.get("id").unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids.concat(), *want, "{spec:?}");
        assert_eq!(head.select("t", &matchers, Window::all()).unwrap().len(), found.len());
        // The rule itself: a matcher looks at the value, `""` if absent.
        let all = head.series("t", &[], Window::all());
        let rule = all.iter().filter(|l| matchers.iter().all(|m| m.matches(l.get(m.name()).unwrap_or(""))));
        assert_eq!(rule.count(), want.len(), "{spec:?}");
    }
}

#[test]
fn label_names_and_values_follow_matchers_and_time() {
    let head = zoo();
    add(&head, "t", &[("id", "7"), ("late", "yes")], 3, 500);
    assert_eq!(head.label_names("t", &[], Window::all()), ["a", "b", "c", "id", "late"]);
    assert_eq!(head.label_names("t", &[], Window::new(0, 100)), ["a", "b", "c", "id"]);
    assert_eq!(head.label_names("t", &[], Window::all().from_cut(Cut(1))), ["id", "late"]);
    assert_eq!(head.label_names("t", &[Matcher::equal("a", "x")], Window::all()), ["a", "b", "id"]);
    assert_eq!(head.label_values("t", "a", &[], Window::all()), ["x", "y", "z"]);
    assert_eq!(head.label_values("t", "a", &[Matcher::equal("b", "foobar")], Window::all()), ["y"]);
    assert_eq!(head.label_values("t", "id", &[], Window::new(100, 1000)), ["7"]);
    assert_eq!(head.label_values("t", "nolabel", &[], Window::all()), [""; 0]);
    assert_eq!(head.time_range("t"), Some((10, 500)));
}

#[test]
fn what_repeats_an_older_generation_is_found_behind_its_mark() {
    let head = Head::default();
    add(&head, "t", &[("id", "1")], 1, 10);
    let mut appender = head.appender();
    let series = appender.series(&tenant("t"), Labels::from_pairs([("id", "1")]).view(), Cut(3));
    assert_eq!(appender.float(series, Cut(3), 10, 1.0, 0), Outcome::Duplicate);
    assert_eq!(appender.float(series, Cut(5), 10, 2.0, 0), Outcome::Conflict);
    drop(appender);
    for (from, found) in [(1, 1), (3, 1), (5, 1), (6, 0)] {
        let window = Window::all().from_cut(Cut(from));
        assert_eq!(head.series("t", &[], window).len(), found, "from {from}");
        assert_eq!(head.select("t", &[], window).unwrap().len(), found, "from {from}");
        assert_eq!(head.label_names("t", &[], window).len(), found, "from {from}");
    }
}

#[test]
fn tenants_never_meet() {
    let head = Head::default();
    for i in 0..300 {
        let (who, own) = (format!("t{i}"), i.to_string());
        add(&head, &who, &[("__name__", "up"), ("shared", "x")], 0, i);
        add(&head, &who, &[("__name__", "up"), ("own", &own)], 0, i);
    }
    for i in 0..300 {
        let who = format!("t{i}");
        let found = head.select(&who, &[Matcher::equal("__name__", "up")], Window::all()).unwrap();
        assert_eq!(found.len(), 2);
        assert!(
            found
                .iter()
                .flat_map(|series| &series.chunks)
                .all(|chunk| chunk.min_time == i && chunk.count == 1)
        );
        assert_eq!(head.label_values(&who, "own", &[], Window::all()), [i.to_string()]);
        assert_eq!(head.time_range(&who), Some((i, i)));
        assert_eq!(head.series_count(&who), 2);
    }
    assert!(head.select("t", &[], Window::all()).unwrap().is_empty());
    assert_eq!(head.time_range("nobody"), None);
    assert_eq!(head.tenants().len(), 300);
    assert_eq!((head.stats().tenants, head.stats().series), (300, 600));
}

#[test]
fn a_reference_to_a_series_that_left_names_nothing() {
    let head = Head::default();
    let (one, two) = (Labels::from_pairs([("n", "1")]), Labels::from_pairs([("n", "2")]));
    let old = {
        let mut appender = head.appender();
        let series = appender.series(&tenant("t"), one.view(), Cut(1));
        assert_eq!(appender.float(series, Cut(1), 1, 1.0, 0), Outcome::Appended);
        assert_eq!(appender.series(&tenant("t"), one.view(), Cut(1)), series);
        series
    };
    head.drop_below(Cut(2));
    assert!(head.label_names("t", &[], Window::all()).is_empty());
    let mut appender = head.appender();
    let new = appender.series(&tenant("t"), two.view(), Cut(2));
    assert_ne!(old, new);
    assert_eq!(appender.float(old, Cut(2), 2, 1.0, 0), Outcome::Gone);
    assert_eq!(appender.float(new, Cut(1), 2, 1.0, 0), Outcome::Covered);
    assert_eq!(appender.float(new, Cut(2), 2, 1.0, 0), Outcome::Appended);
}

#[test]
fn a_series_named_in_a_held_generation_stays_though_empty() {
    let head = Head::default();
    add(&head, "t", &[("n", "1")], 1, 1);
    let labels = Labels::from_pairs([("n", "1")]);
    let series = head.appender().series(&tenant("t"), labels.view(), Cut(5));
    head.drop_below(Cut(5));
    assert!(head.series("t", &[], Window::all()).is_empty(), "no samples, no answer");
    assert_eq!(head.appender().float(series, Cut(5), 9, 1.0, 0), Outcome::Appended);
    head.drop_below(Cut(6));
    assert_eq!(head.appender().float(series, Cut(6), 10, 1.0, 0), Outcome::Gone);
    assert_eq!(head.stats().bytes, 0);
}

#[test]
fn exemplars_are_bounded_and_answered_once() {
    let head = Head::new(HeadConfig { max_exemplars_per_tenant: 3, ..HeadConfig::default() });
    add(&head, "t", &[("n", "1")], 1, 1);
    add(&head, "t", &[("n", "2")], 1, 1);
    let exemplar =
        |t: i64| Exemplar { labels: Labels::from_pairs([("trace_id", "x")]), value: 1.0, timestamp: t };
    {
        let mut appender = head.appender();
        for n in ["1", "2"] {
            let series = appender.series(&tenant("t"), Labels::from_pairs([("n", n)]).view(), Cut(1));
            for t in [3, 3, 2] {
                appender.exemplar(series, exemplar(t));
            }
        }
    }
    let found = head.exemplars("t", &[], 0, 10);
    assert_eq!(found.len(), 2);
    let times: Vec<Vec<i64>> =
        found.iter().map(|s| s.exemplars.iter().map(|e| e.timestamp).collect()).collect();
    assert_eq!(times, [vec![2], vec![2, 3]]);
    assert_eq!(head.exemplars("t", &[Matcher::equal("n", "2")], 3, 3).len(), 1);
    assert!(head.exemplars("other", &[], 0, 10).is_empty());
    head.drop_below(Cut(2));
    assert!(head.exemplars("t", &[], 0, 10).is_empty());
}

#[test]
fn metadata_keeps_each_variant_once_and_is_bounded() {
    let head = Head::new(HeadConfig {
        max_metadata_per_tenant: 2,
        max_metadata_per_metric: 2,
        ..HeadConfig::default()
    });
    let metadata = |help: &str| Metadata {
        metric_type: MetricType::Counter,
        help: help.to_owned(),
        unit: String::new(),
    };
    {
        let mut appender = head.appender();
        for help in ["a", "b", "b", "c"] {
            assert!(appender.metadata(&tenant("t"), "m", metadata(help)));
        }
        assert!(appender.metadata(&tenant("t"), "l", metadata("x")));
        assert!(!appender.metadata(&tenant("t"), "too_many", metadata("x")));
    }
    let all = head.metadata("t", None);
    assert_eq!(all.iter().map(|m| &*m.metric).collect::<Vec<_>>(), ["l", "m"]);
    assert_eq!(head.metadata("t", Some("m"))[0].metadata, [metadata("b"), metadata("c")]);
    assert!(head.metadata("other", None).is_empty());
}

#[test]
fn pages_of_an_export_hold_every_series_once() {
    let head = Head::default();
    for i in 0..9000 {
        add(&head, if i % 3 == 0 { "a" } else { "b" }, &[("i", &i.to_string())], 1 + i % 2, i as i64);
    }
    for (who, cuts, want) in [
        (None, Cut(0)..Cut(9), 9000),
        (None, Cut(1)..Cut(2), 4500),
        (Some("b"), Cut(0)..Cut(9), 6000),
        (Some("nobody"), Cut(0)..Cut(9), 0),
    ] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = head.export(who, cuts.clone(), after);
            found.extend(page.series.into_iter().map(|series| series.labels));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), want);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), want);
    }
    let generations = head.generations();
    assert_eq!(generations.iter().map(|g| (g.cut.0, g.samples)).collect::<Vec<_>>(), [(1, 4500), (2, 4500)]);
}

#[test]
fn the_estimate_of_bytes_returns_to_zero_with_churn() {
    let head = Head::default();
    for round in 0..5u64 {
        for i in 0..500 {
            for t in 0..3 {
                add(
                    &head,
                    "t",
                    &[("i", &(i + round * 400).to_string()), ("common", "x")],
                    round,
                    (round * 10 + t) as i64,
                );
            }
        }
        head.drop_below(Cut(round));
        assert!(head.stats().series <= 500, "{:?}", head.stats());
        assert!(head.stats().bytes > 500 * 100);
    }
    let stats = &head.tenant_stats()[0];
    assert_eq!(
        (stats.series, stats.samples, stats.chunks, stats.symbols, stats.label_names),
        (500, 1500, 500, 501, 2)
    );
    head.drop_below(Cut(100));
    assert_eq!((head.stats().series, head.stats().bytes), (0, 0));
}
