//! The head beside a map that keeps every sample: any order and any repetition gives the same reads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cmp::Ordering;
use std::collections::BTreeMap;

use mneme_head::{Appender, Head, HeadConfig, Outcome, SpillFile, Window};
use mneme_model::chunk::{Point, merge, to_float};
use mneme_model::{AnyHistogram, Cut, Histogram, Labels, Samples, TenantId, TimestampMs, stale_nan};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Value {
    Float(f64, TimestampMs),
    Histogram(AnyHistogram, TimestampMs),
}

impl Value {
    fn point(&self) -> Point<'_> {
        match self {
            Self::Float(v, st) => Point::Float { v: *v, st: *st },
            Self::Histogram(h, st) => Point::Histogram { h, st: *st },
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Float(v, st) => format!("{:x} {st}", v.to_bits()),
            Self::Histogram(h, st) => {
                let float = to_float(h);
                format!("{:x} {:?} {st}", float.sum.to_bits(), float.positive_buckets)
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Record {
    tenant: usize,
    series: usize,
    cut: u64,
    t: TimestampMs,
    value: Value,
}

fn value() -> impl Strategy<Value = Value> {
    let v = prop_oneof![6 => (0i64..3).prop_map(|v| v as f64), 1 => Just(stale_nan()), 1 => Just(f64::NAN), 1 => any::<f64>()];
    let st = prop_oneof![4 => Just(0i64), 1 => 1i64..4];
    let histogram = (0u64..3, any::<bool>()).prop_map(|(n, stale)| {
        AnyHistogram::Integer(Histogram {
            count: n,
            sum: if stale { stale_nan() } else { n as f64 },
            positive_spans: vec![mneme_model::histogram::Span { offset: 0, length: 1 }],
            positive_deltas: vec![n as i64],
            ..Histogram::default()
        })
    });
    prop_oneof![
        8 => (v, st.clone()).prop_map(|(v, st)| Value::Float(v, st)),
        1 => (histogram, st).prop_map(|(h, st)| Value::Histogram(h, st)),
    ]
}

/// Mostly ascending times, as scrapes are, with jumps back and repetitions.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let step = prop_oneof![8 => 1i64..3, 1 => -30i64..1, 1 => Just(0i64)];
    let cut = prop_oneof![6 => Just(0u64), 1 => 0u64..3];
    prop::collection::vec((0usize..2, 0usize..3, cut, step, value()), 1..200).prop_map(|rows| {
        let mut t = 100;
        let len = rows.len() as u64;
        let record =
            |(i, (tenant, series, behind, step, value)): (usize, (usize, usize, u64, i64, Value))| {
                t += step;
                let cut = (10 + i as u64 * 4 / len).saturating_sub(behind);
                Record { tenant, series, cut, t, value }
            };
        rows.into_iter().enumerate().map(record).collect()
    })
}

fn tenant(i: usize) -> TenantId {
    TenantId::new(&format!("t{i}")).unwrap()
}

fn labels(i: usize) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string()), ("common", "x".to_owned())])
}

fn apply(appender: &mut Appender<'_>, record: &Record) -> Outcome {
    let cut = Cut(record.cut);
    let series = appender.series(&tenant(record.tenant), labels(record.series).view(), cut);
    match &record.value {
        Value::Float(v, st) => appender.float(series, cut, record.t, *v, *st),
        Value::Histogram(h, st) => appender.histogram(series, cut, record.t, *st, h),
    }
}

/// What must be read of `records`, per tenant, series and time.
fn expected(records: &[Record], from: u64) -> BTreeMap<(usize, usize, TimestampMs), String> {
    let mut best: BTreeMap<(usize, usize, TimestampMs), &Value> = BTreeMap::new();
    for record in records.iter().filter(|record| record.cut >= from) {
        let kept = best.entry((record.tenant, record.series, record.t)).or_insert(&record.value);
        if kept.point().compare(&record.value.point()) == Ordering::Less {
            *kept = &record.value;
        }
    }
    best.into_iter().map(|(key, value)| (key, value.text())).collect()
}

fn read(head: &Head, window: Window) -> BTreeMap<(usize, usize, TimestampMs), String> {
    let mut all = BTreeMap::new();
    for t in 0..2 {
        for found in head.select(tenant(t).as_str(), &[], window).unwrap() {
            let series = found.labels.get("i").unwrap().parse().unwrap();
            let mut samples = Samples::default();
            merge(&found.chunks, window.start, window.end, &mut samples).unwrap();
            assert!(samples.t.is_sorted_by(|a, b| a < b));
            for i in 0..samples.t.len() {
                let value = Value::Float(samples.v[i], samples.st.get(i).copied().unwrap_or(0));
                assert_eq!(all.insert((t, series, samples.t[i]), value.text()), None);
            }
            for point in &samples.histograms {
                let value = Value::Histogram(AnyHistogram::Float((*point.h).clone()), point.st);
                assert_eq!(all.insert((t, series, point.t), value.text()), None);
            }
        }
    }
    all
}

fn config() -> HeadConfig {
    HeadConfig { max_samples_per_chunk: 7, ..HeadConfig::default() }
}

fn filled(records: &[Record]) -> Head {
    let head = Head::new(config());
    // Several sections, so that references are found again.
    for section in records.chunks(13) {
        let mut appender = head.appender();
        for record in section {
            let _ = apply(&mut appender, record);
        }
    }
    head
}

fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for i in (1..items.len()).rev() {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        items.swap(i, (state >> 33) as usize % (i + 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_order_and_repetition_reads_the_same(records in records(), seed in any::<u64>(), times in (90i64..200, 90i64..200)) {
        let want = expected(&records, 0);
        let head = filled(&records);
        prop_assert_eq!(&read(&head, Window::all()), &want);
        let mut shuffled = [records.as_slice(), records.as_slice()].concat();
        shuffle(&mut shuffled, seed);
        prop_assert_eq!(&read(&filled(&shuffled), Window::all()), &want);
        let window = Window::new(times.0.min(times.1), times.0.max(times.1));
        let inside = want.into_iter().filter(|(key, _)| (window.start..=window.end).contains(&key.2)).collect();
        prop_assert_eq!(read(&head, window), inside);
    }

    #[test]
    fn generations_hold_what_was_stamped_with_their_cut(records in records(), from in 8u64..15, spill in 8u64..15, seed in any::<u64>()) {
        let want = expected(&records, from);
        let forward = filled(&records);
        let mut reversed = records.clone();
        reversed.reverse();
        let backward = filled(&reversed);
        for head in [&forward, &backward] {
            prop_assert_eq!(&read(head, Window::all().from_cut(Cut(from))), &want);
        }
        // A head made of exported generations answers alike.
        let copy = Head::new(config());
        let (mut exported, mut after) = (Vec::new(), None);
        loop {
            let page = forward.export(None, Cut(from)..Cut(u64::MAX), after);
            prop_assert!(page.failed.is_none());
            exported.extend(page.series);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // In any order, as several checkpoints may bring them.
        let mut parts: Vec<_> = exported.iter().flat_map(|one| one.chunks.iter().map(move |part| (one, part))).collect();
        shuffle(&mut parts, seed);
        for (series, (cut, chunk)) in parts {
            let mut appender = copy.appender();
            let reference = appender.series(&series.tenant, series.labels.view(), *cut);
            prop_assert_eq!(appender.chunk(reference, *cut, chunk.clone()), Ok(Outcome::Appended));
        }
        prop_assert_eq!(&read(&copy, Window::all()), &want);
        // Records that come after a load are judged and merged as if nothing had happened.
        for record in &records {
            let _ = apply(&mut copy.appender(), record);
        }
        prop_assert_eq!(&read(&copy, Window::all().from_cut(Cut(from))), &want);
        // Neither does moving samples to a file change anything, nor what comes after it.
        let folder = tempfile::tempdir().unwrap();
        let file = SpillFile::create(&folder.path().join("spill")).unwrap();
        backward.spill(Cut(spill), &file).unwrap();
        prop_assert_eq!(&read(&backward, Window::all().from_cut(Cut(from))), &want);
        for record in &records {
            let _ = apply(&mut backward.appender(), record);
        }
        prop_assert_eq!(&read(&backward, Window::all().from_cut(Cut(from))), &want);
        backward.drop_below(Cut(from));
        prop_assert_eq!(&read(&backward, Window::all()), &want);
        backward.drop_below(Cut(100));
        prop_assert_eq!((backward.stats().bytes, backward.stats().spilled), (0, 0));
        // Dropping leaves the same, and counts come down.
        forward.drop_below(Cut(from));
        prop_assert_eq!(&read(&forward, Window::all()), &want);
        prop_assert!(forward.generations().iter().all(|generation| generation.cut >= Cut(from)));
        forward.drop_below(Cut(100));
        prop_assert_eq!(read(&forward, Window::all()).len(), 0);
        let stats = forward.stats();
        prop_assert_eq!((stats.series, stats.bytes, stats.floor), (0, 0, Cut(100)));
        let mut appender = forward.appender();
        prop_assert_eq!(apply(&mut appender, &records[0]), Outcome::Covered);
    }

    #[test]
    fn outcomes_tell_new_from_repeated_from_conflicting(records in records()) {
        let head = Head::new(config());
        let mut applied: Vec<Record> = Vec::new();
        let mut appender = head.appender();
        for record in records {
            let held = applied.iter().filter(|r| (r.tenant, r.series, r.t) == (record.tenant, record.series, record.t));
            let best = held.map(|r| r.value.point()).max_by(Point::compare);
            let want = match best.map(|best| best.compare_values(&record.value.point())) {
                None => Outcome::Appended,
                Some(Ordering::Equal) => Outcome::Duplicate,
                Some(_) => Outcome::Conflict,
            };
            prop_assert_eq!(apply(&mut appender, &record), want, "{:?}", record);
            applied.push(record);
        }
    }
}
