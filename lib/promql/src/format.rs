//! Numbers, times and text as Go's `fmt` and `strconv` print them: upstream's messages and labels rely on it.

use mneme_model::TimestampMs;
use mneme_model::labels::Quoted;

/// `%q` of a text.
pub(crate) fn quote(text: &str) -> String {
    Quoted(text).to_string()
}

/// `%g`: the shortest form that reads back, an exponent from 1e21 and below 1e-4.
#[must_use]
pub fn go_g(value: f64) -> String {
    go_float(value, -4, 21)
}

/// `strconv.FormatFloat(v, 'f', -1, 64)`: the shortest form that reads back, never an exponent.
#[must_use]
pub fn go_f(value: f64) -> String {
    special(value).unwrap_or_else(|| plain(value))
}

/// A float as a label value, as OpenMetrics writes it: `%g` with a `.0` where it would look like an integer.
pub(crate) fn go_open_metrics(value: f64) -> String {
    let text = go_g(value);
    if value.is_finite() && !text.contains(['.', 'e']) { format!("{text}.0") } else { text }
}

/// `%.<digits>g`.
pub(crate) fn go_g_precision(value: f64, digits: usize) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let scientific = format!("{:.*e}", digits.saturating_sub(1), value);
    let (mantissa, exponent) = split_exponent(&scientific);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= i32::try_from(digits).unwrap_or(i32::MAX) {
        return with_exponent(&trim(mantissa), exponent);
    }
    let decimals = usize::try_from(i32::try_from(digits).unwrap_or(i32::MAX) - 1 - exponent).unwrap_or(0);
    trim(&format!("{value:.decimals$}"))
}

/// Seconds as RFC 3339 in UTC.
pub(crate) fn rfc3339(t: TimestampMs) -> String {
    match jiff::Timestamp::from_second(t.div_euclid(1000)) {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => t.to_string(),
    }
}

fn go_float(value: f64, lowest: i32, limit: i32) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = split_exponent(&scientific);
    if exponent < lowest || exponent >= limit { with_exponent(mantissa, exponent) } else { plain(value) }
}

/// A finite number's shortest digits without an exponent; of two equally near ones the even one, where the standard library takes the
/// upper one. Such numbers are above 2^40 and print without an exponent here, too.
fn plain(value: f64) -> String {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    if text.contains('e') {
        return format!("{value}");
    }
    text.strip_suffix(".0").unwrap_or(text).to_owned()
}

fn special(value: f64) -> Option<String> {
    let text = match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        _ => return None,
    };
    Some(text.to_owned())
}

fn split_exponent(scientific: &str) -> (&str, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa, exponent.parse().unwrap_or(0))
}

fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_floats_as_go() {
        let cases = [
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
        ];
        for (value, want) in cases {
            assert_eq!(go_g(value), want);
        }
        assert_eq!(go_g(f64::NAN), "NaN");
        assert_eq!(go_f(1e-7), "0.0000001");
        assert_eq!(
            (go_f(2_179_139_703_190_279.0 + 0.25), go_f(-3.0)),
            ("2179139703190279.2".to_owned(), "-3".to_owned())
        );
        assert_eq!(go_g_precision(1234.0, 2), "1.2e+03");
        assert_eq!(go_g_precision(0.1, 2), "0.1");
        assert_eq!(go_g_precision(12.0, 2), "12");
        assert_eq!(rfc3339(3_600_999), "1970-01-01T01:00:00Z");
    }
}
