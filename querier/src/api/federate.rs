//! `/federate`: the last values of series in the text format (Prometheus 3.14 `web/federate.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use mneme_model::chunk::{self, SeriesBatch};
use mneme_model::{FloatHistogram, Labels, Matcher, ReadHints, Samples, TimestampMs, is_stale_nan};
use mneme_proto::internal::ingester::SeriesAnswer as _;

use super::dispatch::Call;
use super::exposition::{Exposition, ExpositionPieces};
use super::form::Form;
use super::names::Escaping;
use super::{Error, ErrorType, body};
use crate::answer::Answer;
use crate::engine::Asked;
use crate::source::Question;

/// One series' last sample.
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) t: TimestampMs,
    pub(super) value: Value,
}

/// Its value.
pub(super) enum Value {
    Float(f64),
    /// With custom buckets: written as a classic histogram.
    Histogram(Box<FloatHistogram>),
}

/// Answers with the last sample within the lookback of every series that some `match[]` selects. Stale markers are left out, and so are
/// histograms with exponential buckets, which the text format cannot hold.
pub(super) async fn federate(call: &Call, headers: &HeaderMap, form: &Form) -> Result<Response, Error> {
    let mut sets: Vec<Vec<Matcher>> = Vec::new();
    for text in form.all("match[]") {
        let set = mneme_promql::parse_metric_selector(text);
        sets.push(set.map_err(|error| Error::bad_data(error.to_string()))?);
    }
    let lookback = i64::try_from(call.api.config.lookback_delta.as_millis()).unwrap_or(i64::MAX);
    let (start, end) = (call.now.saturating_sub(lookback).max(call.limits.floor(call.now)), call.now);
    let entry = call.begin("federate", &form.all("match[]").collect::<Vec<_>>().join(" "))?;
    let turn = entry.unless_killed("query queue", call.api.engine.turn(call.deadline())).await?;
    let hints = ReadHints { newest_only: true, ..ReadHints::default() };
    let question = |matchers| Question { hints: hints.clone(), ..Question::new(matchers, start, end) };
    let questions: Vec<_> = sets.into_iter().map(|matchers| Some(question(matchers))).collect();
    let asked = Asked {
        source: &call.source,
        questions: &questions,
        deadline: call.deadline(),
        entry: &entry,
        is_small: false,
    };
    let last = move |answers| last_values(answers, start, end);
    let samples = call.api.engine.read(asked, &Arc::new(turn), last).await?.result;
    let escaping = escaping(headers);
    let pieces = Box::new(ExpositionPieces::new(samples, Exposition::new(escaping)));
    let mut response = body::stream(Vec::new(), pieces, Vec::new(), "text/plain");
    let content_type = format!("text/plain; version=0.0.4; charset=utf-8; escaping={}", escaping.name());
    if let Ok(value) = HeaderValue::try_from(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    Ok(response)
}

/// What the first part of `Accept` that names a scheme says.
fn escaping(headers: &HeaderMap) -> Escaping {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let parameters = accept.split([',', ';']).filter_map(|part| part.trim().strip_prefix("escaping="));
    parameters.filter_map(|name| Escaping::from_name(name.trim())).next().unwrap_or(Escaping::Underscores)
}

/// The last sample of each series, sorted by name and then by labels.
fn last_values(answers: Vec<Answer>, start: TimestampMs, end: TimestampMs) -> Result<Vec<Sample>, Error> {
    let mut series: BTreeMap<Labels, Option<(TimestampMs, Value)>> = BTreeMap::new();
    let (mut batch, mut samples) = (SeriesBatch::new(), Samples::default());
    for mut answer in answers {
        while let Some(_held) = answer.next_batch(&mut batch)? {
            for one in batch.iter().filter(|one| !one.labels.metric_name().is_empty()) {
                if series.contains_key(one.labels) {
                    continue;
                }
                samples.clear();
                chunk::merge(one.chunks, start, end, &mut samples).map_err(|error| {
                    Error::new(ErrorType::Internal, format!("series {}: {error}", one.labels))
                })?;
                series.insert(one.labels.clone(), last(&samples));
            }
        }
    }
    let shown = series.into_iter().filter_map(|(labels, last)| last.map(|(t, value)| (labels, t, value)));
    let mut all: Vec<Sample> = shown.map(|(labels, t, value)| Sample { labels, t, value }).collect();
    all.sort_by(|a, b| a.labels.metric_name().cmp(b.labels.metric_name()));
    Ok(all)
}

fn last(samples: &Samples) -> Option<(TimestampMs, Value)> {
    let float = samples.t.last().zip(samples.v.last());
    let histogram = samples.histograms.last();
    match (float, histogram) {
        (float, Some(point)) if float.is_none_or(|(t, _)| *t < point.t) => {
            let shown = !point.h.is_stale() && point.h.uses_custom_buckets();
            shown.then(|| (point.t, Value::Histogram(Box::new((*point.h).clone()))))
        }
        (Some((t, v)), _) => (!is_stale_nan(*v)).then_some((*t, Value::Float(*v))),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_names_is_negotiated() {
        let of = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            escaping(&headers)
        };
        assert_eq!(escaping(&HeaderMap::new()), Escaping::Underscores);
        assert_eq!(of("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1"), Escaping::None);
        assert_eq!(of("text/plain; escaping=unknown, text/plain; escaping=values"), Escaping::Values);
    }
}
