//! Numbers: sample values in quotes, timestamps in seconds.

use std::io::Write as _;

use mneme_model::TimestampMs;

/// Appends a sample value: quoted, shortest digits, an exponent only below 1e-6 and from 1e21 on (`jsonutil.MarshalFloat`).
pub(crate) fn push_value(out: &mut Vec<u8>, value: f64) {
    out.push(b'"');
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-6..1e21).contains(&size) {
        push_exponent(out, value);
    } else {
        push_plain(out, value);
    }
    out.push(b'"');
}

/// Appends `value` without quotes and never with an exponent: Go's `FormatFloat(v, 'f', -1, 64)`.
pub(crate) fn push_plain(out: &mut Vec<u8>, value: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value.fract() == 0.0 && value.abs() < EXACT && !(value == 0.0 && value.is_sign_negative()) {
        push_integer(out, value as i64);
    } else {
        print(out, format_args!("{value}"));
    }
}

/// Go's `'e'` form: at least two digits and a sign in the exponent.
fn push_exponent(out: &mut Vec<u8>, value: f64) {
    let start = out.len();
    print(out, format_args!("{value:e}"));
    let Some(at) = out[start..].iter().position(|&b| b == b'e').map(|at| start + at + 1) else { return };
    let negative = out.get(at) == Some(&b'-');
    if !negative {
        out.insert(at, b'+');
    }
    if out.len() - at == 2 {
        out.insert(at + 1, b'0');
    }
}

/// Appends milliseconds as seconds with up to three decimals: `1435781430.781`, `0.010`, `1` (`jsonutil.MarshalTimestamp`).
pub(crate) fn push_timestamp(out: &mut Vec<u8>, t: TimestampMs) {
    if t < 0 {
        out.push(b'-');
    }
    let t = t.unsigned_abs();
    push_integer(out, t / 1000);
    let fraction = t % 1000;
    if fraction != 0 {
        print(out, format_args!(".{fraction:03}"));
    }
}

/// Appends milliseconds as a float of seconds, shortest: `0.01` where [`push_timestamp`] writes `0.010`. Scalars and strings print so.
pub(crate) fn push_seconds(out: &mut Vec<u8>, t: TimestampMs) {
    push_plain(out, t as f64 / 1000.0);
}

fn push_integer(out: &mut Vec<u8>, value: impl Into<i128>) {
    let value: i128 = value.into();
    let mut digits = [0u8; 40];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs() as u64;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(v: f64) -> String {
        let mut out = Vec::new();
        push_value(&mut out, v);
        String::from_utf8(out).unwrap()
    }

    fn timestamp(t: i64) -> String {
        let mut out = Vec::new();
        push_timestamp(&mut out, t);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_print_as_go_prints_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (20.0, "20"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (1_234_567.8, "1234567.8"),
            (0.000_001_234_567_8, "0.0000012345678"),
            (0.000_001, "0.000001"),
            (0.000_000_999, "9.99e-07"),
            (1.234_567_8e-67, "1.2345678e-67"),
            (-1e21, "-1e+21"),
            (1e20, "100000000000000000000"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (-9_007_199_254_740_991.0, "-9007199254740991"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
        ];
        for (v, text) in cases {
            assert_eq!(value(v), format!("\"{text}\""));
        }
    }

    #[test]
    fn timestamps_have_three_decimals_or_none() {
        let cases = [
            (0, "0"),
            (1, "0.001"),
            (10, "0.010"),
            (100, "0.100"),
            (1001, "1.001"),
            (12_345_678_123_456_555, "12345678123456.555"),
            (-1, "-0.001"),
            (1_435_781_430_781, "1435781430.781"),
            (i64::MIN, "-9223372036854775.808"),
        ];
        for (t, text) in cases {
            assert_eq!(timestamp(t), text);
        }
    }
}
