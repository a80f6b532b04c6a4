//! Durations in config files and limits: `15s`, `1h30m`, `250ms`, and the bare `0` of Mimir's and Cortex's files.
//! For `#[serde(with = "mneme_tenant::duration")]`, with `#[schemars(with = "String")]`.

use std::fmt;
use std::time::Duration;

use mneme_model::duration;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

/// Writes a duration, in milliseconds at the finest.
///
/// # Errors
/// Only the serializer's.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&duration::format(*duration))
}

/// Reads a duration.
///
/// # Errors
/// Anything else than numbers with units, or 0; the value is quoted.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_any(Text)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 15s, 1h30m or 250ms")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        duration::parse(text)
            .map_err(|error| E::custom(format!("{error}: write it such as 15s, 1h30m or 250ms")))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Duration, String> {
        deserialize(&mut serde_json::Deserializer::from_str(json)).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_texts_and_a_bare_zero_and_quotes_what_is_wrong() {
        assert_eq!(read("\"1h30m\""), Ok(Duration::from_secs(5400)));
        assert_eq!(read("0"), Ok(Duration::ZERO));
        for (json, part) in
            [("15", "`15`"), ("-1", "`-1`"), ("1.5", "`1.5`"), ("\"5 m\"", "\"5 m\""), ("null", "null")]
        {
            let error = read(json).unwrap_err();
            assert!(error.contains(part) && error.contains("such as 15s"), "{error}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        let text = serialize(&Duration::from_secs(5400), serde_json::value::Serializer).unwrap();
        assert_eq!(text, serde_json::json!("1h30m"));
    }
}
