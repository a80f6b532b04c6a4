//! `/status/tsdb`: how many series, and which labels make them so many. Figures of recent data, of the request's tenants.

use std::cmp::Reverse;

use axum::response::Response;
use mneme_model::labels::METRIC_NAME;
use mneme_proto::internal::ingester::Cardinality;

use super::dispatch::Call;
use super::form::Form;
use super::reply::Reply;
use super::{Error, body, params};
use crate::json::{Object, Whole};
use crate::source::Question;

const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 10_000;

/// Answers as Prometheus does.
pub(super) async fn tsdb(call: &Call, form: &Form) -> Result<Reply, Error> {
    let limit = limit(form)?;
    let all = call.within(call.source.cardinality(&Question::always(Vec::new()), &[], limit)).await?;
    let names = || all.names.iter();
    let pairs: u64 = names().map(|(_, label)| label.values).sum();
    let head = |out: &mut Vec<u8>| {
        let mut object = Object::begin(out);
        object
            .integer("numSeries", all.series)
            .integer("numLabelPairs", pairs)
            .integer("chunkCount", all.chunks)
            .integer("minTime", all.min_time.unwrap_or(i64::MAX))
            .integer("maxTime", all.max_time.unwrap_or(i64::MIN));
        object.end();
    };
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object.member("headStats", head);
    for (member, figures) in [
        ("seriesCountByMetricName", by_value(&all, METRIC_NAME)),
        ("labelValueCountByLabelName", names().map(|(name, l)| (name.clone(), l.values)).collect()),
        ("memoryInBytesByLabelName", names().map(|(name, l)| (name.clone(), l.bytes)).collect()),
        ("seriesCountByLabelValuePair", by_pair(&all)),
    ] {
        object.array(member, most(figures, limit), |out, (name, value)| {
            let mut object = Object::begin(out);
            object.text("name", &name).integer("value", value);
            object.end();
        });
    }
    object.end();
    Ok(Reply::json(out))
}

/// `/user_stats`, as Mimir's distributors answer it; rates are not known here and 0.
pub(super) async fn user_stats(call: &Call) -> Result<Response, Error> {
    let none = ["\u{0}".to_owned()];
    let all = call.within(call.source.cardinality(&Question::always(Vec::new()), &none, 0)).await?;
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object
        .integer("ingestionRate", 0)
        .integer("numSeries", all.series)
        .integer("APIIngestionRate", 0)
        .integer("RuleIngestionRate", 0);
    object.end();
    Ok(body::stream(Vec::new(), Box::new(Whole(out)), Vec::new(), body::JSON))
}

fn limit(form: &Form) -> Result<usize, Error> {
    let text = form.get("limit");
    if text.is_empty() {
        return Ok(DEFAULT_LIMIT);
    }
    let asked = params::integer(text).ok().and_then(|limit| usize::try_from(limit).ok());
    match asked.filter(|limit| *limit >= 1) {
        None => Err(Error::bad_data("limit must be a positive number")),
        Some(limit) if limit > MAX_LIMIT => {
            Err(Error::bad_data(format!("limit must not exceed {MAX_LIMIT}")))
        }
        Some(limit) => Ok(limit),
    }
}

type Figures = Vec<(String, u64)>;

fn by_value(all: &Cardinality, name: &str) -> Figures {
    all.names.get(name).map_or_else(Vec::new, |label| label.top.clone())
}

fn by_pair(all: &Cardinality) -> Figures {
    let of = |(name, label): (&String, &mneme_proto::internal::ingester::LabelCardinality)| {
        label.top.iter().map(|(value, series)| (format!("{name}={value}"), *series)).collect::<Figures>()
    };
    all.names.iter().flat_map(of).collect()
}

/// The largest first, equal ones by name.
fn most(mut figures: Figures, limit: usize) -> Figures {
    figures.sort_unstable_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
    figures.truncate(limit);
    figures
}
