//! An ingester of one partition, in memory: samples by generation, and a floor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mneme_model::chunk::{FloatChunkBuilder, SeriesBatch};
use mneme_model::{Cut, Labels, PartitionId, TenantId};
use mneme_proto::internal::ingester::{
    Error, FetchBudget, Held, MetricMetadata, PartitionMark, QueryService, SeriesAnswer, SeriesExemplars,
    SeriesRequest, WholeAnswer,
};

/// How many partitions there are; the data is all in the first.
pub(crate) const COUNT: u16 = 4;

/// Samples of a generation by series.
pub(crate) type Generation = BTreeMap<Labels, Vec<(i64, f64)>>;

/// What is held.
#[derive(Default)]
pub(crate) struct Recent {
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) generations: BTreeMap<Cut, Generation>,
    pub(crate) floor: Cut,
}

impl Recent {
    /// Forgets what is below the cut.
    pub(crate) fn drop_below(&self, cut: Cut) {
        let mut state = self.state.lock().unwrap();
        state.floor = cut;
        state.generations.retain(|of, _| *of >= cut);
    }

    fn found(&self, request: &SeriesRequest) -> Result<SeriesBatch, Error> {
        let state = self.state.lock().unwrap();
        let from = request.seam.as_ref().map_or(Cut(0), |seam| seam.from(PartitionId(0), COUNT));
        if request.seam.is_some() && state.floor > from {
            let mark = PartitionMark { count: COUNT, partition: PartitionId(0), cut: state.floor };
            return Err(Error::FloorAboveMark(vec![mark]));
        }
        let mut batch = SeriesBatch::new();
        for (labels, samples) in state.generations.range(from..).flat_map(|(_, series)| series) {
            let inside = samples.iter().filter(|(t, _)| (request.start..=request.end).contains(t));
            let mut builder = FloatChunkBuilder::new(false);
            inside.for_each(|(t, v)| builder.push(*t, *v, 0));
            let matches = request.matchers.iter().all(|it| it.matches(labels.get(it.name()).unwrap_or("")));
            if matches && builder.count() > 0 {
                batch.begin(labels.clone(), labels.view().identity());
                batch.push(builder.chunk());
            }
        }
        batch.unite();
        Ok(batch)
    }
}

/// Some series at a time.
struct Batches(SeriesBatch, Arc<FetchBudget>);

impl SeriesAnswer for Batches {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        let (mut some, mut rest) = (SeriesBatch::new(), SeriesBatch::new());
        for (at, series) in self.0.iter().enumerate() {
            let to = if at < 500 { &mut some } else { &mut rest };
            to.begin(series.labels.clone(), series.identity);
            for chunk in series.chunks {
                to.push(chunk.clone());
            }
        }
        self.0 = rest;
        WholeAnswer::counted(some, &self.1)?.next_batch(batch)
    }
}

struct Flushed(Vec<PartitionMark>);

impl SeriesAnswer for Flushed {
    fn next_batch(&mut self, _: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        Err(Error::FloorAboveMark(self.0.clone()))
    }
}

#[async_trait]
impl QueryService for Recent {
    async fn select(
        &self,
        request: SeriesRequest,
        budget: Arc<FetchBudget>,
    ) -> Result<Box<dyn SeriesAnswer>, Error> {
        Ok(match self.found(&request) {
            // Floors are looked at when it is pulled.
            Err(Error::FloorAboveMark(floors)) => Box::new(Flushed(floors)),
            found => Box::new(Batches(found?, budget)),
        })
    }

    async fn series(&self, request: SeriesRequest) -> Result<Vec<Labels>, Error> {
        Ok(self.found(&request)?.into_labels())
    }

    async fn label_names(&self, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let series = self.found(&request)?.into_labels();
        let names: std::collections::BTreeSet<_> =
            series.iter().flat_map(|labels| labels.iter().map(|(name, _)| name.to_owned())).collect();
        Ok(names.into_iter().collect())
    }

    async fn label_values(&self, label: String, request: SeriesRequest) -> Result<Vec<String>, Error> {
        let series = self.found(&request)?.into_labels();
        let values: std::collections::BTreeSet<_> =
            series.iter().filter_map(|labels| labels.get(&label).map(str::to_owned)).collect();
        Ok(values.into_iter().collect())
    }

    async fn metadata(&self, _: TenantId, _: Option<String>) -> Result<Vec<MetricMetadata>, Error> {
        Ok(Vec::new())
    }

    async fn exemplars(&self, _: SeriesRequest) -> Result<Vec<SeriesExemplars>, Error> {
        Ok(Vec::new())
    }
}
