//! `/search/*`: names and values that contain, or nearly contain, some text; as lines of JSON (Prometheus 3.14 `web/api/v1/search.go`).

mod filter;
mod jaro_winkler;
mod lines;
mod params;
mod subsequence;

use std::collections::HashMap;

use axum::response::Response;
use mneme_model::Metadata;
use mneme_model::labels::METRIC_NAME;

use super::dispatch::Call;
use super::form::Form;
use super::{Error, body, labels};
use crate::source::Question;

use filter::Filter;
use lines::SearchLines;
use params::Params;
pub(super) use params::boolean;

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The values of `__name__`.
    MetricNames,
    /// Label names.
    LabelNames,
    /// The values of the label that the parameter `label` names.
    LabelValues,
}

impl What {
    fn endpoint(self) -> &'static str {
        match self {
            Self::MetricNames => "metric_names",
            Self::LabelNames => "label_names",
            Self::LabelValues => "label_values",
        }
    }

    /// The member of a result that holds its text.
    fn member(self) -> &'static str {
        if self == Self::LabelValues { "value" } else { "name" }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    text: String,
    score: f64,
}

/// Answers with batches of results, and a line that says whether there are more.
pub(super) async fn search(call: &Call, what: What, form: &Form) -> Result<Response, Error> {
    let params = Params::read(call, what.endpoint(), form)?;
    let with_metadata = what == What::MetricNames && boolean(form, "include_metadata", false)?;
    let label = match what {
        What::MetricNames => METRIC_NAME,
        What::LabelNames => "",
        What::LabelValues => match form.get("label") {
            "" => return Err(Error::bad_data("missing required parameter \"label\"")),
            label => label,
        },
    };
    let texts = candidates(call, what, label, &params).await?;
    let metadata = if with_metadata { metadata(call).await? } else { HashMap::new() };
    let (include_score, batch) = (params.include_score, params.batch_size);
    let (found, more) = call.api.engine.work(call.deadline(), move || choose(texts, &params)).await?;
    let lines = SearchLines::new(what.member(), found, batch, include_score, metadata);
    let trailer = format!("{{\"status\":\"success\",\"has_more\":{more}}}\n");
    Ok(body::stream(Vec::new(), Box::new(lines), trailer.into_bytes(), "application/x-ndjson; charset=utf-8"))
}

/// All names or values, sorted, each once.
async fn candidates(call: &Call, what: What, label: &str, params: &Params) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for matchers in &params.selectors {
        let question = Question::new(matchers.clone(), params.start, params.end);
        found.push(match what {
            What::LabelNames => call.within(call.source.label_names(&question)).await?,
            _ => call.within(call.source.label_values(label, &question)).await?,
        });
    }
    labels::union(call, found).await
}

/// The first metadata of each family.
async fn metadata(call: &Call) -> Result<HashMap<String, Metadata>, Error> {
    let families = call.within(call.source.metadata(None)).await?;
    let first = |(name, all): (String, std::collections::BTreeSet<Metadata>)| {
        all.into_iter().next().map(|metadata| (name, metadata))
    };
    Ok(families.into_iter().filter_map(first).collect())
}

/// What passes the filter, in order, at most `limit`, and whether that cut something off.
fn choose(texts: Vec<String>, params: &Params) -> (Vec<Found>, bool) {
    let filter = Filter::new(params);
    let mut found: Vec<Found> =
        texts.into_iter().filter_map(|text| filter.score(&text).map(|score| Found { text, score })).collect();
    match params.order {
        params::Order::Ascending => {}
        params::Order::Descending => found.reverse(),
        params::Order::Score => {
            found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.text.cmp(&b.text)));
        }
    }
    let more = found.len() > params.limit;
    found.truncate(params.limit);
    (found, more)
}
