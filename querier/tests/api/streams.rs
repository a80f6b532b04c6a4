//! Answers that come in many batches: begun again where data was flushed, ended when the query is, never held as a whole.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use http::Request;
use mneme_model::chunk::{FloatChunkBuilder, SeriesBatch};
use mneme_model::{Cut, Labels, PartitionId, TenantId};
use mneme_proto::internal::ingester::{
    Error, FetchBudget, Held, MetricMetadata, PartitionMark, QueryService, SeriesAnswer, SeriesExemplars,
    SeriesRequest, WholeAnswer,
};
use mneme_querier::Config;
use mneme_tenant::Limits;

use crate::harness::{Api, NOW, error};

/// Series of a batch.
const EACH: usize = 10;

/// Series `m{id=".."}` of value 1 in batches, whatever is asked.
#[derive(Default)]
struct Stream {
    /// So many; `None` = without an end.
    batches: Option<usize>,
    /// So many answers fail after their first batch.
    flushes: AtomicUsize,
    /// An answer was dropped.
    ended: Arc<AtomicBool>,
    /// Answers say that they are few series in memory.
    at_hand: bool,
    /// The threads that pulled.
    threads: Arc<Mutex<Vec<String>>>,
}

struct Batches {
    at_hand: bool,
    threads: Arc<Mutex<Vec<String>>>,
    left: Option<usize>,
    next: usize,
    /// Fails after the first batch.
    flushed: bool,
    budget: Arc<FetchBudget>,
    ended: Arc<AtomicBool>,
}

impl SeriesAnswer for Batches {
    fn is_at_hand(&self) -> bool {
        self.at_hand
    }

    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.threads.lock().unwrap().push(thread);
        if self.left == Some(0) {
            return Ok(None);
        }
        if self.flushed && self.next > 0 {
            let (partition, cut) = (PartitionId(1), Cut(5));
            return Err(Error::FloorAboveMark(vec![PartitionMark { count: 2, partition, cut }]));
        }
        let one = |id: usize| {
            let mut builder = FloatChunkBuilder::new(false);
            builder.push(60_000, 1.0, 0);
            builder.push(NOW - 1000, 1.0, 0);
            (
                Labels::from_pairs([("__name__", "m".to_owned()), ("id", id.to_string())]),
                vec![builder.chunk()],
            )
        };
        let all = (self.next..self.next + EACH).map(one).collect();
        self.next += EACH;
        self.left = self.left.map(|left| left - 1);
        WholeAnswer::counted(all, &self.budget)?.next_batch(batch)
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
}

#[async_trait]
impl QueryService for Stream {
    async fn select(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error> {
        let less = |left: usize| left.checked_sub(1);
        let flushed = self.flushes.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok();
        let seam = request.seam.map(|seam| seam.from(PartitionId(1), 2));
        assert!(matches!(seam, None | Some(Cut(5))), "begun again from the floor that was told: {seam:?}");
        let (left, ended) = (self.batches, Arc::clone(&self.ended));
        let (at_hand, threads) = (self.at_hand, Arc::clone(&self.threads));
        Ok(Box::new(Batches { at_hand, threads, left, next: 0, flushed, budget, ended }))
    }

    async fn series(&self, _: SeriesRequest) -> Result<Vec<Labels>, Error> {
        Ok(Vec::new())
    }

    async fn label_names(&self, _: SeriesRequest) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn label_values(&self, _: String, _: SeriesRequest) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn metadata(&self, _: TenantId, _: Option<String>) -> Result<Vec<MetricMetadata>, Error> {
        Ok(Vec::new())
    }

    async fn exemplars(&self, _: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        Ok(Vec::new())
    }
}

fn flushed(times: usize) -> Api {
    Api::new(Stream { batches: Some(3), flushes: AtomicUsize::new(times), ..Stream::default() })
}

#[tokio::test]
async fn a_query_begins_again_where_data_was_flushed_and_counts_anew() {
    for (text, value) in [("sum(m)", "30"), ("count(m%2Bm)", "30"), ("sum(m)%2Bcount(m%20offset%201h)", "")] {
        let (code, body) = flushed(1).get(&format!("query_explain?query={text}&time=60&analyze=true")).await;
        assert_eq!(code, 200, "{body}");
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        let each = if value.is_empty() { 60 } else { 30 };
        assert_eq!(read["data"]["fetched"]["series"], each, "{text}: {body}");
        let (_, body) = flushed(1).get(&format!("query?query={text}&time=60")).await;
        assert!(body.contains(&format!("\"{value}\"")) || value.is_empty(), "{text}: {body}");
    }
    let (code, body) = flushed(2).get_as("", "/federate?match[]=m").await;
    assert_eq!((code, body.lines().filter(|line| line.starts_with("m{")).count()), (200, 30), "{body}");
}

#[tokio::test]
async fn a_query_does_not_begin_again_for_ever() {
    let api = flushed(3);
    let (code, body) = api.get("query?query=sum(m)&time=60").await;
    assert!(code == 200 && body.contains("\"30\""), "the fourth attempt: {body}");
    let text = "ingester is not ready: data was flushed or replaced, each of 4 times that this was asked";
    assert_eq!(flushed(4).get("query?query=sum(m)&time=60").await, error(503, "unavailable", text));
}

#[tokio::test]
async fn a_query_that_is_killed_stops_pulling() {
    let stream = Stream::default();
    let ended = Arc::clone(&stream.ended);
    let api = Arc::new(Api::new(stream));
    let query = api.get("query?query=sum(m)&time=60&timeout=1h");
    let killer = async {
        let id = loop {
            let (_, body) = api.get("queries").await;
            let listed: serde_json::Value = serde_json::from_str(&body).unwrap();
            if listed["data"][0]["stage"] == "evaluating" {
                break listed["data"][0]["id"].as_str().unwrap().to_owned();
            }
            tokio::task::yield_now().await;
        };
        let request = Request::delete(format!("/api/v1/queries/{id}"));
        assert_eq!(api.send(request.body(Body::empty()).unwrap()).await.0, 200);
    };
    let ((code, body), ()) = futures::future::join(query, killer).await;
    assert_eq!((code, body), error(499, "canceled", "query was canceled in query execution"));
    let gone = async {
        while !ended.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.unwrap();
}

#[tokio::test]
async fn an_aggregation_holds_a_batch_at_a_time_and_what_is_used_twice_is_held() {
    let tight = |query: &'static str| async move {
        let limits = Limits { max_estimated_memory_consumption_per_query: 256 << 10, ..Limits::default() };
        let stream = Stream { batches: Some(1000), ..Stream::default() };
        let api = Api::with(stream, limits, Config::default());
        api.get(&format!("query?query={query}&time=60")).await
    };
    let (code, body) = tight("sum(m)").await;
    assert!(code == 200 && body.contains("\"10000\""), "{body}");
    let (code, body) = tight("sum(m)%2Bcount(m)").await;
    assert!(code == 422 && body.contains("err-mneme-max-estimated-memory"), "{code} {body}");
}

#[tokio::test]
async fn what_a_few_series_at_hand_have_at_one_moment_is_computed_where_it_is_asked() {
    let pool = |path: &'static str, at_hand: bool| async move {
        let stream = Stream { batches: Some(1), at_hand, ..Stream::default() };
        let threads = Arc::clone(&stream.threads);
        let (code, body) = Api::new(stream).get(path).await;
        assert_eq!(code, 200, "{body}");
        let threads = threads.lock().unwrap();
        assert!(!threads.is_empty());
        threads.iter().all(|name| name.starts_with("mneme-query-"))
    };
    for path in ["query?query=m&time=60", "query?query=sum(m)%2Babs(m)&time=60"] {
        assert!(!pool(path, true).await, "{path}");
        assert!(pool(path, false).await, "{path} of more series");
    }
    for path in [
        "query_range?query=m&start=0&end=60&step=1",
        "query?query=rate(m[1h])&time=60",
        "query?query=max_over_time(m[1h:1s])&time=60",
        "query?query=m%2Bmax_over_time(vector(1)[1h:1s])&time=60",
        "query?query=label_replace(m,%22a%22,%22%22,%22b%22,%22.*%22)&time=60",
    ] {
        assert!(pool(path, true).await, "{path}");
    }
}

#[tokio::test]
async fn a_panic_in_the_place_of_the_asker_fails_that_query_only() {
    let stream = Stream { batches: Some(1), at_hand: true, ..Stream::default() };
    let threads = Arc::clone(&stream.threads);
    let api = Api::new(stream);
    // A poisoned lock makes the pull panic.
    let poison = Arc::clone(&threads);
    let _ = std::thread::spawn(move || {
        let _lock = poison.lock().unwrap();
        panic!("as intended");
    })
    .join();
    let failed = api.get("query?query=m&time=60").await;
    assert_eq!(failed, error(500, "internal", "the evaluation failed unexpectedly"));
    threads.clear_poison();
    assert_eq!(api.get("query?query=m&time=60").await.0, 200);
}
