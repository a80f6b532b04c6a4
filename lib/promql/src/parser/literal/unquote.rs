//! The text inside quotes, its escapes replaced. The lexer has seen that they are well-formed.

/// The bytes of a string with its quotes, by `\xff` not always UTF-8; `None` if it is malformed all the same.
pub(super) fn unquote(quoted: &str) -> Option<Vec<u8>> {
    let quote = quoted.chars().next()?;
    let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    if quote == '`' || !inner.contains('\\') {
        return Some(inner.as_bytes().to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = escape(&rest[at + 1..], quote, &mut bytes)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// Appends what the escape at the start of `text` (behind the backslash) stands for, and gives the text behind it.
fn escape<'a>(text: &'a str, quote: char, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let c = text.chars().next()?;
    let rest = &text[c.len_utf8()..];
    let byte = match c {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        c if c == quote => u8::try_from(c).ok()?,
        '0'..='7' => {
            let (value, rest) = number(text, 3, 8)?;
            bytes.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        'x' => {
            let (value, rest) = number(rest, 2, 16)?;
            bytes.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        'u' | 'U' => {
            let (value, rest) = number(rest, if c == 'u' { 4 } else { 8 }, 16)?;
            bytes.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(rest)
}

fn number(text: &str, digits: usize, base: u32) -> Option<(u32, &str)> {
    let value = u32::from_str_radix(text.get(..digits)?, base).ok()?;
    Some((value, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_replaced() {
        let all = r#""\a\b\f\n\r\t\v\\\" - \101\x41\u1234\U00010111☺""#;
        assert_eq!(unquote(all).unwrap(), "\x07\x08\x0c\n\r\t\x0b\\\" - AA\u{1234}\u{10111}☺".as_bytes());
        assert_eq!(unquote(r"'\'\xff'").unwrap(), b"'\xff");
        assert_eq!(unquote(r"`\n`").unwrap(), br"\n");
    }
}
