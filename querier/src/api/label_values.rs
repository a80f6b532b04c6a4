//! `/label/{name}/values`: the values of one label.

use mneme_model::labels::Quoted;

use super::dispatch::Call;
use super::form::Form;
use super::names::unescape;
use super::reply::Reply;
use super::{Error, labels, params, selectors};
use crate::json::TextPieces;
use crate::source::Question;

/// Answers with values, sorted.
pub(super) async fn label_values(call: &Call, name: &str, form: &Form) -> Result<Reply, Error> {
    let name = unescape(name);
    if name.is_empty() {
        return Err(Error::bad_data(format!("invalid label name: {}", Quoted(&name))));
    }
    let limit = call.limits.label_values_limit(params::limit(form)?);
    let range = call.visible(params::range(form)?);
    let mut found = Vec::new();
    for matchers in selectors::parse_or_all(form)? {
        let question = Question::new(matchers, range.start, range.end);
        found.push(call.within(call.source.label_values(&name, &question)).await?);
    }
    let mut values = labels::union(call, found).await?;
    let cut = params::truncate(&mut values, limit);
    Ok(Reply::new(TextPieces::new(values)).warn_if(cut, params::TRUNCATED))
}
