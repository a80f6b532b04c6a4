//! Mimir's cardinality endpoints: which labels, which values, which series. Their replies have no envelope; errors have.

use std::cmp::Reverse;

use axum::response::Response;
use mneme_model::Matcher;
use mneme_model::labels::Quoted;

use super::dispatch::Call;
use super::form::Form;
use super::{Error, body, params};
use crate::json::{Object, SeriesPieces, Whole};
use crate::source::Question;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 500;
/// A series without samples for so long is not active, in milliseconds (Mimir's `active-series-metrics-idle-timeout`).
const IDLE_MS: i64 = 20 * 60_000;

/// `/cardinality/label_names`: the names with the most values.
pub(super) async fn label_names(call: &Call, form: &Form) -> Result<Response, Error> {
    let (question, limit) = (question(call, form)?, limit(form)?);
    let all = call.within(call.source.cardinality(&question, &[], 0)).await?;
    let total: u64 = all.names.values().map(|label| label.values).sum();
    let mut names: Vec<(&String, u64)> = all.names.iter().map(|(name, label)| (name, label.values)).collect();
    names.sort_by_key(|(name, values)| (Reverse(*values), *name));
    names.truncate(limit);
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object
        .integer("label_values_count_total", total)
        .integer("label_names_count", all.names.len() as u64)
        .array("cardinality", names, |out, (name, values)| {
            let mut object = Object::begin(out);
            object.text("label_name", name).integer("label_values_count", values);
            object.end();
        });
    object.end();
    Ok(whole(out))
}

/// `/cardinality/label_values`: of given names, the values with the most series.
pub(super) async fn label_values(call: &Call, form: &Form) -> Result<Response, Error> {
    let names: Vec<String> = form.all("label_names[]").map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Error::bad_data("'label_names[]' param is required"));
    }
    if let Some(empty) = names.iter().find(|name| name.is_empty()) {
        return Err(Error::bad_data(format!("invalid 'label_names' param '{empty}'")));
    }
    let (question, limit) = (question(call, form)?, limit(form)?);
    let all = call.within(call.source.cardinality(&question, &names, limit)).await?;
    let mut labels: Vec<_> = all.names.iter().collect();
    labels.sort_by_key(|(name, label)| (Reverse(label.series), *name));
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object.integer("series_count_total", all.series).array("labels", labels, |out, (name, label)| {
        let mut object = Object::begin(out);
        object
            .text("label_name", name)
            .integer("label_values_count", label.values)
            .integer("series_count", label.series)
            .array("cardinality", &label.top, |out, (value, series)| {
                let mut object = Object::begin(out);
                object.text("label_value", value).integer("series_count", *series);
                object.end();
            });
        object.end();
    });
    object.end();
    Ok(whole(out))
}

/// `/cardinality/active_series`: the label sets of series with recent samples.
pub(super) async fn active_series(call: &Call, form: &Form) -> Result<Response, Error> {
    let matchers = selector(form)?;
    if matchers.is_empty() {
        return Err(Error::bad_data("missing 'selector' parameter"));
    }
    let series = call.within(call.source.series(&active(call, matchers))).await?;
    let pieces = Box::new(SeriesPieces::new(series));
    Ok(body::stream(b"{\"data\":".to_vec(), pieces, b"}".to_vec(), body::JSON))
}

fn whole(json: Vec<u8>) -> Response {
    body::stream(Vec::new(), Box::new(Whole(json)), Vec::new(), body::JSON)
}

fn selector(form: &Form) -> Result<Vec<Matcher>, Error> {
    let mut all = form.all("selector");
    let Some(text) = all.next().filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    if all.next().is_some() {
        return Err(Error::bad_data("multiple 'selector' params are not allowed"));
    }
    mneme_promql::parse_metric_selector(text)
        .map_err(|error| Error::bad_data(format!("failed to parse selector: {error}")))
}

fn limit(form: &Form) -> Result<usize, Error> {
    match form.get("limit") {
        "" => Ok(DEFAULT_LIMIT),
        text => match params::integer(text).map_err(Error::bad_data)? {
            ..0 => Err(Error::bad_data("'limit' param cannot be less than '0'")),
            limit if limit > MAX_LIMIT as i64 => {
                Err(Error::bad_data(format!("'limit' param cannot be greater than '{MAX_LIMIT}'")))
            }
            limit => Ok(usize::try_from(limit).unwrap_or(MAX_LIMIT)),
        },
    }
}

/// All series in memory, or with `count_method=active` those with recent samples.
fn question(call: &Call, form: &Form) -> Result<Question, Error> {
    let matchers = selector(form)?;
    match form.get("count_method") {
        "" | "inmemory" => Ok(Question::always(matchers)),
        "active" => Ok(active(call, matchers)),
        other => Err(Error::bad_data(format!("unknown count method {}", Quoted(other)))),
    }
}

/// Series with recent samples.
fn active(call: &Call, matchers: Vec<Matcher>) -> Question {
    let range = call.visible(params::Range { start: call.now.saturating_sub(IDLE_MS), end: i64::MAX });
    Question::new(matchers, range.start, range.end)
}
