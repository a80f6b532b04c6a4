//! The differences between Prometheus 2.42 and 3.14 that were made on purpose.

use std::fmt;

use super::answer::Answer;
use super::request::Request;

/// A difference that is no bug.
pub struct Known {
    /// What differs, and since when.
    pub what: &'static str,
    /// How it is kept out of the comparison.
    how: How,
}

/// How a known difference is kept out of the comparison.
enum How {
    /// The generator makes no such query; this says by which rule.
    Avoided(&'static str),
    /// Answers are told apart by this.
    Recognised(fn(&Request, &Answer, &Answer) -> bool),
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.how {
            How::Avoided(rule) => write!(f, "{}; avoided: {rule}", self.what),
            How::Recognised(_) => write!(f, "{}; recognised", self.what),
        }
    }
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        what: "3.0: windows, subqueries and lookback are left-open",
        how: How::Avoided("no sample and no step lies on a left edge: see `random_query`"),
    },
    Known {
        what: "3.0: `.` in a regex matches a newline, le=\"1\" is stored as scraped",
        how: How::Avoided("no newlines in label values; remote write never normalised `le`"),
    },
    Known {
        what: "3.0: holt_winters is double_exponential_smoothing, and experimental",
        how: How::Avoided("Mneme is asked by the new name, with experimental functions on"),
    },
    Known {
        what: "2.52 (prometheus#13725): rate and increase bound the extrapolation by the threshold before the counter's zero",
        how: How::Avoided("counters are far from zero, and rate is not taken of gauges"),
    },
    Known {
        what: "2.51 (prometheus#13559): the window of predict_linear(x[5m] @ t) stays at t in a range query",
        how: How::Avoided("functions that are computed anew at each step have no `@` in their range"),
    },
    Known {
        what: "2.47 (prometheus#12595): atan2 drops the metric name",
        how: How::Avoided("atan2 only between aggregations by labels, which have no name"),
    },
    Known {
        what: "timestamp(up @ t) has a value at every step of a range query (prometheus#8433, #17313)",
        how: How::Avoided("timestamp is not taken of what has an `@`"),
    },
    Known {
        what: "count_values by labels that sort after its own mixed the groups up",
        how: How::Avoided("the label of count_values sorts last"),
    },
    Known {
        what: "label_replace refuses a bad regex before its operand is computed",
        how: How::Avoided("bad regexes only with operands that can be computed"),
    },
    Known {
        what: "3.x (prometheus#17668): a comparison that filters refuses many-to-one also where it keeps at most one",
        how: How::Recognised(|request, left, right| {
            let filters = [" == ", " != ", " > ", " < ", " >= ", " <= "];
            let query = request.query.text.as_str();
            filters.iter().any(|filter| query.split(filter).skip(1).any(|after| !after.starts_with("bool")))
                && matches!(left, Answer::Data(_))
                && matches!(right, Answer::Refused(422, _, text) if text.starts_with("multiple matches for labels: "))
        }),
    },
    Known {
        what: "2.42 prints the token `@` in errors by its number",
        how: How::Recognised(|_, left, right| {
            texts(left, right)
                .is_some_and(|(left, right)| left.replace("\"<Item 57385>\" <op:@>", "<op:@>") == right)
        }),
    },
    Known {
        what: "3.0: stddev and stdvar of one infinite or NaN value are NaN, were 0",
        how: How::Avoided("stddev and stdvar only of finite values"),
    },
    Known {
        what: "sum, avg, stddev, stdvar and avg_over_time are summed by other algorithms, with compensation",
        how: How::Avoided("sums of multiples of 1/8 are exact in any order; the others are 1e-9 alike"),
    },
    Known {
        what: "which of equal values topk and bottomk keep was never defined",
        how: How::Avoided("topk and bottomk only of values that are all different"),
    },
    Known {
        what: "an unsuitable query of query_range is refused with the parameter's name before the same words",
        how: How::Avoided("the prefix is cut off both texts"),
    },
    Known {
        what: "which series a duplicate is named by follows from the store's order of series",
        how: How::Recognised(|_, left, right| {
            matches!((left, right), (Answer::Refused(a, b, left), Answer::Refused(c, d, right))
                if a == c && b == d && left.contains("duplicate series") && without_labels(left) == without_labels(right))
        }),
    },
    Known {
        what: "3.x: a parameter of topk that is NaN is named so",
        how: How::Recognised(|_, left, right| {
            texts(left, right).is_some_and(|(left, right)| {
                left == "Scalar value NaN overflows int64" && right == "Parameter value is NaN"
            })
        }),
    },
    Known {
        what: "3.x: numbers, durations and arithmetic of both are one grammar, with other words for its errors",
        how: How::Recognised(|_, left, right| {
            texts(left, right).is_some_and(|(left, right)| {
                (left.contains("parse error") && right.contains("bad number or duration syntax"))
                    || (left.contains("bad duration syntax") && right.contains("duration expression"))
                    || (left.ends_with("expected duration")
                        && right.ends_with("expected number, duration, step(), or range()"))
            })
        }),
    },
    Known {
        what: "3.x: a number is a duration in seconds",
        how: How::Recognised(|_, left, _| {
            matches!(left, Answer::Refused(400, _, text) if text.contains("missing unit character in duration")
                    || (text.ends_with("expected duration") && text.contains("unexpected number")))
        }),
    },
    Known {
        what: "3.x: a bad regex is quoted as it was written, without the anchors",
        how: How::Recognised(|_, left, right| {
            texts(left, right)
                .is_some_and(|(left, right)| left.replace("^(?:", "").replace(")$", "") == right)
        }),
    },
    Known {
        what: "an error's column behind holt_winters, which Mneme knows by a longer name",
        how: How::Recognised(|request, left, right| {
            let words = |text: &str| text.split_once("parse error").map(|(_, words)| words.to_owned());
            request.query.text.contains("holt_winters")
                && texts(left, right)
                    .is_some_and(|(left, right)| words(left).is_some() && words(left) == words(right))
        }),
    },
    Known {
        what: "2.48: an error in an empty text has an unknown position",
        how: How::Recognised(|request, left, right| {
            request.query.text.is_empty()
                && texts(left, right).is_some_and(|(left, right)| {
                    left.strip_prefix("1:1") == right.strip_prefix("unknown position")
                })
        }),
    },
    Known {
        what: "3.0: every UTF-8 text is a label name",
        how: How::Recognised(|request, left, _| {
            request.query.text.contains("\"1bad\"")
                && matches!(left, Answer::Refused(422, _, text) if text.starts_with("invalid"))
        }),
    },
];

/// The known difference that explains these answers.
pub(super) fn explains(request: &Request, left: &Answer, right: &Answer) -> Option<&'static Known> {
    KNOWN.iter().find(|known| match known.how {
        How::Avoided(_) => false,
        How::Recognised(is_it) => is_it(request, left, right),
    })
}

fn texts<'a>(left: &'a Answer, right: &'a Answer) -> Option<(&'a str, &'a str)> {
    match (left, right) {
        (Answer::Refused(a, b, left), Answer::Refused(c, d, right)) if a == c && b == d => {
            Some((left, right))
        }
        _ => None,
    }
}

/// The text without what stands between braces.
fn without_labels(text: &str) -> String {
    let outside = text.split('{').map(|piece| piece.rsplit_once('}').map_or(piece, |(_, after)| after));
    outside.collect::<Vec<_>>().join("{}")
}
