//! One series: identity and chunks of all its generations.

use std::cmp::Ordering;
use std::ops::Range;

use mneme_model::chunk::{Chunk, FloatChunkBuilder, HistogramChunkBuilder, Point};
use mneme_model::{AnyHistogram, Cut, TimestampMs};

use crate::late::Late;
use crate::{HeadConfig, Outcome};

/// A series. Kept small, for there are millions: what most do not have most of the time is in [`Rest`].
pub(crate) struct Series {
    /// Index of the tenant.
    pub(crate) tenant: u32,
    /// Tells this series from earlier ones in its slot.
    pub(crate) version: u32,
    /// The labels, as pairs of the tenant's index, in order of names.
    pub(crate) labels: Box<[u32]>,
    /// The newest cut whose sections named this series: their references stay good while that generation is held.
    pub(crate) seen: Cut,
    /// No sample is later.
    max_time: TimestampMs,
    open_cut: Cut,
    open: Option<FloatChunkBuilder>,
    rest: Option<Box<Rest>>,
}

#[derive(Default)]
struct Rest {
    stored: Vec<Stored>,
    late: Vec<Late>,
    histograms: Option<OpenHistograms>,
    /// Heap bytes of `stored` and `late`.
    bytes: usize,
}

struct Stored {
    cut: Cut,
    chunk: Chunk,
}

struct OpenHistograms {
    cut: Cut,
    builder: HistogramChunkBuilder,
}

impl Stored {
    fn memory(&self) -> usize {
        size_of::<Self>() + self.chunk.data.len() + 16
    }
}

impl Series {
    pub(crate) fn new(tenant: u32, version: u32, labels: Box<[u32]>, seen: Cut) -> Self {
        Self {
            tenant,
            version,
            labels,
            seen,
            max_time: TimestampMs::MIN,
            open_cut: Cut(0),
            open: None,
            rest: None,
        }
    }

    /// Adds a float.
    #[inline]
    pub(crate) fn float(
        &mut self,
        config: &HeadConfig,
        cut: Cut,
        t: TimestampMs,
        v: f64,
        st: TimestampMs,
    ) -> Outcome {
        if t > self.max_time
            && self.open_cut == cut
            && let Some(open) = &mut self.open
            && open.count() < config.max_samples_per_chunk
            && (st == 0 || open.with_st())
        {
            open.push(t, v, st);
            self.max_time = t;
            return Outcome::Appended;
        }
        self.float_slow(config, cut, t, v, st)
    }

    fn float_slow(
        &mut self,
        config: &HeadConfig,
        cut: Cut,
        t: TimestampMs,
        v: f64,
        st: TimestampMs,
    ) -> Outcome {
        let point = Point::Float { v, st };
        let (outcome, store) = self.judge(cut, t, &point);
        if !store {
            return outcome;
        }
        self.max_time = self.max_time.max(t);
        let goes_on = match &self.open {
            None => None,
            Some(open) if self.open_cut == cut && t > open.max_time() => Some(
                open.count() < config.max_samples_per_chunk
                    && open.len() < config.max_chunk_bytes as usize
                    && (st == 0 || open.with_st()),
            ),
            Some(_) if self.open_cut < cut => Some(false),
            Some(_) => {
                self.late(config, cut, t, &point);
                return outcome;
            }
        };
        if goes_on == Some(false)
            && let Some(full) = self.open.take()
        {
            self.store(self.open_cut, full.chunk());
        }
        let open = self.open.get_or_insert_with(|| FloatChunkBuilder::new(st != 0));
        self.open_cut = cut;
        open.push(t, v, st);
        outcome
    }

    /// Adds a native histogram.
    pub(crate) fn histogram(
        &mut self,
        config: &HeadConfig,
        cut: Cut,
        t: TimestampMs,
        h: &AnyHistogram,
        st: TimestampMs,
    ) -> Outcome {
        let point = Point::Histogram { h, st };
        let (outcome, store) = self.judge(cut, t, &point);
        if !store {
            return outcome;
        }
        self.max_time = self.max_time.max(t);
        let rest = self.rest.get_or_insert_default();
        let goes_on = match &rest.histograms {
            None => None,
            Some(open) if open.cut == cut && t > open.builder.max_time() => Some(
                open.builder.count() < config.max_samples_per_chunk
                    && open.builder.len() < config.max_chunk_bytes as usize
                    && open.builder.fits(h),
            ),
            Some(open) if open.cut < cut => Some(false),
            Some(_) => {
                self.late(config, cut, t, &point);
                return outcome;
            }
        };
        if goes_on == Some(false)
            && let Some(full) = rest.histograms.take()
        {
            rest.store(full.cut, full.builder.chunk());
        }
        let open = rest
            .histograms
            .get_or_insert_with(|| OpenHistograms { cut, builder: HistogramChunkBuilder::new() });
        open.builder.push(t, h, st);
        outcome
    }

    /// Adds a finished chunk of one generation as it is.
    pub(crate) fn chunk(&mut self, cut: Cut, chunk: Chunk) {
        self.max_time = self.max_time.max(chunk.max_time);
        self.store(cut, chunk);
    }

    /// What a sample is beside those held at its time, and whether its own generation has to keep it.
    fn judge(&self, cut: Cut, t: TimestampMs, point: &Point<'_>) -> (Outcome, bool) {
        if t > self.max_time {
            return (Outcome::Appended, true);
        }
        // The preferred sample at `t` differs from `point`?
        let mut outcome = Outcome::Appended;
        let mut store = true;
        let mut beaten = Ordering::Less;
        self.visit(t, &mut |held_cut, held| {
            let values = held.compare_values(point);
            if held_cut == cut && held.compare(point) != Ordering::Less {
                store = false;
            }
            // Against the best of the held ones: one greater is a conflict, else an equal one is a duplicate.
            if outcome == Outcome::Appended || values > beaten {
                beaten = values;
                outcome = if values == Ordering::Equal { Outcome::Duplicate } else { Outcome::Conflict };
            }
        });
        (outcome, store)
    }

    /// Calls `see` with every sample held at `t` and its generation.
    fn visit(&self, t: TimestampMs, see: &mut impl FnMut(Cut, &Point<'_>)) {
        if let Some(open) = &self.open
            && (open.min_time()..=open.max_time()).contains(&t)
        {
            match open.last_value().filter(|_| t == open.max_time()) {
                Some(v) => see(self.open_cut, &Point::Float { v, st: open.last_st() }),
                None => visit_chunk(self.open_cut, &open.chunk(), t, see),
            }
        }
        let Some(rest) = &self.rest else { return };
        if let Some(open) = &rest.histograms
            && (open.builder.min_time()..=open.builder.max_time()).contains(&t)
        {
            visit_chunk(open.cut, &open.builder.chunk(), t, see);
        }
        for stored in rest.stored.iter().filter(|stored| stored.chunk.overlaps(t, t)) {
            visit_chunk(stored.cut, &stored.chunk, t, see);
        }
        for late in &rest.late {
            late.visit(t, see);
        }
    }

    fn store(&mut self, cut: Cut, chunk: Chunk) {
        self.rest.get_or_insert_default().store(cut, chunk);
    }

    fn late(&mut self, config: &HeadConfig, cut: Cut, t: TimestampMs, point: &Point<'_>) {
        let rest = self.rest.get_or_insert_default();
        let at = rest.late.iter().position(|late| late.cut == cut).unwrap_or_else(|| {
            rest.late.push(Late::new(cut));
            rest.late.len() - 1
        });
        let late = &mut rest.late[at];
        rest.bytes -= late.memory();
        late.insert(t, point);
        rest.bytes += late.memory();
        if late.len() >= config.max_samples_per_chunk as usize {
            let full = rest.late.swap_remove(at);
            rest.bytes -= full.memory();
            let mut chunks = Vec::new();
            full.chunks(config, &mut chunks);
            chunks.into_iter().for_each(|chunk| rest.store(cut, chunk));
        }
    }

    /// Forgets the generations below `cut`. Open chunks of kept generations stay open.
    pub(crate) fn drop_below(&mut self, cut: Cut) {
        if self.open_cut < cut {
            self.open = None;
        }
        if let Some(rest) = &mut self.rest {
            rest.drop_below(cut);
            if rest.stored.is_empty() && rest.late.is_empty() && rest.histograms.is_none() {
                self.rest = None;
            }
        }
        self.max_time = self.bounds(Cut(0)).map_or(TimestampMs::MIN, |(_, last)| last);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_none() && self.rest.is_none()
    }

    /// Calls `see` with the generation and time range of each chunk and buffer.
    fn ranges(&self, see: &mut impl FnMut(Cut, TimestampMs, TimestampMs)) {
        if let Some(open) = &self.open {
            see(self.open_cut, open.min_time(), open.max_time());
        }
        let Some(rest) = &self.rest else { return };
        for stored in &rest.stored {
            see(stored.cut, stored.chunk.min_time, stored.chunk.max_time);
        }
        for late in &rest.late {
            if let Some((first, last)) = late.bounds() {
                see(late.cut, first, last);
            }
        }
        if let Some(open) = &rest.histograms {
            see(open.cut, open.builder.min_time(), open.builder.max_time());
        }
    }

    /// First and last sample time of the generations from `from` on.
    pub(crate) fn bounds(&self, from: Cut) -> Option<(TimestampMs, TimestampMs)> {
        let mut bounds: Option<(TimestampMs, TimestampMs)> = None;
        self.ranges(&mut |cut, first, last| {
            if cut >= from {
                bounds = Some(bounds.map_or((first, last), |(min, max)| (min.min(first), max.max(last))));
            }
        });
        bounds
    }

    /// Whether a chunk of the generations from `from` on meets `start..=end`.
    pub(crate) fn overlaps(&self, from: Cut, start: TimestampMs, end: TimestampMs) -> bool {
        let mut found = false;
        self.ranges(&mut |cut, first, last| found |= cut >= from && first <= end && start <= last);
        found
    }

    /// Appends the chunks of the generations `cuts` that meet `start..=end`; open ones are copied.
    pub(crate) fn chunks(
        &self,
        config: &HeadConfig,
        cuts: Range<Cut>,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut Vec<Chunk>,
    ) {
        self.visit_chunks(config, &cuts, |first, last| first <= end && start <= last, &mut |_, chunk| {
            out.push(chunk);
        });
    }

    /// Appends all chunks of the generations `cuts`, with their cut.
    pub(crate) fn export(&self, config: &HeadConfig, cuts: &Range<Cut>, out: &mut Vec<(Cut, Chunk)>) {
        self.visit_chunks(config, cuts, |_, _| true, &mut |cut, chunk| out.push((cut, chunk)));
    }

    fn visit_chunks(
        &self,
        config: &HeadConfig,
        cuts: &Range<Cut>,
        meets: impl Fn(TimestampMs, TimestampMs) -> bool,
        see: &mut impl FnMut(Cut, Chunk),
    ) {
        if let Some(rest) = &self.rest {
            for stored in &rest.stored {
                if cuts.contains(&stored.cut) && meets(stored.chunk.min_time, stored.chunk.max_time) {
                    see(stored.cut, stored.chunk.clone());
                }
            }
            for late in rest.late.iter().filter(|late| cuts.contains(&late.cut)) {
                if late.bounds().is_some_and(|(first, last)| meets(first, last)) {
                    let mut chunks = Vec::new();
                    late.chunks(config, &mut chunks);
                    chunks.into_iter().for_each(|chunk| see(late.cut, chunk));
                }
            }
            if let Some(open) = &rest.histograms
                && cuts.contains(&open.cut)
                && meets(open.builder.min_time(), open.builder.max_time())
            {
                see(open.cut, open.builder.chunk());
            }
        }
        if let Some(open) = &self.open
            && cuts.contains(&self.open_cut)
            && meets(open.min_time(), open.max_time())
        {
            see(self.open_cut, open.chunk());
        }
    }

    /// How many chunks, open ones and buffers included.
    pub(crate) fn chunk_count(&self) -> usize {
        let mut count = 0;
        self.ranges(&mut |_, _, _| count += 1);
        count
    }

    /// Heap bytes of the samples, about; cheap.
    #[inline]
    pub(crate) fn memory(&self) -> usize {
        let open = self.open.as_ref().map_or(0, FloatChunkBuilder::capacity);
        open + self.rest.as_ref().map_or(0, |rest| rest.memory())
    }
}

impl Rest {
    fn store(&mut self, cut: Cut, chunk: Chunk) {
        let stored = Stored { cut, chunk };
        self.bytes += stored.memory();
        self.stored.push(stored);
    }

    fn drop_below(&mut self, cut: Cut) {
        self.stored.retain(|stored| stored.cut >= cut);
        self.stored.shrink_to_fit();
        self.late.retain(|late| late.cut >= cut);
        if self.histograms.as_ref().is_some_and(|open| open.cut < cut) {
            self.histograms = None;
        }
        self.bytes = self.stored.iter().map(Stored::memory).sum::<usize>()
            + self.late.iter().map(Late::memory).sum::<usize>();
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.bytes + self.histograms.as_ref().map_or(0, |open| open.builder.capacity())
    }
}

/// Calls `see` with the sample of `chunk` at `t`. A chunk that cannot be read holds none.
fn visit_chunk(cut: Cut, chunk: &Chunk, t: TimestampMs, see: &mut impl FnMut(Cut, &Point<'_>)) {
    if let Some(sample) = chunk.floats().map_while(Result::ok).find(|sample| sample.t >= t)
        && sample.t == t
    {
        see(cut, &Point::Float { v: sample.v, st: sample.st });
    }
    let mut histograms = chunk.histograms();
    while let Ok(Some(at)) = histograms.next_time() {
        if at == t {
            see(cut, &Point::Histogram { h: histograms.histogram(), st: histograms.st() });
        }
        if at >= t {
            break;
        }
    }
}
