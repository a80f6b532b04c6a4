//! Runs one query: waits for its turn, parses, plans, fetches, computes on the pool's threads, all within its deadline.

use std::sync::Arc;
use std::time::Duration;

use mneme_model::ReadHints;
use mneme_model::chunk::SeriesBatch;
use mneme_promql::{Plan, QueryParams, QueryResult, Select, ast};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::api::{Error, ErrorType};
use crate::fetched::Fetched;
use crate::limits::QueryLimits;
use crate::metrics::Metrics;
use crate::pool::{NoResult, Pool};
use crate::running::{Entry, Stage};
use crate::source::{Question, Source};

/// Runs queries, a bounded number at a time.
pub(crate) struct Engine {
    turns: Arc<Semaphore>,
    pool: Pool,
    metrics: Metrics,
}

/// A query and what it may.
pub(crate) struct Task<'a> {
    /// What is asked.
    pub(crate) params: QueryParams,
    /// Of whom.
    pub(crate) source: &'a Source,
    /// The most it may cost.
    pub(crate) limits: &'a QueryLimits,
    /// Samples before this time are not shown.
    pub(crate) floor: i64,
    /// When it must be done.
    pub(crate) deadline: Instant,
    /// Its place in the list of running queries.
    pub(crate) entry: &'a Entry,
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
pub(crate) struct Answer<T> {
    pub(crate) result: T,
    pub(crate) timings: Timings,
}

impl Engine {
    /// Runs at most `max_concurrent` queries at once.
    pub(crate) fn new(max_concurrent: usize, max_queued: usize, metrics: Metrics) -> std::io::Result<Self> {
        let pool = Pool::new(max_concurrent, max_queued)?;
        Ok(Self { turns: Arc::new(Semaphore::new(max_concurrent)), pool, metrics })
    }

    /// The answer to a query, or why there is none by its deadline. Dropping the future stops the query.
    pub(crate) async fn run(&self, task: Task<'_>) -> Result<Answer<QueryResult>, Error> {
        let cancel = task.entry.query().cancel.clone();
        self.run_with(task, move |plan, fetched| mneme_promql::evaluate(plan, fetched, &cancel)).await
    }

    /// As [`Self::run`], with another evaluation of the plan.
    pub(crate) async fn run_with<T: Send + 'static>(
        &self,
        task: Task<'_>,
        evaluate: impl FnOnce(&Plan, &Fetched) -> Result<T, mneme_promql::Error> + Send + 'static,
    ) -> Result<Answer<T>, Error> {
        let _active = Gauge::new(&self.metrics.active);
        let Task { params, source, limits, floor, deadline, entry } = task;
        let plan = plan(&params, limits)?;
        let begun = Instant::now();
        let turn = entry.unless_killed("query queue", self.turn(deadline)).await?;
        let turned = Instant::now();
        entry.reach(Stage::Fetching);
        let fetch = async {
            let fetch = fetch(source, plan.selects(), floor, entry);
            timeout_at(deadline, fetch).await.map_err(|_| timed_out("query preparation"))?
        };
        let fetched = entry.unless_killed("query preparation", fetch).await;
        self.count(entry);
        let (fetched, prepared) = (fetched?, Instant::now());
        entry.reach(Stage::Evaluating);
        let compute = self.compute(move || evaluate(&plan, &fetched), turn, deadline, entry);
        let result = entry.unless_killed("query execution", compute).await?;
        let timings =
            Timings { queue: turned - begun, preparation: prepared - turned, evaluation: prepared.elapsed() };
        self.metrics.queue_duration.observe(timings.queue.as_secs_f64());
        self.metrics.fetch_duration.observe(timings.preparation.as_secs_f64());
        self.metrics.eval_duration.observe(timings.evaluation.as_secs_f64());
        Ok(Answer { result, timings })
    }

    /// Does other work that takes long, such as sorting a large answer, on the pool's threads.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.pool.run(deadline, work).await.map_err(|no_result| refused(no_result, "query execution"))
    }

    /// Waits for a turn: whoever holds one may fetch.
    #[tracing::instrument(name = "query_queue", skip_all)]
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Error> {
        let _queued = Gauge::new(&self.metrics.queued);
        match timeout_at(deadline, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(Error::new(ErrorType::Unavailable, "the querier is shutting down")),
            Err(_) => Err(timed_out("query queue")),
        }
    }

    /// Computes on a thread of the pool. The turn is given back when the computation has really ended.
    #[tracing::instrument(name = "query_evaluate", skip_all)]
    async fn compute<T: Send + 'static>(
        &self,
        evaluate: impl FnOnce() -> Result<T, mneme_promql::Error> + Send + 'static,
        turn: OwnedSemaphorePermit,
        deadline: Instant,
        entry: &Entry,
    ) -> Result<T, Error> {
        let work = move || {
            let _turn = turn;
            evaluate()
        };
        match self.pool.run(deadline, work).await {
            Ok(result) => Ok(result?),
            Err(NoResult::Late) => {
                entry.query().cancel.time_out();
                Err(mneme_promql::Error::Timeout.into())
            }
            Err(other) => Err(refused(other, "query execution")),
        }
    }

    /// Counts what a query has fetched.
    pub(crate) fn count(&self, entry: &Entry) {
        let found = entry.query().budget.found();
        self.metrics.fetched_series.inc_by(found.series);
        self.metrics.fetched_chunks.inc_by(found.chunks);
        self.metrics.fetched_bytes.inc_by(found.chunk_bytes);
    }
}

/// Parses, plans and checks what can be refused without any data.
#[tracing::instrument(name = "query_plan", skip_all)]
pub(crate) fn plan(params: &QueryParams, limits: &QueryLimits) -> Result<Plan, Error> {
    limits.check_text(&params.text)?;
    let expr: ast::Expr = mneme_promql::parse(&params.text, &params.features)
        .map_err(|error| Error::invalid_parameter("query", error))?;
    let plan = Plan::new(&expr, params).map_err(|error| match error {
        mneme_promql::Error::BadQuery(text) => Error::invalid_parameter("query", text),
        other => other.into(),
    })?;
    limits.check_length(plan.selects())?;
    Ok(plan)
}

/// Fetches all selects at once; they are counted against the limits as they are found.
#[tracing::instrument(name = "query_fetch", skip_all, fields(selects = selects.len()))]
async fn fetch(source: &Source, selects: &[Select], floor: i64, entry: &Entry) -> Result<Fetched, Error> {
    let each = selects.iter().map(|select| fetch_one(source, select, floor, entry));
    let answers = futures::future::try_join_all(each).await?;
    Ok(Fetched::new(selects.iter().cloned().zip(answers).collect(), floor))
}

async fn fetch_one(
    source: &Source,
    select: &Select,
    floor: i64,
    entry: &Entry,
) -> Result<SeriesBatch, Error> {
    let start = select.start.max(floor);
    if start > select.end {
        return Ok(SeriesBatch::new());
    }
    let hints = ReadHints {
        labels: select.hints.labels.as_deref().map(Into::into),
        newest_only: select.hints.newest_only,
    };
    let question = Question { matchers: select.matchers.clone(), start, end: select.end, hints };
    Ok(source.select(&question, &entry.query().budget).await?)
}

fn refused(no_result: NoResult, during: &str) -> Error {
    match no_result {
        NoResult::Late => timed_out(during),
        NoResult::Full => Error::limit(
            ErrorType::TooManyRequests,
            "too-many-outstanding-requests",
            "too many outstanding requests: the querier's queue is full",
        ),
        NoResult::Failed => Error::new(ErrorType::Internal, "the evaluation failed unexpectedly"),
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
