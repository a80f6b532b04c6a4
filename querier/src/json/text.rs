//! Strings, in the three ways in which Prometheus escapes them.

/// Appends a label's name or value: quotes, backslashes and control characters are escaped, nothing else.
pub(crate) fn push_label_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, |_| false, false);
}

/// Appends any other text: as [`push_label_text`], and `<`, `>`, `&`, U+2028, U+2029 as `\u....`, safe inside HTML.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, is_html, false);
}

/// Appends the value of a string expression: as [`push_text`], with Go's short forms `\b` and `\f`.
pub(crate) fn push_go_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, is_html, true);
}

fn is_html(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

fn push(out: &mut Vec<u8>, text: &str, also: impl Fn(char) -> bool, short: bool) {
    out.push(b'"');
    let mut copied = 0;
    for (at, c) in text.char_indices() {
        if c >= ' ' && c != '"' && c != '\\' && !also(c) {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[copied..at]);
        copied = at + c.len_utf8();
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\x08' if short => out.extend_from_slice(b"\\b"),
            '\x0c' if short => out.extend_from_slice(b"\\f"),
            c => push_code(out, u32::from(c)),
        }
    }
    out.extend_from_slice(&text.as_bytes()[copied..]);
    out.push(b'"');
}

fn push_code(out: &mut Vec<u8>, code: u32) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[(code >> shift & 15) as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(push: fn(&mut Vec<u8>, &str), text: &str) -> String {
        let mut out = Vec::new();
        push(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_kind_of_text_has_its_escapes() {
        let text = "a\"\\\n\r\t\x08\x0c\x01<&>\u{2028}ä\x7f";
        assert_eq!(
            written(push_label_text, text),
            "\"a\\\"\\\\\\n\\r\\t\\u0008\\u000c\\u0001<&>\u{2028}ä\x7f\""
        );
        assert_eq!(
            written(push_text, text),
            "\"a\\\"\\\\\\n\\r\\t\\u0008\\u000c\\u0001\\u003c\\u0026\\u003e\\u2028ä\x7f\""
        );
        assert_eq!(written(push_go_text, "\x08\x0c"), "\"\\b\\f\"");
    }
}
