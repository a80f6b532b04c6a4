//! What a regular expression says without being run: the only values that it matches, or what they start or end with.
//!
//! Built on `regex-syntax`, the parser of the `regex` crate itself, so that both always mean the same.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// More values than this are not listed; the expression is run instead.
const MAX_VALUES: usize = 1024;

/// Longer values than this are not listed.
const MAX_VALUE_BYTES: usize = 4096;

/// What is known of an anchored regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Matches exactly these values, sorted, each once.
    Values(Box<[Box<str>]>),
    /// Matches everything (`.*`).
    Anything,
    /// Matches everything but `""` (`.+`).
    NotEmpty,
    /// Matches exactly what starts with `prefix` and has at least `more` further bytes (`prefix.*`, `prefix.+`).
    Prefix { prefix: Box<str>, more: usize },
    /// Matches exactly what ends with `suffix` and has at least `more` bytes before it (`.*suffix`, `.+suffix`).
    Suffix { suffix: Box<str>, more: usize },
    /// Matches exactly what holds `infix` (`.*infix.*`).
    Infix { infix: Box<str> },
    /// What matches starts with `prefix` and ends with `suffix` (both may be empty); the rest takes the expression itself.
    Other { prefix: Box<str>, suffix: Box<str> },
}

/// Analyses a pattern that the `regex` crate has already accepted.
pub(super) fn analyse(pattern: &str) -> Shape {
    let unknown = Shape::Other { prefix: "".into(), suffix: "".into() };
    let Ok(hir) = ParserBuilder::new().dot_matches_new_line(true).build().parse(pattern) else {
        return unknown;
    };
    let parts = flatten(&hir);
    if let Some(values) = product(&parts) {
        let mut values: Vec<Box<str>> = values.into_iter().map(String::into_boxed_str).collect();
        values.sort_unstable();
        values.dedup();
        return Shape::Values(values.into());
    }
    let (prefix, rest) = leading(&parts);
    let (suffix, rest) = trailing(rest);
    match (prefix.as_str(), rest, suffix.as_str()) {
        ("", [any], "") if gap(any) == Some(0) => Shape::Anything,
        ("", [any], "") if gap(any) == Some(1) => Shape::NotEmpty,
        (_, [any], "") if gap(any).is_some() => {
            Shape::Prefix { prefix: prefix.into(), more: gap(any).unwrap_or(0) }
        }
        ("", [any], _) if gap(any).is_some() => {
            Shape::Suffix { suffix: suffix.into(), more: gap(any).unwrap_or(0) }
        }
        ("", [first, middle @ .., last], "") if gap(first) == Some(0) && gap(last) == Some(0) => {
            match leading(middle) {
                (infix, []) => Shape::Infix { infix: infix.into() },
                _ => unknown,
            }
        }
        _ => Shape::Other { prefix: prefix.into(), suffix: suffix.into() },
    }
}

/// The parts of a concatenation without captures, and without the anchors at its ends, which the whole has anyway.
fn flatten(hir: &Hir) -> Vec<&Hir> {
    fn push<'h>(hir: &'h Hir, parts: &mut Vec<&'h Hir>) {
        match hir.kind() {
            HirKind::Concat(subs) => subs.iter().for_each(|sub| push(sub, parts)),
            HirKind::Capture(capture) => push(&capture.sub, parts),
            HirKind::Empty => {}
            _ => parts.push(hir),
        }
    }
    let mut parts = Vec::new();
    push(hir, &mut parts);
    while parts.first().is_some_and(|part| *part.kind() == HirKind::Look(Look::Start)) {
        parts.remove(0);
    }
    while parts.last().is_some_and(|part| *part.kind() == HirKind::Look(Look::End)) {
        parts.pop();
    }
    parts
}

/// Every value that the parts match one after the other; `None` if there are too many.
fn product(parts: &[&Hir]) -> Option<Vec<String>> {
    let mut values = vec![String::new()];
    for part in parts {
        let tails = enumerate(part)?;
        if values.len().checked_mul(tails.len())? > MAX_VALUES {
            return None;
        }
        values =
            values.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect();
        if values.iter().any(|value| value.len() > MAX_VALUE_BYTES) {
            return None;
        }
    }
    Some(values)
}

/// Every value that `hir` matches; `None` if there are too many or it looks around.
fn enumerate(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Class(Class::Unicode(class)) => {
            let size: usize = class.iter().map(|range| range.len()).sum();
            let chars = || class.iter().flat_map(|range| range.start()..=range.end());
            (size <= MAX_VALUES).then(|| chars().map(String::from).collect())
        }
        HirKind::Class(Class::Bytes(_)) | HirKind::Look(_) => None,
        HirKind::Repetition(repetition) => {
            let most = repetition.max.filter(|&most| most <= 16)?;
            let mut values = Vec::new();
            for times in repetition.min..=most {
                values.extend(product(&vec![&*repetition.sub; times as usize])?);
                if values.len() > MAX_VALUES {
                    return None;
                }
            }
            Some(values)
        }
        HirKind::Capture(capture) => enumerate(&capture.sub),
        HirKind::Concat(subs) => product(&subs.iter().collect::<Vec<_>>()),
        HirKind::Alternation(subs) => {
            let mut values = Vec::new();
            for sub in subs {
                values.extend(enumerate(sub)?);
                if values.len() > MAX_VALUES {
                    return None;
                }
            }
            Some(values)
        }
    }
}

/// The literal that the parts start with, and the parts behind it.
fn leading<'p, 'h>(parts: &'p [&'h Hir]) -> (String, &'p [&'h Hir]) {
    let len = parts.iter().take_while(|part| literal(part).is_some()).count();
    (parts[..len].iter().filter_map(|part| literal(part)).collect(), &parts[len..])
}

/// The literal that the parts end with, and the parts before it.
fn trailing<'p, 'h>(parts: &'p [&'h Hir]) -> (String, &'p [&'h Hir]) {
    let len = parts.iter().rev().take_while(|part| literal(part).is_some()).count();
    let (rest, end) = parts.split_at(parts.len() - len);
    (end.iter().filter_map(|part| literal(part)).collect(), rest)
}

fn literal(hir: &Hir) -> Option<&str> {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok(),
        _ => None,
    }
}

/// `Some(n)` for `.*` (0) and `.+` (1): anything of at least `n` characters.
fn gap(hir: &Hir) -> Option<usize> {
    let HirKind::Repetition(repetition) = hir.kind() else { return None };
    let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else { return None };
    let any = class.iter().any(|range| range.start() == '\0' && range.end() == char::MAX);
    (any && repetition.max.is_none() && repetition.min <= 1).then_some(repetition.min as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pattern: &str) -> Option<Vec<String>> {
        match analyse(pattern) {
            Shape::Values(values) => Some(values.iter().map(ToString::to_string).collect()),
            _ => None,
        }
    }

    #[test]
    fn lists_the_values_of_finite_expressions() {
        assert_eq!(values("a|b|ab").unwrap(), ["a", "ab", "b"]);
        assert_eq!(values("GET|POST|GET").unwrap(), ["GET", "POST"]);
        assert_eq!(values("^(foo|bar)$").unwrap(), ["bar", "foo"]);
        assert_eq!(values("x(a|b)?[12]").unwrap(), ["x1", "x2", "xa1", "xa2", "xb1", "xb2"]);
        assert_eq!(
            values("(?i)ok").unwrap(),
            ["OK", "Ok", "oK", "ok", "o\u{212a}", "O\u{212a}"]
                .iter()
                .map(|s| s.to_string())
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
        assert_eq!(values("").unwrap(), [""]);
        assert_eq!(values("|a").unwrap(), ["", "a"]);
        for endless in ["a*", "a.", ".*", "(a|b){20}", "\\bfoo", "a^b", "[^a]"] {
            assert_eq!(values(endless), None, "{endless}");
        }
    }

    #[test]
    fn recognises_what_needs_no_automaton() {
        assert_eq!(analyse(".*"), Shape::Anything);
        assert_eq!(analyse("^.+$"), Shape::NotEmpty);
        assert_eq!(analyse("api-.*"), Shape::Prefix { prefix: "api-".into(), more: 0 });
        assert_eq!(analyse("(.+)-api"), Shape::Suffix { suffix: "-api".into(), more: 1 });
        assert_eq!(analyse(".*api.*"), Shape::Infix { infix: "api".into() });
        assert_eq!(analyse("a.*b"), Shape::Other { prefix: "a".into(), suffix: "b".into() });
        assert_eq!(analyse("4.."), Shape::Other { prefix: "4".into(), suffix: "".into() });
        assert_eq!(analyse("(?-s:a.*)"), Shape::Other { prefix: "a".into(), suffix: "".into() });
    }
}
