//! Selections by the index beside a look at every series.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use mneme_head::{Head, Outcome, Window};
use mneme_model::{Cut, Labels, MatchOp, Matcher, TenantId};
use proptest::prelude::*;

const PATTERNS: [&str; 18] = [
    "",
    ".*",
    ".+",
    "a",
    "a|b",
    "a|",
    "a.*",
    "a.+",
    ".*a",
    ".+b",
    ".*b.*",
    "[ab]+",
    "a?b?",
    "(a|b)(a|b)?",
    "b.*a",
    "ab|c.*",
    "[^a]*",
    "nobody|nothing",
];

fn matcher() -> impl Strategy<Value = Matcher> {
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    let op = prop_oneof![Just(Equal), Just(NotEqual), Just(Regex), Just(NotRegex)];
    let name = prop_oneof![Just("id"), Just("x"), Just("y"), Just("all"), Just("none")];
    (op, name, prop::sample::select(&PATTERNS[..]))
        .prop_map(|(op, name, value)| Matcher::new(op, name, value).unwrap())
}

/// Label sets of an id, a label that all have, and two that some have.
fn series() -> impl Strategy<Value = Vec<Labels>> {
    let value = "[abc]{0,3}";
    prop::collection::vec((value, value, "[ab]{1,2}"), 1..300).prop_map(|rows| {
        let labels = |(i, (x, y, all)): (usize, (String, String, String))| {
            Labels::from_pairs([("id", i.to_string()), ("x", x), ("y", y), ("all", all)])
        };
        rows.into_iter().enumerate().map(labels).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_index_finds_what_a_look_at_every_series_finds(
        all in series(), questions in prop::collection::vec(prop::collection::vec(matcher(), 0..4), 1..6), drops in any::<bool>()
    ) {
        let head = Head::default();
        for (i, labels) in all.iter().enumerate() {
            let mut appender = head.appender();
            let cut = Cut(i as u64 % 3);
            let series = appender.series(&TenantId::anonymous(), labels.view(), cut);
            prop_assert_eq!(appender.float(series, cut, 1, 1.0, 0), Outcome::Appended);
        }
        if drops {
            head.drop_below(Cut(1));
        }
        let held = || all.iter().enumerate().filter(|(i, _)| !drops || i % 3 > 0).map(|(_, labels)| labels);
        for matchers in questions {
            let fits = |labels: &&Labels| matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or("")));
            let mut want: Vec<Labels> = held().filter(fits).cloned().collect();
            let mut found = head.series("anonymous", &matchers, Window::all());
            want.sort();
            found.sort();
            prop_assert_eq!(found, want, "{:?}", matchers);
        }
    }
}
