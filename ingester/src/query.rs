//! Answers for recent data, from all partitions' heads.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use mneme_head::{Head, ReadError, Window};
use mneme_model::{Labels, Metadata, TenantId};
use mneme_proto::internal::ingester::{
    Cardinality, CardinalityBuilder, CardinalityRequest, Error, FetchBudget, MetricMetadata, QueryService,
    SeriesChunks, SeriesExemplars, SeriesRequest,
};
use parking_lot::Mutex;

use crate::Ingester;
use crate::memory::State;

#[async_trait]
impl QueryService for Ingester {
    async fn select(&self, request: SeriesRequest) -> Result<Vec<SeriesChunks>, Error> {
        let ask = move |head: &Head| {
            let found = head.select(request.tenant.as_str(), &request.matchers, window(&request))?;
            Ok(found.into_iter().map(|one| SeriesChunks { labels: one.labels, chunks: one.chunks }).collect())
        };
        let join = |held: &mut SeriesChunks, more: SeriesChunks| held.chunks.extend(more.chunks);
        self.ask("select", ask).await.map(|answers| once(answers, |one| &one.labels, join))
    }

    async fn select_within(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Vec<SeriesChunks>, Error> {
        let over = Arc::new(OnceLock::new());
        let spent = over.clone();
        let ask = move |head: &Head| {
            let (tenant, window) = (request.tenant.as_str(), window(&request));
            if let Err(why) = budget.check() {
                let _ = spent.set(why);
            }
            if spent.get().is_some() {
                return Ok(Vec::new());
            }
            let found = head.select(tenant, &request.matchers, window)?;
            let found: Vec<SeriesChunks> = found
                .into_iter()
                .map(|one| SeriesChunks { labels: one.labels, chunks: one.chunks })
                .collect();
            match budget.take(&found) {
                Ok(()) => Ok(found),
                Err(why) => {
                    let _ = spent.set(why);
                    Ok(Vec::new())
                }
            }
        };
        let join = |held: &mut SeriesChunks, more: SeriesChunks| held.chunks.extend(more.chunks);
        let answers = self.ask("select", ask).await?;
        match over.get() {
            Some(why) => Err((*why).into()),
            None => Ok(once(answers, |one| &one.labels, join)),
        }
    }

    async fn cardinality(&self, request: CardinalityRequest) -> Result<Cardinality, Error> {
        let limit = request.limit;
        let builder = Arc::new(Mutex::new(CardinalityBuilder::default()));
        let shared = builder.clone();
        let ask = move |head: &Head| -> Result<Vec<()>, ReadError> {
            let tenant = request.tenant.as_str();
            let mut builder = shared.lock();
            let wanted = |name: &str| request.names.is_empty() || request.names.iter().any(|n| n == name);
            let size = head.label_counts(
                tenant,
                &request.matchers,
                Window::all(),
                &wanted,
                &mut |name, value, n| {
                    builder.add_label(name, value, n);
                },
            );
            builder.add_size(size.series, size.chunks, head.time_range(tenant));
            Ok(Vec::new())
        };
        self.ask("cardinality", ask).await?;
        let finish = tokio::task::spawn_blocking(move || std::mem::take(&mut *builder.lock()).finish(limit));
        finish.await.map_err(|_| Error::Internal("cardinality failed unexpectedly".to_owned()))
    }

    async fn series(&self, request: SeriesRequest) -> Result<Vec<Labels>, Error> {
        let ask =
            move |head: &Head| Ok(head.series(request.tenant.as_str(), &request.matchers, window(&request)));
        self.ask("series", ask).await.map(|answers| once(answers, |one| one, |_, _| {}))
    }

    async fn label_names(&self, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let ask = move |head: &Head| {
            Ok(head.label_names(request.tenant.as_str(), &request.matchers, window(&request)))
        };
        self.ask("label_names", ask).await.map(union)
    }

    async fn label_values(&self, label: String, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let ask = move |head: &Head| {
            Ok(head.label_values(request.tenant.as_str(), &label, &request.matchers, window(&request)))
        };
        self.ask("label_values", ask).await.map(union)
    }

    async fn metadata(&self, tenant: TenantId, metric: Option<String>) -> Result<Vec<MetricMetadata>, Error> {
        let ask = move |head: &Head| Ok(head.metadata(tenant.as_str(), metric.as_deref()));
        let mut families: BTreeMap<String, BTreeSet<Metadata>> = BTreeMap::new();
        for family in flat(self.ask("metadata", ask).await?) {
            families.entry(family.metric).or_default().extend(family.metadata);
        }
        let merged = families.into_iter();
        Ok(merged
            .map(|(metric, metadata)| MetricMetadata { metric, metadata: metadata.into_iter().collect() })
            .collect())
    }

    async fn exemplars(&self, request: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        let ask = move |head: &Head| {
            let found =
                head.exemplars(request.tenant.as_str(), &request.matchers, request.start, request.end);
            let answer = |one: mneme_head::SeriesExemplars| SeriesExemplars {
                labels: one.labels,
                exemplars: one.exemplars,
            };
            Ok(found.into_iter().map(answer).collect())
        };
        let join = |held: &mut SeriesExemplars, more: SeriesExemplars| {
            held.exemplars.extend(more.exemplars);
            held.exemplars.sort_by_key(|exemplar| exemplar.timestamp);
        };
        self.ask("exemplars", ask).await.map(|answers| once(answers, |one| &one.labels, join))
    }
}

impl Ingester {
    /// Asks each head, on a thread for blocking work, when it is this question's turn.
    async fn ask<T: Send + 'static>(
        &self,
        kind: &str,
        ask: impl Fn(&Head) -> Result<Vec<T>, ReadError> + Send + 'static,
    ) -> Result<Vec<Vec<T>>, Error> {
        if !self.is_ready() {
            return Err(Error::NotReady("the write-ahead log is being replayed".to_owned()));
        }
        if self.shared.memory.state() != State::Fresh {
            return Err(Error::NotReady(
                "recent data takes more memory than it may, so that it is not complete; raise ingester.max_head_bytes".to_owned(),
            ));
        }
        let timer = self.shared.metrics.queries.with_label_values(&[kind]).start_timer();
        let wait = self.shared.config.query_queue_timeout();
        let turn = match tokio::time::timeout(wait, self.shared.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(Error::NotReady("it is shutting down".to_owned())),
            Err(_) => return Err(Error::Overloaded(format!("{kind} waited {wait:?} for its turn"))),
        };
        let partitions = self.shared.partitions.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let answers: Result<Vec<Vec<T>>, ReadError> = partitions.iter().map(ask).collect();
            answers.map(|all| all.into_iter().filter(|answer| !answer.is_empty()).collect())
        });
        let answers: Result<Vec<Vec<T>>, ReadError> =
            work.await.map_err(|_| Error::Internal(format!("{kind} failed unexpectedly")))?;
        let answers = answers.map_err(|error| {
            tracing::error!(%error, kind, "a question cannot be answered");
            Error::Internal("samples moved to the local disk cannot be read back".to_owned())
        })?;
        timer.observe_duration();
        Ok(answers)
    }
}

fn window(request: &SeriesRequest) -> Window {
    Window::new(request.start, request.end)
}

fn flat<T>(answers: Vec<Vec<T>>) -> Vec<T> {
    answers.into_iter().flatten().collect()
}

/// All answers, each series once. A series lives in one partition, unless its tenant's shard size was changed: then what
/// came before is in another one, and both parts are one series.
fn once<T>(mut answers: Vec<Vec<T>>, labels: fn(&T) -> &Labels, join: fn(&mut T, T)) -> Vec<T> {
    if answers.len() < 2 {
        return answers.pop().unwrap_or_default();
    }
    let mut all: Vec<T> = Vec::with_capacity(answers.iter().map(Vec::len).sum());
    let mut places: HashMap<Key, usize, BuildHasherDefault<Ready>> =
        HashMap::with_capacity_and_hasher(all.capacity(), BuildHasherDefault::default());
    for one in answers.into_iter().flatten() {
        match places.entry(Key(labels(&one).clone())) {
            Entry::Occupied(place) => join(&mut all[*place.get()], one),
            Entry::Vacant(place) => {
                place.insert(all.len());
                all.push(one);
            }
        }
    }
    all
}

/// Labels that bring their own hash: the standard one would look at every byte a second time, and slowly.
#[derive(PartialEq, Eq)]
struct Key(Labels);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.view().hash(0));
    }
}

/// Takes what a [`Key`] gives as it is.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn union(mut answers: Vec<Vec<String>>) -> Vec<String> {
    if answers.len() < 2 {
        return answers.pop().unwrap_or_default();
    }
    answers.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect()
}
