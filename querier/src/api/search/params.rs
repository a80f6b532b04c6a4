//! What a search asks for.

use mneme_model::labels::Quoted;
use mneme_model::{Matcher, TimestampMs};

use super::super::dispatch::Call;
use super::super::form::Form;
use super::super::time::{Time, parse_time};
use super::super::{Error, params as shared, rules, selectors};

const DEFAULT_LIMIT: usize = 100;
const DEFAULT_BATCH: usize = 100;
/// Each term costs time per candidate.
const MAX_TERMS: usize = 32;
const HOUR_MS: i64 = 3_600_000;

/// In which order results come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
    /// The best first.
    Score,
}

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// All characters in their order, others between them.
    Subsequence,
    /// A part of the text, or alike by Jaro and Winkler.
    JaroWinkler,
}

/// A search's parameters.
#[derive(Debug)]
pub(super) struct Params {
    /// Which series' names or values; at least one.
    pub(super) selectors: Vec<Vec<Matcher>>,
    /// Terms, any of which suffices; none = everything.
    pub(super) terms: Vec<String>,
    /// The least score, 0 to 1.
    pub(super) threshold: f64,
    pub(super) algorithm: Algorithm,
    pub(super) case_sensitive: bool,
    pub(super) order: Order,
    pub(super) include_score: bool,
    /// Inclusive.
    pub(super) start: TimestampMs,
    /// Inclusive.
    pub(super) end: TimestampMs,
    pub(super) limit: usize,
    pub(super) batch_size: usize,
}

impl Params {
    /// Reads and checks them in the reference's order and words.
    pub(super) fn read(call: &Call, endpoint: &str, form: &Form) -> Result<Self, Error> {
        let start = time(form, "start", call.now.saturating_sub(HOUR_MS))?;
        let end = time(form, "end", call.now)?;
        if end < start {
            return Err(Error::bad_data("end timestamp must not be before start timestamp"));
        }
        let range = call.visible(shared::Range { start: start.ms(), end: end.ms() });
        let selectors = selectors::parse_or_all(form)?;
        let terms: Vec<String> = form.all("search[]").map(str::to_owned).collect();
        if terms.len() > MAX_TERMS {
            let text = format!("too many search[] terms: got {}, maximum is {MAX_TERMS}", terms.len());
            return Err(Error::bad_data(text));
        }
        let threshold = match form.get("fuzz_threshold") {
            "" => 0,
            text => text.parse::<u8>().ok().filter(|percent| *percent <= 100).ok_or_else(|| {
                Error::bad_data(format!("invalid fuzz_threshold {}: must be 0-100", Quoted(text)))
            })?,
        };
        let algorithm = match form.get("fuzz_alg") {
            "" | "subsequence" => Algorithm::Subsequence,
            "jarowinkler" => Algorithm::JaroWinkler,
            other => {
                let quoted = Quoted(other);
                let text = format!("unsupported fuzz_alg {quoted}: must be one of [subsequence jarowinkler]");
                return Err(Error::bad_data(text));
            }
        };
        let case_sensitive = boolean(form, "case_sensitive", true)?;
        let include_score = boolean(form, "include_score", false)?;
        let order = order(form, terms.is_empty())?;
        let limit = limit(form, call.api.config.search_max_limit)?;
        let batch_size = positive(form, "batch_size", DEFAULT_BATCH)?;
        check_sort_by(endpoint, form)?;
        Ok(Self {
            selectors,
            terms,
            threshold: f64::from(threshold) / 100.0,
            algorithm,
            case_sensitive,
            order,
            include_score,
            start: range.start,
            end: range.end,
            limit,
            batch_size,
        })
    }
}

/// An optional `true` or `false`.
pub(in super::super) fn boolean(form: &Form, name: &str, default: bool) -> Result<bool, Error> {
    match form.get(name) {
        "" => Ok(default),
        text => rules::boolean(text)
            .ok_or_else(|| Error::bad_data(format!("invalid {name} {}: must be boolean", Quoted(text)))),
    }
}

fn time(form: &Form, name: &str, default: TimestampMs) -> Result<Time, Error> {
    match form.get(name) {
        "" => Ok(Time::from_ms(default)),
        text => parse_time(text)
            .map_err(|reason| Error::bad_data(format!("invalid time value for '{name}': {reason}"))),
    }
}

fn order(form: &Form, no_terms: bool) -> Result<Order, Error> {
    let (by, direction) = (form.get("sort_by"), form.get("sort_dir"));
    if !direction.is_empty() && by.is_empty() {
        return Err(Error::bad_data("sort_dir is only valid when sort_by is set"));
    }
    if !direction.is_empty() && by == "score" {
        return Err(Error::bad_data("sort_dir is not supported for sort_by=score"));
    }
    if !matches!(direction, "" | "asc" | "dsc") {
        let text = format!("invalid sort_dir {}: must be \"asc\" or \"dsc\"", Quoted(direction));
        return Err(Error::bad_data(text));
    }
    if by == "score" && no_terms {
        return Err(Error::bad_data("sort_by=score requires search[] to be set"));
    }
    Ok(match (by, direction) {
        ("score", _) => Order::Score,
        ("alpha", "dsc") => Order::Descending,
        _ => Order::Ascending,
    })
}

fn check_sort_by(endpoint: &str, form: &Form) -> Result<(), Error> {
    match form.get("sort_by") {
        "" | "alpha" | "score" => Ok(()),
        other => Err(Error::bad_data(format!(
            "invalid sort_by {} for {endpoint}: must be \"alpha\" or \"score\"",
            Quoted(other)
        ))),
    }
}

fn limit(form: &Form, max: usize) -> Result<usize, Error> {
    let limit = positive(form, "limit", DEFAULT_LIMIT.min(max))?;
    if limit > max {
        let text =
            format!("limit {limit} exceeds the configured maximum ({max}, see querier.search_max_limit)");
        return Err(Error::bad_data(text));
    }
    Ok(limit)
}

fn positive(form: &Form, name: &str, default: usize) -> Result<usize, Error> {
    match form.get(name) {
        "" => Ok(default),
        text => text.parse::<usize>().ok().filter(|value| *value > 0).ok_or_else(|| {
            Error::bad_data(format!("invalid {name} {}: must be a positive integer", Quoted(text)))
        }),
    }
}
