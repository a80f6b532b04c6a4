//! Endpoints of a scraping Prometheus, answered in the right shape by a server that scrapes nothing.

use mneme_model::TimestampMs;

use super::reply::Reply;
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

/// Such an answer.
pub(super) fn stub(data: &'static str) -> Reply {
    Reply::json(data)
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

fn rfc3339(ms: TimestampMs) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "0001-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}
