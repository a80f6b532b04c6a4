//! An answer of which only some labels or the newest samples matter says the same about these as the whole answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use mneme_head::{Head, HeadConfig, Wanted, Window};
use mneme_model::chunk::{SeriesBatch, SeriesView, merge};
use mneme_model::{AnyHistogram, Cut, FloatHistogram, Labels, ReadHints, Samples, TenantId, stale_nan};
use proptest::prelude::*;

/// A sample of one of a few series.
#[derive(Clone, Debug)]
struct Addition {
    series: u8,
    cut: u64,
    t: i64,
    kind: u8,
}

fn additions() -> impl Strategy<Value = Vec<Addition>> {
    let one = (0u8..4, 0u64..3, -50i64..50, prop_oneof![8 => Just(0u8), 1 => 1u8..5]);
    // Mostly in order, some late, some twice.
    let ordered = one.prop_map(|(series, cut, t, kind)| Addition { series, cut, t, kind });
    prop::collection::vec(ordered, 1..120).prop_map(|mut all| {
        for (i, one) in all.iter_mut().enumerate() {
            let late = one.t > 40;
            one.t = if late { i as i64 - one.t } else { i as i64 * 2 };
            one.cut = if late { one.cut } else { i as u64 / 40 };
        }
        all
    })
}

fn head(additions: &[Addition]) -> Head {
    let config = HeadConfig { max_samples_per_chunk: 7, ..HeadConfig::default() };
    let head = Head::new(config);
    let tenant = TenantId::new("t").unwrap();
    for Addition { series, cut, t, kind } in additions {
        let pod = format!("pod-{series}");
        let labels = Labels::from_pairs([
            ("__name__", "m"),
            ("job", if *series < 2 { "a" } else { "b" }),
            ("pod", &pod),
        ]);
        let mut appender = head.appender();
        let reference = appender.series(&tenant, labels.view(), Cut(*cut));
        let _outcome = match kind {
            1 => {
                let histogram = FloatHistogram { count: *t as f64, sum: 1.0, ..FloatHistogram::default() };
                appender.histogram(reference, Cut(*cut), *t, 0, &AnyHistogram::Float(histogram))
            }
            2 => appender.float(reference, Cut(*cut), *t, stale_nan(), 0),
            3 => appender.float(reference, Cut(*cut), *t, 0.1 * *t as f64, *t - 1),
            4 => appender.float(reference, Cut(*cut), *t, f64::NAN, 0),
            _ => appender.float(reference, Cut(*cut), *t, f64::from(*series) + *t as f64, 0),
        };
    }
    head
}

/// The newest sample: time, bits of the value (or of a histogram's count), start timestamp.
fn newest(one: &SeriesView<'_>, window: Window) -> Option<(i64, u64, i64)> {
    let mut samples = Samples::default();
    merge(one.chunks, window.start, window.end, &mut samples).unwrap();
    let at = samples.t.len().checked_sub(1);
    let float =
        at.map(|at| (samples.t[at], samples.v[at].to_bits(), samples.st.get(at).copied().unwrap_or(0)));
    let histogram = samples.histograms.last().map(|point| (point.t, point.h.count.to_bits(), point.st));
    float.into_iter().chain(histogram).max_by_key(|(t, _, _)| *t)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_matters_is_the_same(
        additions in additions(),
        range in (-20i64..260, 0i64..260),
        from in 0u64..3,
        floor in 0u64..2,
    ) {
        let head = head(&additions);
        head.drop_below(Cut(floor));
        for end in [range.0 + range.1, i64::MAX] {
            let window = Window::new(range.0, end).from_cut(Cut(from));
            let ask = |hints: ReadHints| {
                let mut found = SeriesBatch::new();
                head.select_into("t", &Wanted::new(&[], window).with_hints(hints), &mut found).unwrap();
                found
            };
            let labels = Some(["job".to_owned()].into());
            let (all, few) = (ask(ReadHints::default()), ask(ReadHints { labels, newest_only: true }));
            prop_assert_eq!(all.len(), few.len());
            for (all, few) in all.iter().zip(few.iter()) {
                prop_assert_eq!(all.identity, few.identity);
                prop_assert_eq!(all.identity, all.labels.view().identity());
                prop_assert_eq!(few.labels, &all.labels.view().filter(|name| name == "job"));
                prop_assert_eq!(newest(&all, window), newest(&few, window));
            }
        }
    }
}
