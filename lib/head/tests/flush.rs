//! What a flush needs: a tenant's series in the order of blocks, their chunks, and dropping it without touching others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use mneme_head::{Head, HeadConfig, Window};
use mneme_model::chunk::merge;
use mneme_model::{Cut, Exemplar, Labels, Samples, TenantId, TimestampMs};
use proptest::prelude::*;

const ALL: (TimestampMs, TimestampMs) = (TimestampMs::MIN, TimestampMs::MAX);

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn add(head: &Head, name: &str, labels: &Labels, cut: u64, samples: &[(TimestampMs, f64)]) {
    let mut appender = head.appender();
    let series = appender.series(&tenant(name), labels.view(), Cut(cut));
    for (t, v) in samples {
        let _ = appender.float(series, Cut(cut), *t, *v, 0);
    }
}

fn read(head: &Head, name: &str, cuts: &std::ops::Range<Cut>) -> Vec<(Labels, Vec<TimestampMs>)> {
    let of = |series| {
        let mut chunks = Vec::new();
        head.chunks(series, cuts, ALL, &mut chunks).unwrap();
        let mut samples = Samples::default();
        merge(&chunks, ALL.0, ALL.1, &mut samples).unwrap();
        (head.labels(series).unwrap(), samples.t)
    };
    head.sorted(name, cuts).into_iter().map(of).collect()
}

/// The order that blocks have.
fn in_order(a: &Labels, b: &Labels) -> std::cmp::Ordering {
    a.view().get("__name__").cmp(&b.view().get("__name__")).then_with(|| a.cmp(b))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn series_come_in_the_order_of_blocks_with_the_chunks_asked_for(
        series in prop::collection::btree_map(
            prop::collection::btree_map("(__name__|A|b|job)", "[a-c]{1,2}", 0..4),
            prop::collection::btree_map(0u64..4, 1usize..6, 1..4),
            0..12,
        ),
        from in 0u64..4,
        to in 0u64..5,
    ) {
        let head = Head::new(HeadConfig { max_samples_per_chunk: 2, ..HeadConfig::default() });
        let mut expected = Vec::new();
        for (labels, cuts) in &series {
            let labels = Labels::from_pairs(labels.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            let mut held = Vec::new();
            for (cut, count) in cuts {
                let samples: Vec<_> = (0..*count as i64).map(|i| (*cut as i64 * 100 + i, 1.0)).collect();
                add(&head, "a", &labels, *cut, &samples);
                add(&head, "b", &labels, *cut, &samples);
                if (from..to).contains(cut) {
                    held.extend(samples.iter().map(|(t, _)| *t));
                }
            }
            if !held.is_empty() {
                expected.push((labels, held));
            }
        }
        expected.sort_by(|a, b| in_order(&a.0, &b.0));
        let cuts = Cut(from)..Cut(to);
        prop_assert_eq!(&read(&head, "a", &cuts), &expected);
        for (series, (_, times)) in head.sorted("a", &cuts).into_iter().zip(&expected) {
            let (mut first, mut last, mut bytes) = (i64::MAX, i64::MIN, 0);
            head.chunk_ranges(series, &cuts, &mut |from, to, size| {
                first = first.min(from);
                last = last.max(to);
                bytes += size;
            });
            prop_assert_eq!((first, last), (times[0], times[times.len() - 1]));
            prop_assert!(bytes > 0);
        }
    }

    #[test]
    fn dropping_a_tenant_leaves_the_others_and_gives_the_memory_back_with_the_last(
        samples in prop::collection::vec((0usize..3, 0u64..5, 0u8..6), 1..300),
        drops in prop::collection::vec((0usize..3, 0u64..7), 0..8),
        spilled_below in 0u64..6,
    ) {
        let names = ["a", "b", "c"];
        let directory = tempfile::tempdir().unwrap();
        let file = mneme_head::SpillFile::create(&directory.path().join("spill")).unwrap();
        let head = Head::new(HeadConfig { max_samples_per_chunk: 3, ..HeadConfig::default() });
        let mut held: Vec<(usize, u64, Labels, i64)> = Vec::new();
        for (i, (tenant, cut, series)) in samples.iter().enumerate() {
            let name = format!("series_{series}");
            let labels = Labels::from_pairs([("__name__", name.as_str())]);
            add(&head, names[*tenant], &labels, *cut, &[(i as i64, 1.0)]);
            held.push((*tenant, *cut, labels, i as i64));
        }
        head.spill(Cut(spilled_below), &file).unwrap();
        let mut floors = [Cut(0); 3];
        for (tenant, cut) in drops {
            head.drop_tenant_below(names[tenant], Cut(cut));
            floors[tenant] = floors[tenant].max(Cut(cut));
            held.retain(|(owner, stamp, ..)| Cut(*stamp) >= floors[*owner]);
            for (at, name) in names.iter().enumerate() {
                let mut expected: Vec<i64> = held.iter().filter(|h| h.0 == at).map(|h| h.3).collect();
                expected.sort_unstable();
                let mut found: Vec<i64> =
                    read(&head, name, &(Cut(0)..Cut(9))).into_iter().flat_map(|(_, times)| times).collect();
                found.sort_unstable();
                prop_assert_eq!(found, expected, "{}", name);
                prop_assert!(head.tenant_floor(name) >= floors[at] || head.series_count(name) == 0);
                let selected = head.select(name, &[], Window::all()).unwrap().len();
                prop_assert_eq!(selected, head.series_count(name), "no series without samples stays");
            }
            let lowest = held.iter().map(|(_, stamp, ..)| Cut(*stamp)).min();
            prop_assert_eq!(head.lowest_generation(), lowest);
        }
        for name in names {
            head.drop_tenant_below(name, Cut(9));
        }
        let memory = head.memory_use();
        prop_assert_eq!((head.stats().series, head.stats().spilled), (0, 0));
        prop_assert!(memory.closed_chunks < 4096, "{}", memory.closed_chunks);
    }
}

#[test]
fn what_comes_below_a_tenants_floor_is_left_out_and_its_exemplars_go_with_it() {
    let head = Head::new(HeadConfig::default());
    let labels = Labels::from_pairs([("__name__", "up")]);
    add(&head, "a", &labels, 1, &[(10, 1.0)]);
    add(&head, "b", &labels, 1, &[(10, 1.0)]);
    let mut appender = head.appender();
    let series = appender.series(&tenant("a"), labels.view(), Cut(2));
    let _ = appender.float(series, Cut(2), 20, 2.0, 0);
    for (cut, t) in [(1, 10), (2, 20)] {
        let exemplar = Exemplar { labels: Labels::default(), value: 1.0, timestamp: t };
        appender.stamped_exemplar(series, Cut(cut), exemplar);
    }
    drop(appender);
    assert_eq!(head.exemplars_of("a", &(Cut(0)..Cut(2))).len(), 1);
    let flushable: Vec<_> =
        head.flushable(Cut(2)).into_iter().map(|f| (f.tenant.to_string(), f.samples)).collect();
    assert_eq!(flushable, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    head.drop_tenant_below("a", Cut(2));
    assert_eq!(head.flushable(Cut(2)).len(), 1);
    let are = ["a", "b", "c"].map(|name| head.is_flushable(name, Cut(2)));
    assert_eq!((are, head.is_flushable("a", Cut(3))), ([false, true, false], true));
    assert_eq!((head.tenant_floor("a"), head.tenant_floor("b"), head.floor()), (Cut(2), Cut(0), Cut(0)));
    let mut appender = head.appender();
    let series = appender.series(&tenant("a"), labels.view(), Cut(2));
    assert_eq!(appender.float(series, Cut(1), 11, 1.0, 0), mneme_head::Outcome::Covered);
    drop(appender);
    let stamped: Vec<i64> =
        head.exemplars_of("a", &(Cut(0)..Cut(9))).into_iter().map(|(_, e)| e.timestamp).collect();
    assert_eq!(stamped, [20]);
    assert_eq!(head.select("a", &[], Window::all()).unwrap().len(), 1);
    assert_eq!(head.select("b", &[], Window::all()).unwrap().len(), 1);
}
