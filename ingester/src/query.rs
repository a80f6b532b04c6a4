//! Answers for recent data, from all partitions' heads. Selects are answered by an [`Answer`] that is pulled, all other questions here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use mneme_head::{Head, ReadError, Selection, TextSet, Window};
use mneme_model::chunk::SeriesBatch;
use mneme_model::{Cut, Labels, MatchOp, Matcher, Metadata, PartitionId, TenantId};
use mneme_proto::internal::ingester::{
    AT_HAND, Cardinality, CardinalityBuilder, CardinalityRequest, Error, FetchBudget, MetricMetadata,
    OverBudget, PartitionMark, QueryService, Seam, SeriesAnswer, SeriesExemplars, SeriesRequest, WholeAnswer,
};

use crate::Ingester;
use crate::answer::{Answer, wanted};
use crate::memory::State;
use crate::partitions::Partitions;

/// So many labels and series may be looked at for a question in the task that asks it: a tenth of a millisecond, about.
const STEPS_AT_ONCE: u64 = 2048;

/// Why heads cannot answer.
pub(crate) enum Failure {
    Read(ReadError),
    Over(OverBudget),
    Floor(Vec<PartitionMark>),
}

impl Failure {
    /// What the asker is told.
    pub(crate) fn told(self, kind: &str) -> Error {
        match self {
            Self::Over(why) => why.into(),
            Self::Floor(floors) => Error::FloorAboveMark(floors),
            Self::Read(error) => {
                tracing::error!(%error, kind, "a question cannot be answered");
                Error::Internal("samples moved to the local disk cannot be read back".to_owned())
            }
        }
    }
}

#[async_trait]
impl QueryService for Ingester {
    async fn select(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error> {
        self.check_ready()?;
        let times = self.shared.metrics.queries.with_label_values(&["select"]);
        let begun = Instant::now();
        if let Some(few) = self.select_at_once(&request)? {
            times.observe(begun.elapsed().as_secs_f64());
            return Ok(Box::new(WholeAnswer::counted(few, &budget)?));
        }
        Ok(Box::new(Answer::new(self.shared.partitions.clone(), times, request, budget)))
    }

    async fn cardinality(&self, request: CardinalityRequest) -> Result<Cardinality, Error> {
        self.ask("cardinality", move |heads| {
            let mut builder = CardinalityBuilder::default();
            let wanted = |name: &str| request.names.is_empty() || request.names.iter().any(|n| n == name);
            let tenant = request.tenant.as_str();
            let window = Window::new(request.start, request.end);
            for head in heads.iter() {
                let mut each = |name: &str, value: &str, series: u64| builder.add_label(name, value, series);
                let size = head.label_counts(tenant, &request.matchers, window, &wanted, &mut each);
                builder.add_size(size.series, size.chunks, head.time_range(tenant));
            }
            Ok(builder.finish(request.limit))
        })
        .await
    }

    async fn series(&self, request: SeriesRequest) -> Result<Vec<Labels>, Error> {
        self.ask("series", move |heads| {
            let mut all = SeriesBatch::new();
            let mut answers = 0;
            for (head, from) in from_seam(heads, &request) {
                let before = all.mark();
                head.series_into(
                    request.tenant.as_str(),
                    &request.matchers,
                    window(&request, from),
                    &mut all,
                );
                answers += usize::from(all.mark() != before);
            }
            if answers > 1 {
                all.unite();
            }
            is_whole(heads, &request)?;
            Ok(all.into_labels())
        })
        .await
    }

    async fn label_names(&self, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let tenant = request.tenant.as_str();
        let names = |head: &Head, window, steps: &mut u64, out: &mut TextSet| {
            head.label_names_at_once(tenant, window, steps, out)
        };
        if let Some(names) = self.at_once("label_names", &request, names)? {
            return Ok(names);
        }
        self.ask("label_names", move |heads| {
            let mut names = TextSet::default();
            for (head, from) in from_seam(heads, &request) {
                let window = window(&request, from);
                head.label_names_into(request.tenant.as_str(), &request.matchers, window, &mut names);
            }
            is_whole(heads, &request)?;
            Ok(names.into_sorted())
        })
        .await
    }

    async fn label_values(&self, label: String, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let tenant = request.tenant.as_str();
        let values = |head: &Head, window, steps: &mut u64, out: &mut TextSet| {
            head.label_values_at_once(tenant, &label, window, steps, out)
        };
        if let Some(values) = self.at_once("label_values", &request, values)? {
            return Ok(values);
        }
        self.ask("label_values", move |heads| {
            let mut values = TextSet::default();
            for (head, from) in from_seam(heads, &request) {
                let of = (&*request.matchers, window(&request, from));
                head.label_values_into(request.tenant.as_str(), &label, of, &mut values);
            }
            is_whole(heads, &request)?;
            Ok(values.into_sorted())
        })
        .await
    }

    async fn metadata(&self, tenant: TenantId, metric: Option<String>) -> Result<Vec<MetricMetadata>, Error> {
        self.ask("metadata", move |heads| {
            let mut families: BTreeMap<String, BTreeSet<Metadata>> = BTreeMap::new();
            for family in heads.iter().flat_map(|head| head.metadata(tenant.as_str(), metric.as_deref())) {
                families.entry(family.metric).or_default().extend(family.metadata);
            }
            let merged = families.into_iter();
            let family = |(metric, metadata): (String, BTreeSet<Metadata>)| MetricMetadata {
                metric,
                metadata: metadata.into_iter().collect(),
            };
            Ok(merged.map(family).collect())
        })
        .await
    }

    async fn exemplars(&self, request: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        self.ask("exemplars", move |heads| {
            let ask = |head: &Head| {
                head.exemplars(request.tenant.as_str(), &request.matchers, request.start, request.end)
            };
            let answer = |one: mneme_head::SeriesExemplars| SeriesExemplars {
                labels: one.labels,
                exemplars: one.exemplars,
            };
            Ok(once(heads.iter().flat_map(ask).map(answer)))
        })
        .await
    }
}

impl Ingester {
    /// Whether the heads have everything.
    fn check_ready(&self) -> Result<(), Error> {
        if !self.is_ready() {
            return Err(Error::NotReady("the write-ahead log is being replayed".to_owned()));
        }
        if self.shared.memory.state() != State::Fresh {
            return Err(Error::NotReady(
                "recent data takes more memory than it may, so that it is not complete; raise ingester.max_head_bytes".to_owned(),
            ));
        }
        Ok(())
    }

    /// The newest samples of the series that labels name, if they are few and in memory, and nobody writes. A regular expression may take
    /// longer than a pull by another thread.
    fn select_at_once(&self, request: &SeriesRequest) -> Result<Option<SeriesBatch>, Error> {
        let names_label = |matcher: &Matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty();
        let all = !request.matchers.is_empty() && request.matchers.iter().all(names_label);
        if !request.hints.newest_only || !all {
            return Ok(None);
        }
        let (mut found, mut answers) = (Selection::default(), 0);
        for (head, from) in from_seam(&self.shared.partitions, request) {
            let before = found.len();
            let most = AT_HAND.saturating_sub(before) as u64;
            match head.select_at_once(request.tenant.as_str(), &wanted(request, from), most, &mut found) {
                Some(floor) if request.seam.is_none() || floor <= from => {}
                _ => return Ok(None),
            }
            answers += usize::from(found.len() > before);
        }
        let mut few = found.finish().map_err(|error| Failure::Read(error).told("select"))?;
        if answers > 1 {
            few.unite();
        }
        Ok(Some(few))
    }

    /// Asks the heads for texts in this task, where that takes next to nothing: a look at the index of each. `None`: it takes more, or
    /// somebody writes, or something was flushed, and the question is one to [`Self::ask`].
    fn at_once(
        &self,
        kind: &str,
        request: &SeriesRequest,
        ask: impl Fn(&Head, Window, &mut u64, &mut TextSet) -> Option<Cut>,
    ) -> Result<Option<Vec<String>>, Error> {
        self.check_ready()?;
        if !request.matchers.is_empty() {
            return Ok(None);
        }
        let begun = Instant::now();
        let (mut steps, mut texts) = (STEPS_AT_ONCE, TextSet::default());
        for (head, from) in from_seam(&self.shared.partitions, request) {
            match ask(head, window(request, from), &mut steps, &mut texts) {
                Some(floor) if request.seam.is_none() || floor <= from => {}
                _ => return Ok(None),
            }
        }
        let times = self.shared.metrics.queries.with_label_values(&[kind]);
        times.observe(begun.elapsed().as_secs_f64());
        Ok(Some(texts.into_sorted()))
    }

    /// Asks the heads, on a thread for blocking work, when it is this question's turn.
    async fn ask<T: Send + 'static>(
        &self,
        kind: &str,
        ask: impl FnOnce(&Partitions) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        self.check_ready()?;
        let timer = self.shared.metrics.queries.with_label_values(&[kind]).start_timer();
        let wait = self.shared.config.query_queue_timeout;
        let turn = match tokio::time::timeout(wait, self.shared.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(Error::NotReady("it is shutting down".to_owned())),
            Err(_) => return Err(Error::Overloaded(format!("{kind} waited {wait:?} for its turn"))),
        };
        let partitions = self.shared.partitions.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            ask(&partitions)
        });
        let answer = work.await.map_err(|_| Error::Internal(format!("{kind} failed unexpectedly")))?;
        let answer = answer.map_err(|failure| failure.told(kind))?;
        timer.observe_duration();
        Ok(answer)
    }
}

pub(crate) fn window(request: &SeriesRequest, from: Cut) -> Window {
    Window::new(request.start, request.end).from_cut(from)
}

/// Each head with the lowest generation that the question is about.
pub(crate) fn from_seam<'a>(
    heads: &'a Partitions,
    request: &SeriesRequest,
) -> impl Iterator<Item = (&'a Head, Cut)> + use<'a> {
    let (count, seam) = (heads.count(), request.seam.clone());
    heads.iter().zip(0..).map(move |(head, partition)| {
        let from = |seam: &Seam| seam.from(PartitionId(partition), count);
        (head, seam.as_ref().map_or(Cut(0), from))
    })
}

/// Whether the tenant's generations from the seam on were held: looked at once the heads have answered, since floors only rise.
pub(crate) fn is_whole(heads: &Partitions, request: &SeriesRequest) -> Result<(), Failure> {
    if request.seam.is_none() {
        return Ok(());
    }
    let count = heads.count();
    let floor = |((head, from), partition): ((&Head, Cut), u16)| {
        let cut = head.tenant_floor(request.tenant.as_str());
        (cut > from).then_some(PartitionMark { count, partition: PartitionId(partition), cut })
    };
    let floors: Vec<PartitionMark> = from_seam(heads, request).zip(0..).filter_map(floor).collect();
    if floors.is_empty() { Ok(()) } else { Err(Failure::Floor(floors)) }
}

/// Each series once, with the exemplars of all its partitions.
fn once(answers: impl Iterator<Item = SeriesExemplars>) -> Vec<SeriesExemplars> {
    let mut all: Vec<SeriesExemplars> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for one in answers {
        let place = *places.entry(one.labels.clone()).or_insert(all.len());
        match all.get_mut(place) {
            Some(held) => {
                held.exemplars.extend(one.exemplars);
                held.exemplars.sort_by_key(|exemplar| exemplar.timestamp);
            }
            None => all.push(one),
        }
    }
    all
}
