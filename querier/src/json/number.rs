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
        // The shortest digits, of two equally near ones the even one as in Go; the standard library takes the upper one. Numbers that
        // need an exponent here are never in the middle of two.
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        if text.contains('e') {
            print(out, format_args!("{value}"));
        } else {
            push_bytes(out, text.strip_suffix(".0").unwrap_or(text));
        }
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
        let digit = |unit: u64| b'0' + (fraction / unit % 10) as u8;
        out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
    }
}

/// Appends milliseconds as a float of seconds, shortest: `0.01` where [`push_timestamp`] writes `0.010`. Scalars and strings print so.
pub(crate) fn push_seconds(out: &mut Vec<u8>, t: TimestampMs) {
    push_plain(out, t as f64 / 1000.0);
}

fn push_integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    push_bytes(out, itoa::Buffer::new().format(value));
}

/// Byte by byte: loads of many bytes at once would have to wait for the stores that have just written them.
fn push_bytes(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len());
    text.bytes().for_each(|byte| out.push(byte));
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
    fn of_two_equally_near_digits_the_even_one_is_printed() {
        for (v, text) in [
            (2_179_139_703_190_279.0 + 0.25, "2179139703190279.2"),
            (1_125_899_906_842_624.0 + 0.75, "1125899906842624.8"),
            (-1_125_899_906_842_625.0 - 0.25, "-1125899906842625.2"),
            (562_949_953_421_312.0 + 0.125, "562949953421312.1"),
        ] {
            assert_eq!(value(v), format!("\"{text}\""));
        }
    }

    #[test]
    fn any_value_prints_as_few_digits_as_the_standard_library_and_reads_back() {
        let mut state = 1u64;
        for i in 0..200_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bits = state ^ state >> 29;
            let any = f64::from_bits(bits);
            let decimal = (bits >> 20) as f64 / 10f64.powi((i % 19) as i32);
            for v in [any, decimal, -decimal].into_iter().filter(|v| v.is_finite()) {
                let mut out = Vec::new();
                push_plain(&mut out, v);
                let text = String::from_utf8(out).unwrap();
                assert_eq!(
                    (text.parse::<f64>().unwrap().to_bits(), text.len()),
                    (v.to_bits(), format!("{v}").len())
                );
            }
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
