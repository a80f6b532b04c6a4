//! `/series`: the label sets that selectors match.

use std::collections::BTreeSet;

use mneme_model::Labels;

use super::form::Form;
use super::reply::Reply;
use super::routes::Call;
use super::{Error, params, selectors};
use crate::json::SeriesPieces;
use crate::source::Question;

/// Answers with label sets in order, each once.
pub(super) async fn series(call: &Call, form: &Form) -> Result<Reply, Error> {
    if form.all("match[]").next().is_none() {
        return Err(Error::bad_data("no match[] parameter provided"));
    }
    let limit = call.limits.series_limit(params::limit(form)?);
    let range = call.visible(params::range(form)?);
    let sets = selectors::parse(form).map_err(|error| Error::invalid_parameter("match[]", error.message))?;

    let mut found = BTreeSet::<Labels>::new();
    for matchers in sets {
        found.extend(call.source.series(&Question { matchers, start: range.start, end: range.end }).await?);
    }
    let mut series: Vec<Labels> = found.into_iter().collect();
    let cut = params::truncate(&mut series, limit);
    Ok(Reply::new(SeriesPieces::new(series)).warn_if(cut, params::TRUNCATED))
}
