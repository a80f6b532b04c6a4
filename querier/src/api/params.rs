//! Parameters that several endpoints share.

use mneme_model::TimestampMs;
use mneme_model::labels::Quoted;

use super::Error;
use super::form::Form;
use super::time::{Time, parse_duration, parse_time};

/// The warning of a reply that `limit` has cut.
pub(crate) const TRUNCATED: &str = "results truncated due to limit";

/// An inclusive range of times, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// First.
    pub(crate) start: TimestampMs,
    /// Last.
    pub(crate) end: TimestampMs,
}

/// `limit`; 0 = none.
pub(crate) fn limit(form: &Form) -> Result<usize, Error> {
    match form.get("limit") {
        "" => Ok(0),
        text => match integer(text) {
            Err(reason) => Err(Error::invalid_parameter("limit", reason)),
            Ok(limit) => usize::try_from(limit)
                .map_err(|_| Error::invalid_parameter("limit", "limit must be non-negative")),
        },
    }
}

/// An optional time.
pub(crate) fn time(form: &Form, name: &str, default: Time) -> Result<Time, Error> {
    match form.get(name) {
        "" => Ok(default),
        text => parse_time(text).map_err(|reason| {
            Error::invalid_parameter(name, format_args!("invalid time value for '{name}': {reason}"))
        }),
    }
}

/// Optional `start` and `end`, by default all of time.
pub(crate) fn range(form: &Form) -> Result<Range, Error> {
    Ok(Range { start: time(form, "start", Time::MIN)?.ms(), end: time(form, "end", Time::MAX)?.ms() })
}

/// An optional duration in nanoseconds.
pub(crate) fn duration(form: &Form, name: &str) -> Result<Option<i128>, Error> {
    match form.get(name) {
        "" => Ok(None),
        text => parse_duration(text).map(Some).map_err(|reason| Error::invalid_parameter(name, reason)),
    }
}

/// Cuts `items` to `limit` (0 = none); `true` if that took something away.
pub(crate) fn truncate<T>(items: &mut Vec<T>, limit: usize) -> bool {
    let over = limit > 0 && items.len() > limit;
    if over {
        items.truncate(limit);
    }
    over
}

/// A whole number, refused in the words of Go's `strconv.Atoi`.
pub(crate) fn integer(text: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse::<i64>().map_err(|error| {
        let reason = if matches!(error.kind(), PosOverflow | NegOverflow) {
            "value out of range"
        } else {
            "invalid syntax"
        };
        format!("strconv.Atoi: parsing {}: {reason}", Quoted(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_refused_in_prometheus_words() {
        let refused = |text| limit(&Form::from([("limit", text)])).unwrap_err().message;
        assert_eq!(refused("x"), r#"invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax"#);
        assert_eq!(refused("-1"), r#"invalid parameter "limit": limit must be non-negative"#);
        assert_eq!(limit(&Form::default()), Ok(0));
    }

    #[test]
    fn optional_times_name_their_parameter_twice() {
        let form = Form::from([("start", "x")]);
        let expected = r#"invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp"#;
        assert_eq!(range(&form).unwrap_err().message, expected);
        let all = range(&Form::default()).unwrap();
        assert_eq!((all.start, all.end), (-9_223_309_901_257_974_000, 9_223_309_901_257_974_999));
    }
}
