//! `/rules`, until there is a ruler: its parameters are checked, its answer is empty.

use super::form::Form;
use super::reply::Reply;
use super::{Error, selectors, stubs};

/// No groups.
pub(super) fn rules(form: &Form) -> Result<Reply, Error> {
    selectors::parse(form)?;
    let kind = form.get("type").to_lowercase();
    if !matches!(kind.as_str(), "" | "alert" | "record") {
        let text = format!("not supported value {}", mneme_model::labels::Quoted(&kind));
        return Err(Error::invalid_parameter("type", text));
    }
    let exclude = form.get("exclude_alerts").to_lowercase();
    if !exclude.is_empty() && boolean(&exclude).is_none() {
        let quoted = mneme_model::labels::Quoted(&exclude);
        let text =
            format!("error converting exclude_alerts: strconv.ParseBool: parsing {quoted}: invalid syntax");
        return Err(Error::invalid_parameter("exclude_alerts", text));
    }
    pages(form)?;
    Ok(stubs::stub(stubs::RULES))
}

fn pages(form: &Form) -> Result<(), Error> {
    let (limit, token) = (form.get("group_limit"), form.get("group_next_token"));
    if limit.is_empty() {
        return if token.is_empty() {
            Ok(())
        } else {
            let text = "group_limit needs to be present in order to paginate over the groups";
            Err(Error::invalid_parameter("group_next_token", text))
        };
    }
    match limit.parse::<i32>() {
        Err(_) => {
            let quoted = mneme_model::labels::Quoted(limit);
            let text = format!(
                "group_limit needs to be a valid number: strconv.ParseInt: parsing {quoted}: invalid syntax"
            );
            Err(Error::invalid_parameter("group_limit", text))
        }
        Ok(limit) if limit <= 0 => {
            Err(Error::invalid_parameter("group_limit", "group_limit needs to be greater than 0"))
        }
        Ok(_) if !token.is_empty() => {
            let text = format!("invalid group_next_token '{token}'. were rule groups changed?");
            Err(Error::invalid_parameter("group_next_token", text))
        }
        Ok(_) => Ok(()),
    }
}

/// As Go's `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
