//! `/labels`: the names of labels.

use std::collections::BTreeSet;

use super::form::Form;
use super::reply::Reply;
use super::routes::Call;
use super::{Error, params, selectors};
use crate::json::TextPieces;
use crate::source::Question;

/// Answers with names, sorted.
pub(super) async fn labels(call: &Call, form: &Form) -> Result<Reply, Error> {
    let limit = call.limits.label_names_limit(params::limit(form)?);
    let range = call.visible(params::range(form)?);
    let mut found = BTreeSet::new();
    for matchers in selectors::parse_or_all(form)? {
        found.extend(
            call.source.label_names(&Question { matchers, start: range.start, end: range.end }).await?,
        );
    }
    let mut names: Vec<String> = found.into_iter().collect();
    let cut = params::truncate(&mut names, limit);
    Ok(Reply::new(TextPieces::new(names)).warn_if(cut, params::TRUNCATED))
}
