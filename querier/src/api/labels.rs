//! `/labels`: the names of labels.

use super::dispatch::Call;
use super::form::Form;
use super::reply::Reply;
use super::{Error, params, selectors};
use crate::json::TextPieces;
use crate::source::Question;

/// Answers with names, sorted.
pub(super) async fn labels(call: &Call, form: &Form) -> Result<Reply, Error> {
    let limit = call.limits.label_names_limit(params::limit(form)?);
    let range = call.visible(params::range(form)?);
    let mut found = Vec::new();
    for matchers in selectors::parse_or_all(form)? {
        let question = Question::new(matchers, range.start, range.end);
        found.push(call.within(call.source.label_names(&question)).await?);
    }
    let mut names = union(call, found).await?;
    let cut = params::truncate(&mut names, limit);
    Ok(Reply::new(TextPieces::new(names)).warn_if(cut, params::TRUNCATED))
}

/// All texts of sorted lists, each once, sorted. One list is handed through.
pub(super) async fn union(call: &Call, mut lists: Vec<Vec<String>>) -> Result<Vec<String>, Error> {
    if lists.len() < 2 {
        return Ok(lists.pop().unwrap_or_default());
    }
    let merge = move || {
        let mut all: Vec<String> = lists.into_iter().flatten().collect();
        all.sort();
        all.dedup();
        all
    };
    call.api.engine.work(call.deadline(), merge).await
}
