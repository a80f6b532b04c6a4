//! Runs one query: waits for its turn, parses, plans, fetches, computes on a thread of its own, all within its deadline.

use std::sync::Arc;
use std::time::Duration;

use mneme_promql::{Cancel, Plan, QueryParams, QueryResult, Select, ast};
use mneme_proto::internal::ingester::SeriesChunks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::api::{Error, ErrorType};
use crate::fetched::Fetched;
use crate::limits::{FetchedSize, QueryLimits};
use crate::metrics::Metrics;
use crate::source::{Question, Source};

/// Runs queries, a bounded number at a time.
pub(crate) struct Engine {
    turns: Arc<Semaphore>,
    metrics: Metrics,
}

/// How long the steps of a query took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    /// Waiting for its turn.
    pub(crate) queue: Duration,
    /// Parsing, planning and fetching.
    pub(crate) preparation: Duration,
    /// Computing.
    pub(crate) evaluation: Duration,
}

/// An answer and what it took.
pub(crate) struct Answer {
    pub(crate) result: QueryResult,
    pub(crate) timings: Timings,
}

impl Engine {
    /// Runs at most `max_concurrent` queries at once.
    pub(crate) fn new(max_concurrent: usize, metrics: Metrics) -> Self {
        Self { turns: Arc::new(Semaphore::new(max_concurrent)), metrics }
    }

    /// The answer to a query, or why there is none by `deadline`. Dropping the future stops the query.
    pub(crate) async fn run(
        &self,
        params: QueryParams,
        source: &Source,
        limits: &QueryLimits,
        floor: i64,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        let _active = Gauge::new(&self.metrics.active);
        limits.check_text(&params.text)?;
        let plan = plan(&params)?;
        limits.check_length(plan.selects())?;
        let begun = Instant::now();
        let turn = self.turn(deadline).await?;
        let turned = Instant::now();
        let fetch = fetch(source, plan.selects(), limits, floor, &self.metrics);
        let fetched = timeout_at(deadline, fetch).await.map_err(|_| timed_out("query preparation"))??;
        let prepared = Instant::now();
        let result = compute(plan, fetched, turn, deadline).await?;
        let timings =
            Timings { queue: turned - begun, preparation: prepared - turned, evaluation: prepared.elapsed() };
        self.metrics.queue_duration.observe(timings.queue.as_secs_f64());
        self.metrics.fetch_duration.observe(timings.preparation.as_secs_f64());
        self.metrics.eval_duration.observe(timings.evaluation.as_secs_f64());
        Ok(Answer { result, timings })
    }

    #[tracing::instrument(name = "query_queue", skip_all)]
    async fn turn(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Error> {
        let _queued = Gauge::new(&self.metrics.queued);
        match timeout_at(deadline, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(Error::new(ErrorType::Unavailable, "the querier is shutting down")),
            Err(_) => Err(timed_out("query queue")),
        }
    }
}

#[tracing::instrument(name = "query_plan", skip_all)]
fn plan(params: &QueryParams) -> Result<Plan, Error> {
    let expr: ast::Expr = mneme_promql::parse(&params.text, &params.features)
        .map_err(|error| Error::invalid_parameter("query", error))?;
    Plan::new(&expr, params).map_err(|error| match error {
        mneme_promql::Error::BadQuery(text) => Error::invalid_parameter("query", text),
        other => other.into(),
    })
}

/// Fetches all selects at once and counts them against the limits.
#[tracing::instrument(name = "query_fetch", skip_all, fields(selects = selects.len()))]
async fn fetch(
    source: &Source,
    selects: &[Select],
    limits: &QueryLimits,
    floor: i64,
    metrics: &Metrics,
) -> Result<Fetched, Error> {
    let answers =
        futures::future::try_join_all(selects.iter().map(|select| fetch_one(source, select, floor))).await?;
    let mut size = FetchedSize::default();
    for series in &answers {
        size.add(series);
    }
    metrics.fetched_series.inc_by(size.series);
    metrics.fetched_chunks.inc_by(size.chunks);
    metrics.fetched_bytes.inc_by(size.chunk_bytes);
    limits.check_fetched(&size)?;
    Ok(Fetched::new(selects.iter().cloned().zip(answers).collect(), floor))
}

async fn fetch_one(source: &Source, select: &Select, floor: i64) -> Result<Vec<SeriesChunks>, Error> {
    let start = select.start.max(floor);
    if start > select.end {
        return Ok(Vec::new());
    }
    Ok(source.select(&Question { matchers: select.matchers.clone(), start, end: select.end }).await?)
}

/// Computes on a thread for blocking work. The turn is given back when the computation has really ended.
#[tracing::instrument(name = "query_evaluate", skip_all)]
async fn compute(
    plan: Plan,
    fetched: Fetched,
    turn: OwnedSemaphorePermit,
    deadline: Instant,
) -> Result<QueryResult, Error> {
    let guard = CancelOnDrop(Cancel::new());
    let cancel = guard.0.clone();
    let mut work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        mneme_promql::evaluate(&plan, &fetched, &cancel)
    });
    let ended = match timeout_at(deadline, &mut work).await {
        Ok(ended) => ended,
        Err(_) => {
            guard.0.time_out();
            return Err(mneme_promql::Error::Timeout.into());
        }
    };
    match ended {
        Ok(result) => Ok(result?),
        Err(error) => {
            tracing::error!(%error, "a query's evaluation panicked");
            Err(Error::new(ErrorType::Internal, "the evaluation failed unexpectedly"))
        }
    }
}

/// Stops the computation of a client that went away.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Counts something for as long as it lives.
struct Gauge(prometheus::IntGauge);

impl Gauge {
    fn new(gauge: &prometheus::IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn timed_out(during: &str) -> Error {
    Error::new(ErrorType::Timeout, format!("query timed out in {during}"))
}
