//! Quoting as Go's `%q` and `%#U` write it, because error texts are part of the API.

use mneme_model::labels::Quoted;

/// A string of an error text: shortened to ten characters and dots if it has more than ten bytes.
pub(super) fn quote_head(text: &str) -> String {
    if text.len() <= 10 {
        return Quoted(text).to_string();
    }
    let head = text.char_indices().nth(10).map_or(text, |(end, _)| &text[..end]);
    format!("{}...", Quoted(head))
}

/// Bytes in double quotes, as `\xff` where they are no UTF-8.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let quoted = Quoted(chunk.valid()).to_string();
        text.push_str(quoted.get(1..quoted.len() - 1).unwrap_or(""));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    text
}

/// A character in single quotes; the end of the input is the replacement character.
pub(super) fn quote_char(c: Option<char>) -> String {
    match c {
        None => "'\u{fffd}'".to_owned(),
        Some('\'') => "'\\''".to_owned(),
        Some('"') => "'\"'".to_owned(),
        Some(c) => {
            let mut buffer = [0; 4];
            let quoted = Quoted(c.encode_utf8(&mut buffer)).to_string();
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}

/// `U+0063 'c'`; without the character if it cannot be printed.
pub(super) fn code_point(c: char) -> String {
    let code = u32::from(c);
    let quoted = quote_char(Some(c));
    if quoted.starts_with("'\\") && !matches!(c, '\'' | '\\') {
        format!("U+{code:04X}")
    } else {
        format!("U+{code:04X} '{c}'")
    }
}

/// A whole string in double quotes.
pub(super) fn quote_text(text: &str) -> String {
    Quoted(text).to_string()
}
