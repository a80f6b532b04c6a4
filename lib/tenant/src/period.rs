//! Durations in limits: Prometheus' notation, and the bare `0` that Mimir's and Cortex's files use.

use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

/// Units from large to small, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_any(Text)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a duration such as \"10m\" or \"1h30m\", or 0")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Duration, E> {
        if number == 0 {
            Ok(Duration::ZERO)
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(number), &self))
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Duration, E> {
        if number == 0 {
            Ok(Duration::ZERO)
        } else {
            Err(E::invalid_value(Unexpected::Signed(number), &self))
        }
    }
}

/// Units descending, each at most once: `1h30m`. Also what Go prints: `1h0m0s`.
fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut ms = 0u64;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        ms = number.parse::<u64>().ok()?.checked_mul(*factor)?.checked_add(ms)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(Duration::from_millis(ms))
}

/// The largest units first; years and weeks are written as days, whose length nobody doubts.
fn format(duration: Duration) -> String {
    let mut ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    for (name, factor) in UNITS.iter().skip(2) {
        if ms >= *factor {
            text.push_str(&format!("{}{name}", ms / factor));
            ms %= factor;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_what_go_writes() {
        for text in ["0s", "10m", "1h30m", "365d", "1d2h3m4s5ms"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(parse("1h0m0s"), Some(Duration::from_secs(3600)));
        assert_eq!(parse("1y"), parse("365d"));
        assert_eq!(parse("0"), Some(Duration::ZERO));
        for bad in [
            "",
            "5",
            "m",
            "5m1h",
            "1m1m",
            "-1m",
            "1.5h",
            "99999999999999999999s",
            "1M",
            "1m ",
            "18446744073709551615y",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
