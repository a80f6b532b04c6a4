//! Endpoints of a scraping Prometheus, answered in the right shape by a server that scrapes nothing.

use mneme_model::TimestampMs;

use super::form::Form;
use super::reply::Reply;
use super::{Error, params};
use crate::json::push_text;

/// `/targets`.
pub(super) const TARGETS: &str = r#"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#;
/// `/scrape_pools`.
pub(super) const SCRAPE_POOLS: &str = r#"{"scrapePools":[]}"#;
/// `/alertmanagers`.
pub(super) const ALERTMANAGERS: &str = r#"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#;
/// `/rules`, until there is a ruler.
pub(super) const RULES: &str = r#"{"groups":[]}"#;
/// `/alerts`, until there is a ruler.
pub(super) const ALERTS: &str = r#"{"alerts":[]}"#;
/// `/targets/metadata`, `/notifications`.
pub(super) const EMPTY_LIST: &str = "[]";
/// `/status/config`.
pub(super) const CONFIG: &str = r#"{"yaml":""}"#;
/// `/status/flags`.
pub(super) const EMPTY_MAP: &str = "{}";
/// `/status/tsdb/blocks`.
pub(super) const BLOCKS: &str = r#"{"blocks":[]}"#;
/// `/status/walreplay`: whoever can answer has replayed.
pub(super) const WAL_REPLAY: &str = r#"{"min":0,"max":0,"current":0}"#;

/// Such an answer.
pub(super) fn stub(data: &'static str) -> Reply {
    Reply::json(data)
}

/// 204: `/notifications/live` without a subscription.
pub(super) fn nothing() -> Reply {
    Reply::empty()
}

/// `/targets/metadata`.
pub(super) fn targets_metadata(form: &Form) -> Result<Reply, Error> {
    let limit = form.get("limit");
    if !limit.is_empty() && params::integer(limit).is_err() {
        return Err(Error::bad_data("limit must be a number"));
    }
    Ok(stub(EMPTY_LIST))
}

/// `/scrape_pools/config`.
pub(super) fn scrape_pool_config(form: &Form) -> Result<Reply, Error> {
    Err(no_pool(required(form, "scrapePool")?))
}

/// `/targets/relabel_steps`.
pub(super) fn relabel_steps(form: &Form) -> Result<Reply, Error> {
    let pool = required(form, "scrapePool")?;
    required(form, "labels")?;
    Err(no_pool(pool))
}

fn required<'a>(form: &'a Form, name: &'a str) -> Result<&'a str, Error> {
    match form.get(name) {
        "" => Err(Error::bad_data(format!("no {name} parameter provided"))),
        value => Ok(value),
    }
}

fn no_pool(name: &str) -> Error {
    let quoted = mneme_model::labels::Quoted(name);
    Error::bad_data(format!("error retrieving scrape config: scrape pool {quoted} not found"))
}

/// `/status/runtimeinfo`: the times are real, what only a Go program has is 0 or empty.
pub(super) fn runtime_info(started: TimestampMs, now: TimestampMs) -> Reply {
    let mut out = b"{\"startTime\":".to_vec();
    push_text(&mut out, &rfc3339(started));
    out.extend_from_slice(b",\"CWD\":\"\",\"hostname\":\"\",\"serverTime\":");
    push_text(&mut out, &rfc3339(now));
    out.extend_from_slice(br#","reloadConfigSuccess":true,"lastConfigTime":"#);
    push_text(&mut out, &rfc3339(started));
    out.extend_from_slice(
        br#","corruptionCount":0,"goroutineCount":0,"GOMAXPROCS":0,"GOMEMLIMIT":0,"GOGC":"","GODEBUG":"","storageRetention":""}"#,
    );
    Reply::json(out)
}

/// A time as Go prints it.
pub(super) fn rfc3339(ms: TimestampMs) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "0001-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}
