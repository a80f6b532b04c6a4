//! Times and durations of requests, parsed and refused in Prometheus' words.

use mneme_model::labels::Quoted;
use mneme_model::{TimestampMs, duration};

const NANOS: i128 = 1_000_000_000;
/// What Prometheus takes for "no start": its text, and nanoseconds since 1970.
const MIN: (&str, Time) = ("-292273086-05-16T16:47:06Z", Time(-9_223_309_901_257_974 * NANOS));
/// What Prometheus takes for "no end".
const MAX: (&str, Time) =
    ("292277025-08-18T07:12:54.999999999Z", Time(9_223_309_901_257_974 * NANOS + 999_999_999));

/// A time of a request: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) i128);

impl Time {
    /// Where a range without a start begins.
    pub(crate) const MIN: Self = MIN.1;
    /// Where a range without an end ends.
    pub(crate) const MAX: Self = MAX.1;

    /// A time in milliseconds.
    pub(crate) fn from_ms(ms: TimestampMs) -> Self {
        Self(i128::from(ms) * 1_000_000)
    }

    /// In milliseconds, rounded down.
    pub(crate) fn ms(self) -> TimestampMs {
        i64::try_from(self.0.div_euclid(1_000_000)).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }
}

/// RFC 3339, or seconds since 1970 with decimals (kept to the millisecond).
pub(crate) fn parse_time(text: &str) -> Result<Time, String> {
    if let Some(seconds) = parse_float(text) {
        let (whole, fraction) = (seconds.trunc(), seconds.fract());
        let fraction = (fraction * 1000.0).round() / 1000.0;
        return Ok(Time(i128::from(whole as i64) * NANOS + i128::from((fraction * 1e9) as i64)));
    }
    parse_rfc3339(text)
        .or_else(|| [MIN, MAX].into_iter().find(|(name, _)| *name == text).map(|(_, time)| time))
        .ok_or_else(|| format!("cannot parse {} to a valid timestamp", Quoted(text)))
}

/// Seconds with decimals, or a Prometheus duration (`5m`, `1h30m`); in nanoseconds.
pub(crate) fn parse_duration(text: &str) -> Result<i128, String> {
    if let Some(seconds) = parse_float(text) {
        let nanos = seconds * 1e9;
        if nanos > i64::MAX as f64 || nanos < i64::MIN as f64 {
            return Err(format!("cannot parse {} to a valid duration. It overflows int64", Quoted(text)));
        }
        return Ok(i128::from(nanos as i64));
    }
    duration::parse_ms(text)
        .map(|ms| i128::from(ms) * 1_000_000)
        .map_err(|_| format!("cannot parse {} to a valid duration", Quoted(text)))
}

/// Finite numbers only: what `inf` and `NaN` would mean as a time is nothing.
fn parse_float(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|seconds| seconds.is_finite())
}

/// Go's layout `2006-01-02T15:04:05.999999999Z07:00`, stricter than what a lenient parser takes.
fn parse_rfc3339(text: &str) -> Option<Time> {
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let (head, tail) = text.split_at_checked(shape.len())?;
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == *shape };
    let second: u32 = head.get(17..)?.parse().ok()?;
    if !head.bytes().zip(shape).all(fits) || second > 59 {
        return None;
    }
    let zone_at = tail.find(['Z', '+', '-'])?;
    let (fraction, zone) = tail.split_at(zone_at);
    let zone_fits = zone == "Z" || (zone.len() == 6 && zone.bytes().skip(1).zip(b"dd:dd").all(fits));
    if !zone_fits
        || !(fraction.is_empty()
            || (fraction.len() > 1
                && fraction.starts_with('.')
                && fraction[1..].bytes().all(|b| b.is_ascii_digit())))
    {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(10)];
    let time: jiff::Timestamp = format!("{head}{fraction}{zone}").parse().ok()?;
    Some(Time(time.as_nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_prometheus_reads_them() {
        let ms = |text: &str| parse_time(text).map(Time::ms);
        assert_eq!(ms("123"), Ok(123_000));
        assert_eq!(ms("123.123"), Ok(123_123));
        assert_eq!(ms("1543578564.705"), Ok(1_543_578_564_705));
        assert_eq!(ms("-0.5"), Ok(-500));
        assert_eq!(ms("2015-06-03T13:21:58.555Z"), Ok(1_433_337_718_555));
        assert_eq!(ms("2015-06-03T14:21:58.555+01:00"), Ok(1_433_337_718_555));
        assert_eq!(parse_time("292277025-08-18T07:12:54.999999999Z"), Ok(Time::MAX));
        assert_eq!(parse_time("-292273086-05-16T16:47:06Z"), Ok(Time::MIN));
        for bad in [
            "",
            "abc",
            "30s",
            "2015-06-03 13:21:58Z",
            "2015-06-03T13:21:58",
            "2015-06-03T13:21:60Z",
            "2015-13-03T13:21:00Z",
            "NaN",
            "inf",
        ] {
            assert_eq!(ms(bad), Err(format!("cannot parse \"{bad}\" to a valid timestamp")));
        }
    }

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        let second = 1_000_000_000;
        assert_eq!(parse_duration("123"), Ok(123 * second));
        assert_eq!(parse_duration("123.333"), Ok(123_333_000_000));
        assert_eq!(parse_duration("15s"), Ok(15 * second));
        assert_eq!(parse_duration("1h30m"), Ok(5400 * second));
        assert_eq!(parse_duration("1m500ms"), Ok(60_500_000_000));
        for bad in
            ["", "abc", "5m1h", "1s1s", "-5m", "5", "m"].iter().filter(|text| text.parse::<f64>().is_err())
        {
            assert_eq!(parse_duration(bad), Err(format!("cannot parse \"{bad}\" to a valid duration")));
        }
        let overflow = "cannot parse \"148966367200.372\" to a valid duration. It overflows int64";
        assert_eq!(parse_duration("148966367200.372").unwrap_err(), overflow);
    }
}
