//! A head as the store of scripts.

use mneme_head::{Head, Selection, Wanted, Window};
use mneme_model::chunk::{SeriesBatch, SeriesView, merge};
use mneme_model::{AnyHistogram, Cut, Labels, ReadHints, Samples, TenantId, TimestampMs};
use mneme_promql::{Error, Plan, Queryable, ReadSamples, Select, SeriesSink, StorageError};

use crate::promqltest::store::Store;

const TENANT: &str = "scripts";
/// Series are handed on so many at a time.
const BATCH: usize = 3;
/// A new generation begins with every so many loads, so that queries read several.
const LOADS_PER_CUT: u64 = 3;

/// A head and how often it was loaded.
#[derive(Default)]
pub(crate) struct HeadStore {
    head: Head,
    loads: u64,
}

impl Store for HeadStore {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn load(&mut self, labels: &Labels, samples: Samples) {
        let tenant = TenantId::new(TENANT).expect("a valid tenant");
        let cut = Cut(self.loads / LOADS_PER_CUT);
        self.loads += 1;
        let mut appender = self.head.appender();
        let series = appender.series(&tenant, labels.view(), cut);
        let mut histograms = samples.histograms.iter().peekable();
        let mut histogram = |before: TimestampMs, appender: &mut mneme_head::Appender<'_>| {
            while let Some(point) = histograms.next_if(|point| point.t < before) {
                let value = AnyHistogram::Float((*point.h).clone());
                let _known = appender.histogram(series, cut, point.t, point.st, &value);
            }
        };
        for (i, t) in samples.t.iter().enumerate() {
            histogram(*t, &mut appender);
            let st = samples.st.get(i).copied().unwrap_or(0);
            let _known = appender.float(series, cut, *t, samples.v[i], st);
        }
        histogram(TimestampMs::MAX, &mut appender);
    }

    fn queryable(&self, _plan: &Plan) -> Box<dyn Queryable + '_> {
        Box::new(View(&self.head))
    }
}

struct View<'a>(&'a Head);

impl Queryable for View<'_> {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let hints = ReadHints {
            labels: select.hints.labels.as_deref().map(Into::into),
            newest_only: select.hints.newest_only,
        };
        let window = Window::new(select.start, select.end);
        let wanted = Wanted::new(&select.matchers, window).with_hints(hints);
        let (mut cursor, _) = self.0.matching(TENANT, &select.matchers, window);
        let mut selection = Selection::of(BATCH);
        let mut batch = SeriesBatch::new();
        while cursor.left() > 0 {
            batch.clear();
            selection.begin_batch(batch);
            let _floor = self.0.select_next(TENANT, &mut cursor, &wanted, &mut selection);
            batch = selection.finish().map_err(failed)?;
            batch.iter().try_for_each(|series| sink(series.labels, &Compressed(series)))?;
        }
        Ok(())
    }
}

struct Compressed<'a>(SeriesView<'a>);

impl ReadSamples for Compressed<'_> {
    fn read(&self, start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), StorageError> {
        merge(self.0.chunks, start, end, out).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> StorageError {
    StorageError { message: error.to_string() }
}
