//! `/label/{name}/values`: the values of one label.

use std::collections::BTreeSet;

use mneme_model::labels::Quoted;

use super::form::Form;
use super::reply::Reply;
use super::routes::Call;
use super::{Error, params, selectors};
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
    let mut found = BTreeSet::new();
    for matchers in selectors::parse_or_all(form)? {
        let question = Question { matchers, start: range.start, end: range.end };
        found.extend(call.source.label_values(&name, &question).await?);
    }
    let mut values: Vec<String> = found.into_iter().collect();
    let cut = params::truncate(&mut values, limit);
    Ok(Reply::new(TextPieces::new(values)).warn_if(cut, params::TRUNCATED))
}

/// Undoes `U__` escaping (prometheus/common `ValueEncodingEscaping`): `__` is `_`, `_263a_` a code point in hex.
/// A name that breaks the rule stands for itself.
fn unescape(name: &str) -> String {
    let Some(escaped) = name.strip_prefix("U__") else { return name.to_owned() };
    try_unescape(escaped).unwrap_or_else(|| name.to_owned())
}

fn try_unescape(escaped: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::with_capacity(escaped.len()), escaped);
    while let Some(at) = rest.find('_') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('_') {
            plain.push('_');
            rest = after;
            continue;
        }
        let (code, after) = rest.split_once('_')?;
        if code.is_empty() || code.len() > 6 || !code.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        plain.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_read_and_broken_ones_stand_for_themselves() {
        assert_eq!(unescape("job"), "job");
        assert_eq!(unescape("U__http_2e_status"), "http.status");
        assert_eq!(unescape("U__a__b"), "a_b");
        assert_eq!(unescape("U___263a___x"), "☺_x");
        assert_eq!(unescape("U__a_zz_b"), "U__a_zz_b");
        assert_eq!(unescape("U__a_d800_b"), "U__a_d800_b");
        assert_eq!(unescape("U__tail_2e"), "U__tail_2e");
    }
}
