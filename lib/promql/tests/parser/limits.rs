//! No text takes the process down: neither deep nor long nor senseless ones.

use mneme_promql::{Features, MAX_HEIGHT, MAX_NESTING, parse, parse_metric_selector};
use proptest::prelude::*;

#[test]
fn deep_expressions_are_refused_with_a_reason() {
    let deep = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    for times in [MAX_NESTING + 1, 100_000] {
        for text in [
            deep("(", "1", ")", times),
            deep("abs(", "a", ")", times),
            deep("sum(", "a", ")", times),
            deep("-", "a", "", times),
            deep("2^", "2", "", times),
            deep("a or (", "a", ")", times),
            format!("a[{}]", deep("(", "1", ")", times)),
            format!("a[{}]", deep("-", "1", "", times)),
            format!("a[{}]", deep("max_of(1,", "1", ")", times)),
            format!("a offset {}", deep("-", "1", "", times)),
        ] {
            let error = parse(&text, &Features::all()).unwrap_err();
            assert!(
                error.message.contains(&format!("nested deeper than {MAX_NESTING} levels")),
                "{}",
                error.message
            );
        }
    }
    assert!(parse(&deep("(", "1", ")", MAX_NESTING), &Features::all()).is_ok());
}

#[test]
fn long_chains_are_refused_with_a_reason() {
    for operator in ["+", " or ", "*"] {
        let chain = |terms: usize| vec!["a"; terms].join(operator);
        assert!(parse(&chain(MAX_HEIGHT), &Features::all()).unwrap().to_string().len() > MAX_HEIGHT);
        let error = parse(&chain(100_000), &Features::all()).unwrap_err();
        assert!(error.message.contains("levels of operators"), "{}", error.message);
    }
    let subqueries = format!("a{}", "[1m:]".repeat(10_000));
    assert!(parse(&subqueries, &Features::all()).is_err());
    let durations = format!("a[1{}]", "+1".repeat(100_000));
    assert!(parse(&durations, &Features::all()).is_err());
}

/// Pieces of the language, so that random texts get beyond the first token.
const PIECES: &[&str] = &[
    "foo",
    "a:b",
    "sum",
    "topk",
    "rate",
    "step",
    "start",
    "fill",
    "by",
    "on",
    "ignoring",
    "group_left",
    "bool",
    "offset",
    "anchored",
    "smoothed",
    "and",
    "unless",
    "atan2",
    "info",
    "max_of",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "=",
    "==",
    "!=",
    "=~",
    "!~",
    "<",
    ">=",
    "</",
    ">/",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "@",
    "\"x\"",
    "'('",
    "`y`",
    "\"",
    "\\",
    "1",
    "0x1f",
    "1e3",
    "5m",
    "1h30s",
    "inf",
    "#",
    "\n",
    " ",
    "é",
    "\u{fffd}",
    "\0",
    "_",
    ".",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_texts_do_not_panic(text in ".{0,40}") {
        let _ = parse(&text, &Features::all());
        let _ = parse_metric_selector(&text);
    }

    #[test]
    fn random_pieces_do_not_panic_and_print_stably(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24),
        spaced in any::<bool>(),
    ) {
        let text = pieces.join(if spaced { " " } else { "" });
        let _ = parse_metric_selector(&text);
        match parse(&text, &Features::all()) {
            Ok(expr) => {
                let printed = expr.to_string();
                if let Ok(again) = parse(&printed, &Features::all()) {
                    prop_assert_eq!(again.to_string(), printed);
                }
            }
            Err(error) => {
                prop_assert!(error.pos.start <= text.len());
                prop_assert_eq!(error.place.is_none(), text.is_empty());
            }
        }
    }
}
