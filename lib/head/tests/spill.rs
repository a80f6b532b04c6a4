//! Samples that were moved to a file are read, judged, exported and dropped as before.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::OpenOptions;

use mneme_head::{Head, HeadConfig, Outcome, SpillFile, Window};
use mneme_model::chunk::merge;
use mneme_model::{Cut, Labels, Matcher, Samples, TenantId};

const SERIES: usize = 3000;
const STEPS: i64 = 40;

fn labels(i: usize) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())])
}

/// Three generations of samples `t * i`, some of them late.
fn filled() -> Head {
    let head = Head::new(HeadConfig { max_samples_per_chunk: 10, ..HeadConfig::default() });
    let mut appender = head.appender();
    for i in 0..SERIES {
        let series = appender.series(&TenantId::anonymous(), labels(i).view(), Cut(3));
        for t in (0..STEPS).filter(|t| t % 7 != 3).chain((0..STEPS).filter(|t| t % 7 == 3)) {
            let outcome = appender.float(series, Cut(1 + t as u64 / 16), t, (t * i as i64) as f64, 0);
            assert_eq!(outcome, Outcome::Appended);
        }
    }
    drop(appender);
    head
}

fn check(head: &Head, matchers: &[Matcher], window: Window, series: usize) {
    let found = head.select("anonymous", matchers, window).unwrap();
    assert_eq!(found.len(), series);
    for one in found {
        let i: i64 = one.labels.get("i").unwrap().parse().unwrap();
        let mut samples = Samples::default();
        merge(&one.chunks, window.start, window.end, &mut samples).unwrap();
        let times: Vec<i64> = (window.start.max(0)..=window.end.min(STEPS - 1)).collect();
        assert_eq!(samples.t, times);
        assert!(samples.t.iter().zip(&samples.v).all(|(t, v)| *v == (t * i) as f64));
    }
}

#[test]
fn spilled_generations_answer_alike_and_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    let head = filled();
    let before = head.stats();
    let file = SpillFile::create(&path).unwrap();
    let spilled = head.spill(Cut(3), &file).unwrap();
    let after = head.stats();
    assert!(spilled.chunks >= 2 * SERIES as u64 && spilled.bytes > 10 * SERIES as u64, "{spilled:?}");
    assert_eq!((after.spilled, before.spilled), (spilled.bytes, 0));
    assert_eq!(file.len(), spilled.bytes);
    assert!(after.bytes < before.bytes, "{before:?} {after:?}");
    check(&head, &[], Window::all(), SERIES);
    check(&head, &[], Window::new(5, 20), SERIES);
    check(&head, &[Matcher::equal("i", "77")], Window::all(), 1);
    assert_eq!(head.spill(Cut(3), &file).unwrap().chunks, 0, "nothing is moved twice");
    // The generation that goes on does so, and is moved by a later call to another file.
    let second = SpillFile::create(&folder.path().join("2")).unwrap();
    assert!(head.spill(Cut(9), &second).unwrap().chunks >= SERIES as u64);
    check(&head, &[], Window::all(), SERIES);
    drop((file, second));
    assert!(path.exists(), "its generations are held");
    head.drop_below(Cut(3));
    assert!(!path.exists() && folder.path().join("2").exists());
    check(&head, &[], Window::new(32, 39), SERIES);
    head.drop_below(Cut(10));
    assert!(!folder.path().join("2").exists());
    assert_eq!((head.stats().bytes, head.stats().spilled, head.stats().series), (0, 0, 0));
}

#[test]
fn samples_are_judged_by_what_was_spilled() {
    let folder = tempfile::tempdir().unwrap();
    let head = filled();
    head.spill(Cut(9), &SpillFile::create(&folder.path().join("1")).unwrap()).unwrap();
    let mut appender = head.appender();
    let series = appender.series(&TenantId::anonymous(), labels(5).view(), Cut(3));
    assert_eq!(appender.float(series, Cut(1), 4, 20.0, 0), Outcome::Duplicate);
    assert_eq!(appender.float(series, Cut(3), 4, 19.0, 0), Outcome::Conflict);
    assert_eq!(appender.float(series, Cut(1), -4, -20.0, 0), Outcome::Appended);
    assert_eq!(appender.float(series, Cut(3), 40, 200.0, 0), Outcome::Appended);
}

#[test]
fn spilled_generations_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let head = filled();
    let export = || {
        let (mut exported, mut after) = (Vec::new(), None);
        loop {
            let page = head.export(Some("anonymous"), Cut(1)..Cut(3), after);
            assert!(page.failed.is_none());
            exported.extend(page.series);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        exported.sort_by(|a, b| a.labels.cmp(&b.labels));
        let samples = |chunks: &[(Cut, mneme_model::chunk::Chunk)]| {
            let mut samples = Samples::default();
            let chunks: Vec<_> = chunks.iter().map(|(_, chunk)| chunk.clone()).collect();
            merge(&chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
            samples
        };
        exported.iter().map(|one| (one.labels.clone(), samples(&one.chunks))).collect::<Vec<_>>()
    };
    let want = export();
    assert_eq!(want.len(), SERIES);
    head.spill(Cut(2), &SpillFile::create(&folder.path().join("1")).unwrap()).unwrap();
    assert_eq!(export(), want);
}

#[test]
fn a_lost_file_is_an_error_and_not_an_empty_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    let head = filled();
    head.spill(Cut(3), &SpillFile::create(&path).unwrap()).unwrap();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let error = head.select("anonymous", &[], Window::all()).unwrap_err();
    assert_eq!(error.path, path);
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert!(head.export(None, Cut(0)..Cut(9), None).failed.is_some());
    check(&head, &[], Window::new(32, 39).from_cut(Cut(3)), SERIES);
    // What cannot be read is judged as new; reads merge it.
    let mut appender = head.appender();
    let series = appender.series(&TenantId::anonymous(), labels(2999).view(), Cut(3));
    assert_eq!(appender.float(series, Cut(3), 4, 1.0, 0), Outcome::Appended);
}

#[test]
fn a_flipped_bit_is_an_error_and_not_a_wrong_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    let head = filled();
    head.spill(Cut(9), &SpillFile::create(&path).unwrap()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for number in 0..64 {
        // Spread over the file, each bit of a byte by turns.
        let at = whole.len() * number / 64;
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (number % 8);
        std::fs::write(&path, &flipped).unwrap();
        let error = head.select("anonymous", &[], Window::all()).unwrap_err();
        assert!(error.to_string().contains("checksum"), "byte {at}: {error}");
    }
    std::fs::write(&path, &whole).unwrap();
    check(&head, &[], Window::all(), SERIES);
}

#[test]
fn foreign_bytes_in_a_file_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1");
    let head = filled();
    let file = SpillFile::create(&path).unwrap();
    head.spill(Cut(9), &file).unwrap();
    for fill in [0u8, 1, 3, 0x81, 0xff] {
        std::fs::write(&path, vec![fill; file.len() as usize]).unwrap();
        if let Ok(found) = head.select("anonymous", &[], Window::all()) {
            for one in found {
                let _ = merge(&one.chunks, i64::MIN, i64::MAX, &mut Samples::default());
            }
        }
        let mut appender = head.appender();
        let series = appender.series(&TenantId::anonymous(), labels(7).view(), Cut(3));
        let _ = appender.float(series, Cut(1), 4, 20.0, 0);
    }
}

#[test]
fn samples_arrive_and_are_read_while_generations_are_spilled_and_dropped() {
    const ROUNDS: i64 = 60;
    let folder = tempfile::tempdir().unwrap();
    let head = Head::new(HeadConfig { max_samples_per_chunk: 10, ..HeadConfig::default() });
    let name = |i: usize| Labels::from_pairs([("i", i.to_string())]);
    let written = std::sync::atomic::AtomicI64::new(-1);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for t in 0..ROUNDS {
                let cut = Cut(t as u64 / 4);
                let mut appender = head.appender();
                for i in 0..500 {
                    let series = appender.series(&TenantId::anonymous(), name(i).view(), cut);
                    assert_eq!(appender.float(series, cut, t, t as f64, 0), Outcome::Appended);
                }
                drop(appender);
                written.store(t, order);
            }
        });
        scope.spawn(|| {
            for round in 0.. {
                let t = written.load(order);
                let file = SpillFile::create(&folder.path().join(round.to_string())).unwrap();
                head.spill(Cut(t.max(0) as u64 / 4), &file).unwrap();
                head.drop_below(Cut((t.max(0) as u64 / 4).saturating_sub(4)));
                if t == ROUNDS - 1 {
                    return;
                }
            }
        });
        loop {
            let before = written.load(order);
            let found = head.select("anonymous", &[], Window::all()).unwrap();
            let floor = i64::try_from(head.floor().0).unwrap() * 4;
            assert!(before < 0 || found.len() == 500);
            for one in found {
                let mut samples = Samples::default();
                merge(&one.chunks, i64::MIN, i64::MAX, &mut samples).unwrap();
                let held: Vec<i64> = samples.t.iter().copied().filter(|&t| t >= floor).collect();
                let last = *samples.t.last().unwrap();
                assert!(last >= before);
                assert_eq!(held, (floor..=last).collect::<Vec<_>>());
                assert!(samples.t.iter().zip(&samples.v).all(|(t, v)| *t as f64 == *v));
            }
            if before == ROUNDS - 1 {
                break;
            }
        }
    });
    head.drop_below(Cut(1000));
    assert_eq!((head.stats().bytes, head.stats().spilled), (0, 0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file is left");
}
