//! Strings, in the three ways in which Prometheus escapes them.

/// Appends a label's name or value: quotes, backslashes and control characters are escaped, nothing else.
pub(crate) fn push_label_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, false, false);
}

/// Appends any other text: as [`push_label_text`], and `<`, `>`, `&`, U+2028, U+2029 as `\u....`, safe inside HTML.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, true, false);
}

/// Appends the value of a string expression: as [`push_text`], with Go's short forms `\b` and `\f`.
pub(crate) fn push_go_text(out: &mut Vec<u8>, text: &str) {
    push(out, text, true, true);
}

fn push(out: &mut Vec<u8>, text: &str, html: bool, short: bool) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        // Both ends of what is plain stand between characters: all that is looked for begins one.
        let (plain, special) = rest.split_at(plain_len(rest.as_bytes(), html));
        out.extend_from_slice(plain.as_bytes());
        let Some(c) = special.chars().next() else { break };
        push_special(out, c, short);
        rest = &special[c.len_utf8()..];
    }
    out.push(b'"');
}

/// How many bytes from the start on need no second look.
fn plain_len(bytes: &[u8], html: bool) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let whole = words.iter().take_while(|word| !any_special(u64::from_le_bytes(**word), html)).count() * 8;
    let special = |b: u8| {
        b < b' ' || b == b'"' || b == b'\\' || (html && matches!(b, b'<' | b'>' | b'&' | LINE_SEPARATOR))
    };
    whole + bytes[whole..].iter().take_while(|b| !special(**b)).count()
}

/// The first byte of U+2028 and U+2029, and of others.
const LINE_SEPARATOR: u8 = 0xe2;

/// Whether one of eight bytes is special; bit tricks instead of a loop, for this is where large answers spend their time.
fn any_special(word: u64, html: bool) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let equal = |byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero & HIGH
    };
    let mut found = below(b' ') | equal(b'"') | equal(b'\\');
    if html {
        found |= equal(b'<') | equal(b'>') | equal(b'&') | equal(LINE_SEPARATOR);
    }
    found != 0
}

fn push_special(out: &mut Vec<u8>, c: char, short: bool) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\x08' if short => out.extend_from_slice(b"\\b"),
        '\x0c' if short => out.extend_from_slice(b"\\f"),
        c if c < ' ' || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
            push_code(out, u32::from(c));
        }
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
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

    #[test]
    fn what_is_special_is_found_at_every_place() {
        for len in 0..20 {
            for (c, escaped) in
                [('"', "\\\""), ('\x1f', "\\u001f"), ('<', "\\u003c"), ('\u{2029}', "\\u2029"), ('…', "…")]
            {
                for behind in 0..10 {
                    let (before, after) = ("ä".repeat(len), "~".repeat(behind));
                    let text = format!("{before}{c}{after}");
                    assert_eq!(written(push_text, &text), format!("\"{before}{escaped}{after}\""));
                }
            }
        }
    }
}
