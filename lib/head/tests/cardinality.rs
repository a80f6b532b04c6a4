//! Counts of series by label.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use mneme_head::{Head, Window};
use mneme_model::{Cut, Labels, Matcher, TenantId};

fn head() -> Head {
    let head = Head::default();
    for (t, pairs) in [
        (10, [("__name__", "up"), ("job", "a")]),
        (20, [("__name__", "up"), ("job", "b")]),
        (30, [("__name__", "down"), ("job", "b")]),
    ] {
        let labels = Labels::from_pairs(pairs);
        let mut appender = head.appender();
        let series = appender.series(&TenantId::new("t").unwrap(), labels.view(), Cut(0));
        let _ = appender.float(series, Cut(0), t, 1.0, 0);
    }
    head
}

fn counts(matchers: &[Matcher], window: Window, wanted: &dyn Fn(&str) -> bool) -> (u64, u64, String) {
    let mut found = BTreeMap::new();
    let size = head().label_counts("t", matchers, window, wanted, &mut |name, value, series| {
        found.insert(format!("{name}={value}"), series);
    });
    let text: Vec<String> = found.into_iter().map(|(label, series)| format!("{label}:{series}")).collect();
    (size.series, size.chunks, text.join(" "))
}

#[test]
fn the_whole_index_and_a_part_of_it_are_counted_alike() {
    let all = "__name__=down:1 __name__=up:2 job=a:1 job=b:2";
    assert_eq!(counts(&[], Window::all(), &|_| true), (3, 3, all.to_owned()));
    let jobs = (2, 0, "job=a:1 job=b:1".to_owned());
    assert_eq!(counts(&[Matcher::equal("__name__", "up")], Window::all(), &|name| name == "job"), jobs);
    let late = (1, 0, "__name__=down:1 job=b:1".to_owned());
    assert_eq!(counts(&[], Window::new(25, 40), &|_| true), late);
}
