//! `/query_explain`: what a query does; with `analyze=true` it is run, and each operator says what it cost.

use mneme_promql::Explain;

use super::dispatch::Call;
use super::form::Form;
use super::query::{Asked, instant_params, range_params, task};
use super::reply::Reply;
use super::search::boolean;
use super::{Error, ErrorType, stats};
use crate::engine;
use crate::json::Object;

/// Answers with the plan: of a range query if there is a `step`, else of an instant query.
pub(super) async fn explain(call: &Call, form: &Form) -> Result<Reply, Error> {
    let asked =
        if form.get("step").is_empty() { instant_params(call, form)? } else { range_params(call, form)? };
    if boolean(form, "analyze", false)? { analyze(call, asked).await } else { plan(call, &asked) }
}

fn plan(call: &Call, (params, _): &Asked) -> Result<Reply, Error> {
    let plan = engine::plan(params, &call.limits)?;
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object.raw("explain", &json(&plan.explain())?);
    object.end();
    Ok(Reply::json(out))
}

/// Runs the query and forgets its result.
async fn analyze(call: &Call, asked: Asked) -> Result<Reply, Error> {
    let entry = call.begin("query_explain", &asked.0.text)?;
    let cancel = entry.query().cancel.clone();
    let run = call.api.engine.run_with(task(call, asked, &entry), move |plan, fetched| {
        mneme_promql::evaluate_analyzed(plan, fetched, &cancel)
    });
    let answer = run.await?;
    let ((result, explain), found) = (answer.result, entry.query().budget.found());
    let fetched = |out: &mut Vec<u8>| {
        let mut object = Object::begin(out);
        object
            .integer("series", found.series)
            .integer("chunks", found.chunks)
            .integer("samples", found.samples)
            .integer("bytes", found.bytes);
        object.end();
    };
    let stats = stats::json("true", &result.stats, &answer.timings).unwrap_or_default();
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object
        .raw("explain", &json(&explain)?)
        .member("fetched", fetched)
        .integer("peakBytes", result.stats.peak_bytes)
        .member("stats", |out| out.extend_from_slice(&stats));
    object.end();
    let mut reply = Reply::json(out);
    (reply.warnings, reply.infos) = (result.warnings, result.infos);
    Ok(reply)
}

fn json(explain: &Explain) -> Result<String, Error> {
    serde_json::to_string(explain)
        .map_err(|error| Error::new(ErrorType::Internal, format!("the plan cannot be written: {error}")))
}
