//! `match[]`: selectors of series.

use mneme_model::Matcher;

use super::Error;
use super::form::Form;

/// Each `match[]`'s conditions; none may select everything.
pub(super) fn parse(form: &Form) -> Result<Vec<Vec<Matcher>>, Error> {
    let mut sets = Vec::new();
    for text in form.all("match[]") {
        let matchers =
            mneme_promql::parse_metric_selector(text).map_err(|error| Error::bad_data(error.to_string()))?;
        sets.push(matchers);
    }
    if sets.iter().any(|set| set.iter().all(Matcher::matches_empty)) {
        return Err(Error::bad_data("match[] must contain at least one non-empty matcher"));
    }
    Ok(sets)
}

/// As [`parse`]; without any `match[]`, one set that selects everything.
pub(super) fn parse_or_all(form: &Form) -> Result<Vec<Vec<Matcher>>, Error> {
    let sets = parse(form)?;
    Ok(if sets.is_empty() { vec![Vec::new()] } else { sets })
}
