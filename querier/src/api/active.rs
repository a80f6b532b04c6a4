//! `/queries`: what runs now, and how to stop it.

use super::dispatch::Call;
use super::reply::Reply;
use super::stubs::rfc3339;
use super::{Error, ErrorType};
use crate::json::{Object, push_array, push_plain, push_text};
use crate::running::Query;

/// The queries of the caller's tenants, the oldest first.
pub(super) fn list(call: &Call) -> Reply {
    let mut out = Vec::new();
    push_array(&mut out, call.api.running.of(&call.tenants), |out, query| push(out, &query));
    Reply::json(out)
}

fn push(out: &mut Vec<u8>, query: &Query) {
    let tenants: Vec<&str> = query.tenants.ids().iter().map(mneme_model::TenantId::as_str).collect();
    let found = query.budget.found();
    let mut object = Object::begin(out);
    object
        .text("id", &query.id)
        .text("query", &query.text)
        .text("tenant", &tenants.join("|"))
        .text("endpoint", query.endpoint)
        .text("stage", query.stage())
        .text("started", &rfc3339(query.began))
        .member("ageSeconds", |out| push_plain(out, query.arrived.elapsed().as_secs_f64()))
        .integer("series", found.series)
        .integer("samples", found.samples)
        .integer("bytes", found.bytes);
    object.end();
}

/// Ends one of the caller's tenants' queries: whoever waits for it gets 499 `canceled` at once.
pub(super) fn cancel(call: &Call, id: &str) -> Result<Reply, Error> {
    if !call.api.running.kill(&call.tenants, id) {
        return Err(Error::new(ErrorType::NotFound, format!("no query {id} is running")));
    }
    let mut out = b"{\"id\":".to_vec();
    push_text(&mut out, id);
    out.push(b'}');
    Ok(Reply::json(out))
}
