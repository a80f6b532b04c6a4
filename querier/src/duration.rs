//! Durations as Prometheus writes them: `1h30m`, `15s`; in milliseconds.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Units from large to small, in milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a duration: units descending, each at most once, no sign, at most what Prometheus' int64 of nanoseconds holds.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut total, mut allowed) = (text, 0i64, &UNITS[..]);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let (unit, after) = after.split_at(after.bytes().take_while(u8::is_ascii_alphabetic).count());
        let at = allowed.iter().position(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(allowed[at].1)?)?;
        total.checked_mul(1_000_000)?;
        allowed = &allowed[at + 1..];
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes a duration as [`parse`] reads it; years and weeks only where nothing is left over, as Prometheus does.
pub(crate) fn format(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let (mut text, mut rest) = (String::new(), ms.unsigned_abs());
    if ms < 0 {
        text.push('-');
    }
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

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let ms = parse(&text).and_then(|ms| u64::try_from(ms).ok());
    ms.map(Duration::from_millis)
        .ok_or_else(|| D::Error::custom(format!("{text:?} is not a duration such as \"10m\" or \"1h30m\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0s", "15s", "1h30m", "1y", "2w", "365d1ms", "-5m"] {
            let read =
                text.strip_prefix('-').map_or_else(|| parse(text), |positive| parse(positive).map(|ms| -ms));
            let written = format(read.unwrap());
            assert!(
                written == text || (text, written.as_str()) == ("365d1ms", "365d1ms"),
                "{text} {written}"
            );
        }
        for bad in ["", "5", "m", "5m1h", "1m1m", "-1m", "1.5h", "99999999999999999999s", "1M", "1m ", "300y"]
        {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
