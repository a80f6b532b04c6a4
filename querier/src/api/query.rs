//! `/query` and `/query_range`.

use std::time::Duration;

use mneme_promql::ast::Expr;
use mneme_promql::{QueryParams, ResultValue};
use tokio::time::Instant;

use super::dispatch::Call;
use super::form::Form;
use super::reply::Reply;
use super::time::{Time, parse_duration, parse_time};
use super::{Error, params, stats};
use crate::engine::Task;
use crate::json::{ResultPieces, push_ast, push_text};
use crate::pretty::pretty;
use crate::running::Entry;

/// Most steps between start and end, as in Prometheus.
const MAX_POINTS: i128 = 11_000;
const TOO_MANY_POINTS: &str = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
const BAD_STEP: &str =
    "zero or negative query resolution step widths are not accepted. Try a positive integer";

/// `/query`: the value at one time.
pub(super) async fn instant(call: &Call, form: &Form) -> Result<Reply, Error> {
    let limit = params::limit(form)?;
    let asked = instant_params(call, form)?;
    run(call, form, "query", asked, limit).await
}

/// A query, and when it must be answered.
pub(super) type Asked = (QueryParams, Instant);

/// What is asked at one time.
pub(super) fn instant_params(call: &Call, form: &Form) -> Result<Asked, Error> {
    let at = params::time(form, "time", Time::from_ms(call.now))?;
    let deadline = deadline(call, form)?;
    let query = QueryParams::instant(form.get("query"), at.ms());
    Ok((with_options(query, call, form)?, deadline))
}

/// `/query_range`: a value per step.
pub(super) async fn range(call: &Call, form: &Form) -> Result<Reply, Error> {
    let limit = params::limit(form)?;
    let asked = range_params(call, form)?;
    run(call, form, "query_range", asked, limit).await
}

/// What is asked over steps.
pub(super) fn range_params(call: &Call, form: &Form) -> Result<Asked, Error> {
    let time = |name| parse_time(form.get(name)).map_err(|reason| Error::invalid_parameter(name, reason));
    let (start, end) = (time("start")?, time("end")?);
    if end < start {
        return Err(Error::invalid_parameter("end", "end timestamp must not be before start time"));
    }
    let step = parse_duration(form.get("step")).map_err(|reason| Error::invalid_parameter("step", reason))?;
    if step <= 0 {
        return Err(Error::invalid_parameter("step", BAD_STEP));
    }
    if (end.0 - start.0) / step > MAX_POINTS {
        return Err(Error::bad_data(TOO_MANY_POINTS));
    }
    let step_ms = i64::try_from(step / 1_000_000).unwrap_or(i64::MAX);
    if step_ms == 0 {
        return Err(Error::invalid_parameter("step", BAD_STEP));
    }
    let deadline = deadline(call, form)?;
    let query = QueryParams::range(form.get("query"), start.ms(), end.ms(), step_ms);
    Ok((with_options(query, call, form)?, deadline))
}

/// `/format_query`: the query as Prometheus would write it.
pub(super) fn format(call: &Call, form: &Form) -> Result<Reply, Error> {
    let mut out = Vec::new();
    push_text(&mut out, &pretty(&parsed(call, form)?));
    Ok(Reply::json(out))
}

/// `/parse_query`: the query as a tree.
pub(super) fn parse(call: &Call, form: &Form) -> Result<Reply, Error> {
    let mut out = Vec::new();
    push_ast(&mut out, &parsed(call, form)?);
    Ok(Reply::json(out))
}

fn parsed(call: &Call, form: &Form) -> Result<Expr, Error> {
    let text = form.get("query");
    call.limits.check_text(text)?;
    mneme_promql::parse(text, &call.limits.features).map_err(|error| Error::invalid_parameter("query", error))
}

async fn run(
    call: &Call,
    form: &Form,
    endpoint: &'static str,
    asked: Asked,
    limit: usize,
) -> Result<Reply, Error> {
    let entry = call.begin(endpoint, &asked.0.text)?;
    let answer = call.api.engine.run(task(call, asked, &entry)).await?;
    let mut result = answer.result;
    let cut = match &mut result.value {
        ResultValue::Matrix(series) => params::truncate(series, limit),
        ResultValue::Vector(samples) => params::truncate(samples, limit),
        ResultValue::Scalar { .. } | ResultValue::String { .. } => false,
    };
    let asked = form.get("stats");
    let stats_json = stats::json(asked, &result.stats, &answer.timings);
    let mut reply = Reply::new(ResultPieces::new(result.value, stats_json));
    (reply.warnings, reply.infos) = (result.warnings, result.infos);
    let mut reply = reply.warn_if(cut, params::TRUNCATED);
    reply.warnings.extend(stats::warning(asked));
    Ok(reply)
}

/// What the engine is to do.
pub(super) fn task<'a>(call: &'a Call, (params, deadline): Asked, entry: &'a Entry) -> Task<'a> {
    let floor = call.limits.floor(call.now);
    Task { params, source: &call.source, limits: &call.limits, floor, deadline, entry }
}

/// The configured timeout, or the request's own if that is shorter.
fn deadline(call: &Call, form: &Form) -> Result<Instant, Error> {
    let configured = call.limits.timeout;
    let asked = params::duration(form, "timeout")?
        .map(|nanos| Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)));
    Ok(call.arrived + asked.map_or(configured, |asked| asked.min(configured)))
}

fn with_options(query: QueryParams, call: &Call, form: &Form) -> Result<QueryParams, Error> {
    let config = &call.api.config;
    let lookback_ms = match form.get("lookback_delta") {
        "" => 0,
        text => {
            let nanos = parse_duration(text).map_err(|reason| {
                Error::bad_data(format!("error parsing lookback delta duration: {reason}"))
            })?;
            i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
        }
    };
    Ok(QueryParams {
        lookback_ms: if lookback_ms > 0 { lookback_ms } else { millis(config.lookback_delta) },
        default_subquery_step_ms: millis(config.default_evaluation_interval),
        features: call.limits.features,
        max_samples: match usize::try_from(call.limits.max_samples) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(samples) => samples,
        },
        max_bytes: usize::try_from(call.limits.max_memory_bytes).unwrap_or(usize::MAX),
        ..query
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
