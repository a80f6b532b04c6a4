//! The PromQL parser.

use mneme_promql::{Features, parse};

/// Any text, once with all features and once with those of a released Prometheus.
///
/// # Panics
/// Where the printed form of an expression is not the same expression.
pub fn promql(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop(parse(text, &Features::default()));
    let features = Features::all();
    let Ok(expression) = parse(text, &features) else { return };
    let printed = expression.to_string();
    // As upstream, the lexer takes a literal U+FFFD for broken UTF-8, and the printer writes it.
    if printed.contains(char::REPLACEMENT_CHARACTER) {
        return;
    }
    match parse(&printed, &features) {
        Ok(again) => assert_eq!(again.to_string(), printed, "{text:?} prints as {printed:?}"),
        Err(error) => panic!("{text:?} prints as {printed:?}, which is refused: {error}"),
    }
}
