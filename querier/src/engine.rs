//! Runs one query: waits for its turn, parses, plans, asks, pulls and computes on the pool's threads, all within its deadline. What is
//! computed of a few series in memory takes less than to wake a thread, and is computed in place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use mneme_model::{ReadHints, TimestampMs};
use mneme_promql::{Plan, QueryParams, QueryResult, Select, ast};
use mneme_proto::internal::ingester;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Attempts};
use crate::api::{Error, ErrorType};
use crate::fetched::Fetched;
use crate::limits::QueryLimits;
use crate::metrics::Metrics;
use crate::pool::{NoResult, Pool};
use crate::running::{Entry, Stage};
use crate::source::{Question, Source};

/// A query begins at most so many times: each time some data was flushed while it was pulled.
const ATTEMPTS: usize = 4;

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

/// Questions to a source.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Who is asked.
    pub(crate) source: &'a Source,
    /// What; `None` has no series.
    pub(crate) questions: &'a [Option<Question>],
    /// When all must be done.
    pub(crate) deadline: Instant,
    /// The query's place in the list of running queries.
    pub(crate) entry: &'a Entry,
    /// What is computed of a few series takes some microseconds ([`Plan::is_small`]).
    pub(crate) is_small: bool,
}

/// How long the steps of a query took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    /// Waiting for its turn.
    pub(crate) queue: Duration,
    /// Asking for series, and pulling them.
    pub(crate) preparation: Duration,
    /// Computing.
    pub(crate) evaluation: Duration,
}

/// An answer and what it took.
pub(crate) struct Answered<T> {
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
    pub(crate) async fn run(&self, task: Task<'_>) -> Result<Answered<QueryResult>, Error> {
        let cancel = task.entry.query().cancel.clone();
        self.run_with(task, move |plan, fetched| mneme_promql::evaluate(plan, fetched, &cancel)).await
    }

    /// As [`Self::run`], with another evaluation of the plan.
    pub(crate) async fn run_with<T: Send + 'static>(
        &self,
        task: Task<'_>,
        evaluate: impl Fn(&Plan, &Fetched) -> Result<T, mneme_promql::Error> + Send + Sync + 'static,
    ) -> Result<Answered<T>, Error> {
        let _active = Gauge::new(&self.metrics.active);
        let Task { params, source, limits, floor, deadline, entry } = task;
        let plan = plan(&params, limits)?;
        let begun = Instant::now();
        let turn = Arc::new(entry.unless_killed("query queue", self.turn(deadline)).await?);
        let queue = begun.elapsed();
        let questions: Vec<_> = plan.selects().iter().map(|select| question(select, floor)).collect();
        let is_small = plan.is_small();
        let evaluate = move |answers| {
            let fetched = Fetched::new(&plan, answers, floor);
            let result = evaluate(&plan, &fetched);
            result.map_err(|error| fetched.failure().map_or_else(|| error.into(), Into::into))
        };
        let asked = Asked { source, questions: &questions, deadline, entry, is_small };
        let mut answer = self.read(asked, &turn, evaluate).await?;
        answer.timings.queue = queue;
        let timings = &answer.timings;
        self.metrics.queue_duration.observe(timings.queue.as_secs_f64());
        self.metrics.fetch_duration.observe(timings.preparation.as_secs_f64());
        self.metrics.eval_duration.observe(timings.evaluation.as_secs_f64());
        Ok(answer)
    }

    /// Asks the source and computes `make` of its answers, which pulls them, on a thread of the pool. Where recent data was flushed
    /// meanwhile, what was pulled is worthless: both are done again.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        asked: Asked<'_>,
        turn: &Arc<OwnedSemaphorePermit>,
        make: impl Fn(Vec<Answer>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Answered<T>, Error> {
        let (attempts, make) = (Arc::new(Attempts::default()), Arc::new(make));
        let mut timings = Timings::default();
        for _ in 0..ATTEMPTS {
            let begun = Instant::now();
            let result = self.attempt(&asked, turn, &attempts, &make).await;
            let took = begun.elapsed();
            let (again, fetching) = attempts.end();
            timings.preparation += fetching;
            timings.evaluation += took.saturating_sub(fetching);
            self.count(asked.entry);
            if !again {
                return result.map(|result| Answered { result, timings });
            }
            asked.entry.query().budget.restart();
        }
        let why = format!("data was flushed or replaced, each of {ATTEMPTS} times that this was asked");
        Err(ingester::Error::NotReady(why).into())
    }

    async fn attempt<T: Send + 'static>(
        &self,
        asked: &Asked<'_>,
        turn: &Arc<OwnedSemaphorePermit>,
        attempts: &Arc<Attempts>,
        make: &Arc<impl Fn(Vec<Answer>) -> Result<T, Error> + Send + Sync + 'static>,
    ) -> Result<T, Error> {
        let Asked { deadline, entry, .. } = *asked;
        entry.reach(Stage::Fetching);
        let ask = async {
            timeout_at(deadline, ask(asked, attempts)).await.map_err(|_| timed_out("query preparation"))?
        };
        let begun = Instant::now();
        let answers = entry.unless_killed("query preparation", ask).await?;
        attempts.spend(begun.elapsed());
        entry.reach(Stage::Evaluating);
        if asked.is_small && answers.iter().all(Answer::is_at_hand) {
            return compute_here(|| make(answers));
        }
        let (make, turn) = (Arc::clone(make), Arc::clone(turn));
        let compute = self.compute(move || make(answers), turn, deadline, entry);
        entry.unless_killed("query execution", compute).await
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
        make: impl FnOnce() -> Result<T, Error> + Send + 'static,
        turn: Arc<OwnedSemaphorePermit>,
        deadline: Instant,
        entry: &Entry,
    ) -> Result<T, Error> {
        let work = move || {
            let _turn = turn;
            make()
        };
        match self.pool.run(deadline, work).await {
            Ok(result) => result,
            Err(NoResult::Late) => {
                entry.query().cancel.time_out();
                Err(mneme_promql::Error::Timeout.into())
            }
            Err(other) => Err(refused(other, "query execution")),
        }
    }

    /// Counts what a query has fetched.
    fn count(&self, entry: &Entry) {
        let found = entry.query().budget.found();
        self.metrics.fetched_series.inc_by(found.series);
        self.metrics.fetched_chunks.inc_by(found.chunks);
        self.metrics.fetched_bytes.inc_by(found.chunk_bytes);
    }
}

/// Computes in the task that asks: to wake a thread for it would take longer.
#[tracing::instrument(name = "query_evaluate", skip_all)]
fn compute_here<T>(make: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| {
        tracing::error!("a query's computation panicked");
        Err(refused(NoResult::Failed, "query execution"))
    })
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

/// Asks all questions at once; the series are counted against the limits as they are pulled.
#[tracing::instrument(name = "query_fetch", skip_all, fields(selects = asked.questions.len()))]
async fn ask(asked: &Asked<'_>, attempts: &Arc<Attempts>) -> Result<Vec<Answer>, Error> {
    let budget = &asked.entry.query().budget;
    let one = |question: &Option<Question>| {
        let question = question.clone();
        async move {
            match question {
                Some(question) => asked.source.select(&question, budget, attempts).await,
                None => Ok(Answer::default()),
            }
        }
    };
    Ok(futures::future::try_join_all(asked.questions.iter().map(one)).await?)
}

/// A select's question; `None` where nothing of it is shown.
fn question(select: &Select, floor: TimestampMs) -> Option<Question> {
    let start = select.start.max(floor);
    let hints = ReadHints {
        labels: select.hints.labels.as_deref().map(Into::into),
        newest_only: select.hints.newest_only,
    };
    let question = Question { matchers: select.matchers.clone(), start, end: select.end, hints };
    (start <= select.end).then_some(question)
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
