//! Durations as Prometheus writes them, to the millisecond: `1h30m`, `15s`, `1y2w3d4h5m6s7ms`.

use std::time::Duration;

use crate::labels::Quoted;

/// Units from large to small, in milliseconds; a year is 365 days.
const UNITS: [(&str, i64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// The longest duration: Prometheus counts nanoseconds in 64 bits, which is 292 years.
const MAX_MS: i64 = i64::MAX / 1_000_000;

/// Why a text is no duration, in Prometheus' words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no text.
    #[error("empty duration string")]
    Empty,
    /// A number without a unit, a unit without a number, a sign, a fraction, or units not descending.
    #[error("not a valid duration string: {}", Quoted(.text))]
    Invalid {
        /// The whole text.
        text: String,
    },
    /// A unit that there is not.
    #[error("unknown unit {} in duration {}", Quoted(.unit), Quoted(.text))]
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// Longer than 292 years.
    #[error("duration out of range")]
    OutOfRange,
}

/// Reads a duration: see [`parse_ms`].
pub fn parse(text: &str) -> Result<Duration, Error> {
    parse_ms(text).map(|ms| Duration::from_millis(ms.unsigned_abs()))
}

/// Reads a duration as milliseconds, never negative: units descending, each at most once, or a bare `0`.
pub fn parse_ms(text: &str) -> Result<i64, Error> {
    match text {
        "" => return Err(Error::Empty),
        "0" => return Ok(0),
        _ => {}
    }
    let invalid = || Error::Invalid { text: text.to_owned() };
    let (mut rest, mut total, mut units) = (text, 0_i64, &UNITS[..]);
    while !rest.is_empty() {
        let (number, after) = split(rest, |byte| byte.is_ascii_digit());
        let (unit, after) = split(after, |byte| !byte.is_ascii_digit());
        let number = number.parse::<u64>().map_err(|_| invalid())?;
        if unit.is_empty() {
            return Err(invalid());
        }
        if UNITS.iter().all(|(known, _)| *known != unit) {
            return Err(Error::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() });
        }
        let at = units.iter().position(|(known, _)| *known == unit).ok_or_else(invalid)?;
        total = i64::try_from(number)
            .ok()
            .and_then(|number| number.checked_mul(units[at].1))
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= MAX_MS)
            .ok_or(Error::OutOfRange)?;
        units = &units[at + 1..];
        rest = after;
    }
    Ok(total)
}

/// Writes a duration: see [`format_ms`]. What is below a millisecond is cut off.
#[must_use]
pub fn format(duration: Duration) -> String {
    format_ms(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// Writes milliseconds as Prometheus does: the largest units first, years and weeks only where nothing is left over, nothing as
/// `0s`, and a `-` before what is negative.
#[must_use]
pub fn format_ms(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut text = if ms < 0 { "-".to_owned() } else { String::new() };
    let mut rest = ms.unsigned_abs();
    for (unit, factor) in UNITS {
        let factor = factor.unsigned_abs();
        if rest < factor || (matches!(unit, "y" | "w") && !rest.is_multiple_of(factor)) {
            continue;
        }
        text.push_str(&format!("{}{unit}", rest / factor));
        rest %= factor;
    }
    text
}

/// The bytes at the front that `belong`, which is of ASCII only or of its complement; then the others.
fn split(text: &str, belong: impl Fn(&u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().take_while(belong).count())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_unit_and_prints_the_shortest() {
        for (text, ms, printed) in [
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
            ("250ms", 250, "250ms"),
            ("15s", 15_000, "15s"),
            ("90m", 5_400_000, "1h30m"),
            ("1h0m0s", 3_600_000, "1h"),
            ("2d", 172_800_000, "2d"),
            ("8d", 691_200_000, "8d"),
            ("14d", 1_209_600_000, "2w"),
            ("365d", 31_536_000_000, "1y"),
            ("365d1ms", 31_536_000_001, "365d1ms"),
            ("1y2w3d4h5m6s7ms", 33_019_506_007, "382d4h5m6s7ms"),
            ("292y", 9_208_512_000_000, "292y"),
        ] {
            assert_eq!(parse_ms(text), Ok(ms), "{text}");
            assert_eq!(parse(text), Ok(Duration::from_millis(ms.unsigned_abs())), "{text}");
            assert_eq!(format_ms(ms), printed, "{text}");
        }
        assert_eq!(format_ms(-1001), "-1s1ms");
        assert_eq!(format(Duration::from_micros(1999)), "1ms");
        assert_eq!(format(Duration::MAX), format_ms(i64::MAX));
    }

    #[test]
    fn refuses_the_rest_in_prometheus_words() {
        assert_eq!(parse_ms(""), Err(Error::Empty));
        for text in [
            "5",
            "m",
            "1h5",
            "5m1h",
            "1m1m",
            "1ms1s",
            "-1m",
            "+1m",
            " 1m",
            "ü",
            "99999999999999999999s",
            "00",
        ] {
            let error = parse_ms(text).unwrap_err();
            assert_eq!(error.to_string(), format!("not a valid duration string: \"{text}\""));
        }
        for (text, unit) in
            [("1.5h", "."), ("1M", "M"), ("1m ", "m "), ("5 s", " s"), ("1ü", "ü"), ("5y1hs", "hs")]
        {
            let error = parse_ms(text).unwrap_err();
            assert_eq!(error.to_string(), format!("unknown unit \"{unit}\" in duration \"{text}\""));
        }
        for text in ["293y", "292y53w", "9223372036855ms", "18446744073709551615y", "9223372036854775807s1ms"]
        {
            assert_eq!(parse_ms(text), Err(Error::OutOfRange), "{text}");
        }
        assert_eq!(parse_ms("9223372036854ms"), Ok(MAX_MS));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in 0..=MAX_MS) {
            prop_assert_eq!(parse_ms(&format_ms(ms)), Ok(ms));
        }

        #[test]
        fn no_text_panics(text in "[0-9ymwdhs. ü-]{0,24}") {
            let _ = parse_ms(&text);
        }
    }
}
