//! Numbers as Go reads them: an integer with base prefix and underscores if it is one, else a float.

/// The value, or why there is none: `invalid syntax` or `value out of range`.
pub(super) fn parse(text: &str) -> Result<f64, &'static str> {
    if let Some(integer) = integer(text) {
        #[expect(clippy::cast_precision_loss, reason = "as Prometheus converts it")]
        return Ok(integer as f64);
    }
    if !underscores_separate_digits(text) {
        return Err("invalid syntax");
    }
    let digits = text.replace('_', "");
    if text.starts_with("0x") || text.starts_with("0X") {
        // A hexadecimal float needs an exponent with `p`, which is no part of PromQL's numbers.
        return Err("invalid syntax");
    }
    let value: f64 = digits.parse().map_err(|_| "invalid syntax")?;
    if value.is_infinite() && digits.contains(|c: char| c.is_ascii_digit()) {
        return Err("value out of range");
    }
    Ok(if value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0001) } else { value })
}

/// `123`, `0x1F`, `017` (octal), with underscores between digits.
fn integer(text: &str) -> Option<i64> {
    if !underscores_separate_digits(text) {
        return None;
    }
    let digits = text.replace('_', "");
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    match digits.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok(),
        _ => digits.parse().ok(),
    }
}

/// An underscore stands between two digits, or between a base prefix and a digit.
fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let is_digit = |at: usize| {
        bytes.get(at).is_some_and(|b| if is_hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() })
    };
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_').all(|(at, _)| {
        let after_prefix = is_hex && at == 2;
        at > 0 && (after_prefix || is_digit(at - 1)) && is_digit(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_values_that_go_gives_them() {
        for (text, value) in [
            ("0755", 493.0),
            ("08", 8.0),
            ("0xC", 12.0),
            ("0x_1f", 31.0),
            ("1_000", 1000.0),
            ("1_000.5_0e1", 10005.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("5e-3", 0.005),
            ("iNf", f64::INFINITY),
            ("99999999999999999999", 1e20),
        ] {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
        assert!(parse("nan").unwrap().is_nan());
        assert_eq!(parse(&"9".repeat(309)), Err("value out of range"));
        for text in ["0x", "0xfffffffffffffffff", "1_", "1__0", "0x1e+5", ""] {
            assert_eq!(parse(text), Err("invalid syntax"), "{text}");
        }
    }
}
