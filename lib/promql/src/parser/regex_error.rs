//! Why a regular expression does not compile, in the words of Go's `regexp/syntax`, which users of Prometheus know.

use regex_syntax::ast::{Error, ErrorKind, parse::Parser};

/// Whether the pattern by itself is well-formed; a compiler that wraps it into a group would accept `a)(b`, too.
pub(super) fn check_syntax(pattern: &str) -> Result<(), String> {
    Parser::new().parse(pattern).map(|_| ()).map_err(|error| go_syntax_error(pattern, &error))
}

/// The error text for a well-formed pattern that did not compile, e.g. for its size: the last line of the compiler's
/// report says what is wrong, the lines before show where.
pub(super) fn compile_error(reason: &str) -> String {
    format!("error parsing regexp: {}", reason.lines().last().unwrap_or(reason).trim_start_matches("error: "))
}

/// The error text for a pattern that is no UTF-8: it shows the pattern from the first broken byte on.
pub(super) fn invalid_utf8(pattern: &[u8]) -> String {
    let broken = std::str::from_utf8(pattern).err().map_or(0, |error| error.valid_up_to());
    let mut shown = String::new();
    for chunk in pattern.get(broken..).unwrap_or_default().utf8_chunks() {
        shown.push_str(chunk.valid());
        shown.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    format!("error parsing regexp: invalid UTF-8: `{shown}`")
}

fn go_syntax_error(pattern: &str, error: &Error) -> String {
    let span = error.span();
    let part = pattern.get(span.start.offset..span.end.offset).unwrap_or(pattern);
    let from_start = pattern.get(span.start.offset..).unwrap_or(pattern);
    let operator = from_start.get(..1).unwrap_or(from_start);
    let (what, shown) = match error.kind() {
        ErrorKind::GroupUnclosed => ("missing closing )", pattern),
        ErrorKind::GroupUnopened => ("unexpected )", pattern),
        ErrorKind::ClassUnclosed => ("missing closing ]", from_start),
        ErrorKind::ClassRangeInvalid => ("invalid character class range", part),
        ErrorKind::ClassRangeLiteral | ErrorKind::ClassEscapeInvalid => {
            ("invalid character class range", part)
        }
        ErrorKind::EscapeUnexpectedEof => ("trailing backslash at end of expression", ""),
        ErrorKind::EscapeUnrecognized | ErrorKind::UnsupportedBackreference => {
            ("invalid escape sequence", part)
        }
        ErrorKind::RepetitionMissing => ("missing argument to repetition operator", operator),
        ErrorKind::RepetitionCountInvalid => ("invalid repeat count", part),
        ErrorKind::FlagUnrecognized | ErrorKind::FlagUnexpectedEof | ErrorKind::UnsupportedLookAround => {
            ("invalid or unsupported Perl syntax", part)
        }
        ErrorKind::GroupNameDuplicate { .. } => ("duplicate capture group name", part),
        ErrorKind::GroupNameEmpty | ErrorKind::GroupNameInvalid | ErrorKind::GroupNameUnexpectedEof => {
            ("invalid named capture", from_start)
        }
        ErrorKind::UnicodeClassInvalid => ("invalid character class range", part),
        other => return format!("error parsing regexp: {other}: `{part}`"),
    };
    format!("error parsing regexp: {what}: `{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_told_in_go_words() {
        for (pattern, text) in [
            ("a(b", "error parsing regexp: missing closing ): `a(b`"),
            ("a)b", "error parsing regexp: unexpected ): `a)b`"),
            ("a[b", "error parsing regexp: missing closing ]: `[b`"),
            ("a)(b", "error parsing regexp: unexpected ): `a)(b`"),
            ("*", "error parsing regexp: missing argument to repetition operator: `*`"),
            (r"\y", r"error parsing regexp: invalid escape sequence: `\y`"),
            ("[z-a]", "error parsing regexp: invalid character class range: `z-a`"),
        ] {
            assert_eq!(check_syntax(pattern), Err(text.to_owned()));
        }
        assert_eq!(check_syntax("a|b.*[^c](?i:d)"), Ok(()));
    }
}
