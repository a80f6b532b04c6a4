//! `/series`: the label sets that selectors match.

use mneme_model::Labels;

use super::dispatch::Call;
use super::form::Form;
use super::reply::Reply;
use super::{Error, params, selectors};
use crate::json::SeriesPieces;
use crate::source::Question;

/// Answers with label sets, each once; those of several selectors in order, those of one as they come, as in Prometheus.
pub(super) async fn series(call: &Call, form: &Form) -> Result<Reply, Error> {
    if form.all("match[]").next().is_none() {
        return Err(Error::bad_data("no match[] parameter provided"));
    }
    let limit = call.limits.series_limit(params::limit(form)?);
    let range = call.visible(params::range(form)?);
    let sets = selectors::parse(form).map_err(|error| Error::invalid_parameter("match[]", error.message))?;

    let mut found = Vec::with_capacity(sets.len());
    for matchers in sets {
        let question = Question::new(matchers, range.start, range.end);
        found.push(call.within(call.source.series(&question)).await?);
    }
    let mut series = union(call, found).await?;
    let cut = params::truncate(&mut series, limit);
    Ok(Reply::new(SeriesPieces::new(series)).warn_if(cut, params::TRUNCATED))
}

/// All series of several lists, each once, sorted. One list is handed through.
async fn union(call: &Call, mut lists: Vec<Vec<Labels>>) -> Result<Vec<Labels>, Error> {
    if lists.len() < 2 {
        return Ok(lists.pop().unwrap_or_default());
    }
    let merge = move || {
        let mut all: Vec<Labels> = lists.into_iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    call.api.engine.work(call.deadline(), merge).await
}
