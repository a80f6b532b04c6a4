//! One series: identity and chunks of all its generations.

use std::cmp::Ordering;
use std::ops::Range;

use mneme_model::chunk::{Chunk, FloatChunkBuilder, HistogramChunkBuilder, Point};
use mneme_model::{AnyHistogram, Cut, TimestampMs};

use crate::late::Late;
use crate::store::{Found, Place, Store};
use crate::{HeadConfig, Outcome};

/// No chunk built here spans more milliseconds, so that a [`Place`] knows its last time.
pub(crate) const MAX_SPAN: TimestampMs = u32::MAX as TimestampMs - 1;

/// A series. Kept small, for there are millions: what few have is in [`Rest`]. What an append touches comes first.
#[repr(C)]
pub(crate) struct Series {
    /// Tells this series from earlier ones in its slot.
    pub(crate) version: u32,
    /// Index of the tenant.
    pub(crate) tenant: u32,
    /// No sample is later.
    max_time: TimestampMs,
    open_cut: Cut,
    /// Floats in order.
    open: Option<FloatChunkBuilder>,
    /// Closed chunks of all generations, in no order.
    stored: Box<[Place]>,
    rest: Option<Box<Rest>>,
    /// The newest cut whose sections named this series: their references stay good while that generation is held.
    pub(crate) seen: Cut,
    /// The labels, as pairs of the tenant's index, in order of names.
    pub(crate) labels: Box<[u32]>,
    /// [`mneme_model::LabelsRef::identity`] of the labels: answers are put together by it, and the table of series finds it.
    pub(crate) identity: u64,
}

// There are millions: a field more is a decision.
const _: () = assert!(size_of::<Option<Series>>() <= 176);

/// What an addition to a series needs beside it.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a HeadConfig,
    pub(crate) store: &'a mut Store,
    /// Heap bytes that the series took more than it gave back, as [`Series::memory`] counts them.
    pub(crate) grown: isize,
}

#[derive(Default)]
struct Rest {
    late: Vec<Late>,
    histograms: Option<OpenHistograms>,
}

struct OpenHistograms {
    cut: Cut,
    builder: HistogramChunkBuilder,
}

impl Series {
    pub(crate) fn new(tenant: u32, version: u32, (labels, identity): (Box<[u32]>, u64), seen: Cut) -> Self {
        Self {
            tenant,
            version,
            labels,
            identity,
            seen,
            max_time: TimestampMs::MIN,
            open_cut: Cut(0),
            open: None,
            stored: Box::default(),
            rest: None,
        }
    }

    /// Adds a float.
    #[inline]
    pub(crate) fn float(
        &mut self,
        with: &mut Context<'_>,
        cut: Cut,
        t: TimestampMs,
        v: f64,
        st: TimestampMs,
    ) -> Outcome {
        if t > self.max_time
            && self.open_cut == cut
            && let Some(open) = &mut self.open
            && open.count() < with.config.max_samples_per_chunk
            && t.wrapping_sub(open.min_time()) as u64 <= MAX_SPAN as u64
            && (st == 0 || open.with_st())
        {
            // Nothing else of the series is touched, not even to count its bytes: it would be another line of memory per sample.
            let before = open.capacity();
            open.push(t, v, st);
            with.grown += difference(open.capacity(), before);
            self.max_time = t;
            return Outcome::Appended;
        }
        self.counted(with, |series, with| series.float_slow(with, cut, t, v, st))
    }

    /// Counts the bytes of a change that is not among the commonest.
    fn counted(
        &mut self,
        with: &mut Context<'_>,
        change: impl FnOnce(&mut Self, &mut Context<'_>) -> Outcome,
    ) -> Outcome {
        let before = self.memory();
        let outcome = change(self, with);
        with.grown += difference(self.memory(), before);
        outcome
    }

    #[inline(never)]
    fn float_slow(
        &mut self,
        with: &mut Context<'_>,
        cut: Cut,
        t: TimestampMs,
        v: f64,
        st: TimestampMs,
    ) -> Outcome {
        let point = Point::Float { v, st };
        let (outcome, store) = self.judge(with.store, cut, t, &point);
        if !store {
            return outcome;
        }
        self.max_time = self.max_time.max(t);
        let goes_on = match &self.open {
            None => None,
            Some(open) if self.open_cut == cut && t > open.max_time() => Some(
                open.count() < with.config.max_samples_per_chunk
                    && open.len() < with.config.max_chunk_bytes as usize
                    && t.saturating_sub(open.min_time()) <= MAX_SPAN
                    && (st == 0 || open.with_st()),
            ),
            Some(_) if self.open_cut < cut => Some(false),
            Some(_) => {
                self.late(with, cut, t, &point);
                return outcome;
            }
        };
        if goes_on == Some(false) {
            self.close_floats(with.store);
        }
        let open = self.open.get_or_insert_with(|| FloatChunkBuilder::new(st != 0));
        self.open_cut = cut;
        open.push(t, v, st);
        outcome
    }

    /// Adds a native histogram.
    pub(crate) fn histogram(
        &mut self,
        with: &mut Context<'_>,
        cut: Cut,
        t: TimestampMs,
        h: &AnyHistogram,
        st: TimestampMs,
    ) -> Outcome {
        if t > self.max_time
            && let Some(open) = self.rest.as_mut().and_then(|rest| rest.histograms.as_mut())
            && open.goes_on(with.config, cut, t, h)
        {
            let before = open.builder.capacity();
            open.builder.push(t, h, st);
            with.grown += difference(open.builder.capacity(), before);
            self.max_time = t;
            return Outcome::Appended;
        }
        self.counted(with, |series, with| series.histogram_slow(with, cut, t, h, st))
    }

    fn histogram_slow(
        &mut self,
        with: &mut Context<'_>,
        cut: Cut,
        t: TimestampMs,
        h: &AnyHistogram,
        st: TimestampMs,
    ) -> Outcome {
        let point = Point::Histogram { h, st };
        let (outcome, store) = self.judge(with.store, cut, t, &point);
        if !store {
            return outcome;
        }
        self.max_time = self.max_time.max(t);
        let open = self.rest.as_ref().and_then(|rest| rest.histograms.as_ref());
        let goes_on = match open {
            None => None,
            Some(open) if open.cut == cut && t > open.builder.max_time() => {
                Some(open.goes_on(with.config, cut, t, h))
            }
            Some(open) if open.cut < cut => Some(false),
            Some(_) => {
                self.late(with, cut, t, &point);
                return outcome;
            }
        };
        if goes_on == Some(false) {
            self.close_histograms(with.store);
        }
        let open = self
            .rest
            .get_or_insert_default()
            .histograms
            .get_or_insert_with(|| OpenHistograms { cut, builder: HistogramChunkBuilder::new() });
        open.builder.push(t, h, st);
        outcome
    }

    /// Adds a finished chunk of one generation as it is.
    pub(crate) fn chunk(&mut self, with: &mut Context<'_>, cut: Cut, chunk: &Chunk) -> Outcome {
        self.counted(with, |series, with| {
            series.max_time = series.max_time.max(chunk.max_time);
            series.keep(with.store.push_chunk(cut, chunk));
            Outcome::Appended
        })
    }

    /// What a sample is beside those held at its time, and whether its own generation has to keep it.
    fn judge(&self, store: &Store, cut: Cut, t: TimestampMs, point: &Point<'_>) -> (Outcome, bool) {
        if t > self.max_time {
            return (Outcome::Appended, true);
        }
        // The preferred sample at `t` differs from `point`?
        let mut outcome = Outcome::Appended;
        let mut keep = true;
        let mut beaten = Ordering::Less;
        self.visit(store, t, &mut |held_cut, held| {
            let values = held.compare_values(point);
            if held_cut == cut && held.compare(point) != Ordering::Less {
                keep = false;
            }
            // Against the best of the held ones: one greater is a conflict, else an equal one is a duplicate.
            if outcome == Outcome::Appended || values > beaten {
                beaten = values;
                outcome = if values == Ordering::Equal { Outcome::Duplicate } else { Outcome::Conflict };
            }
        });
        (outcome, keep)
    }

    /// Calls `see` with every sample held at `t` and its generation.
    ///
    /// A spilled chunk is read from its file, here under the head's lock: one short read for a sample as old as that, which is
    /// rare. One that cannot be read holds none: the sample is kept, and reads merge what repeats.
    fn visit(&self, store: &Store, t: TimestampMs, see: &mut impl FnMut(Cut, &Point<'_>)) {
        if let Some(open) = &self.open
            && (open.min_time()..=open.max_time()).contains(&t)
        {
            match open.last_value().filter(|_| t == open.max_time()) {
                Some(v) => see(self.open_cut, &Point::Float { v, st: open.last_st() }),
                None => visit_chunk(self.open_cut, &open.chunk(), t, see),
            }
        }
        for place in self.stored.iter().filter(|place| (place.min_time..=place.max_time()).contains(&t)) {
            if let Some(chunk) = store.read(place) {
                visit_chunk(store.cut(place), &chunk, t, see);
            }
        }
        let Some(rest) = &self.rest else { return };
        if let Some(open) = &rest.histograms
            && (open.builder.min_time()..=open.builder.max_time()).contains(&t)
        {
            visit_chunk(open.cut, &open.builder.chunk(), t, see);
        }
        for late in &rest.late {
            late.visit(t, see);
        }
    }

    /// Notes a closed chunk. Grows by one: a series closes one chunk in a quarter of an hour.
    fn keep(&mut self, place: Place) {
        let mut stored = std::mem::take(&mut self.stored).into_vec();
        stored.reserve_exact(1);
        stored.push(place);
        self.stored = stored.into_boxed_slice();
    }

    fn close_floats(&mut self, store: &mut Store) {
        if let Some(full) = self.open.take() {
            self.keep(store.push_floats(self.open_cut, &full));
        }
    }

    fn close_histograms(&mut self, store: &mut Store) {
        if let Some(full) = self.rest.as_mut().and_then(|rest| rest.histograms.take()) {
            self.keep(store.push_histograms(full.cut, &full.builder));
        }
    }

    fn late(&mut self, with: &mut Context<'_>, cut: Cut, t: TimestampMs, point: &Point<'_>) {
        let late = &mut self.rest.get_or_insert_default().late;
        let at = late.iter().position(|late| late.cut == cut).unwrap_or_else(|| {
            late.push(Late::new(cut));
            late.len() - 1
        });
        late[at].insert(t, point);
        if late[at].len() >= with.config.max_samples_per_chunk as usize {
            let full = late.swap_remove(at);
            self.close_late(with, &full);
        }
    }

    fn close_late(&mut self, with: &mut Context<'_>, late: &Late) {
        let mut chunks = Vec::new();
        late.chunks(with.config, &mut chunks);
        chunks.iter().for_each(|chunk| self.keep(with.store.push_chunk(late.cut, chunk)));
    }

    /// Closes what is open of the generations below `cut`.
    pub(crate) fn close_below(&mut self, with: &mut Context<'_>, cut: Cut) {
        if self.open_cut < cut {
            self.close_floats(with.store);
        }
        let Some(rest) = &mut self.rest else { return };
        let late: Vec<Late> = rest.late.extract_if(.., |late| late.cut < cut).collect();
        let histograms = rest.histograms.as_ref().is_some_and(|open| open.cut < cut);
        late.iter().for_each(|late| self.close_late(with, late));
        if histograms {
            self.close_histograms(with.store);
        }
        self.shrink();
    }

    /// Forgets the generations below `cut`. Open chunks of kept generations stay open.
    pub(crate) fn drop_below(&mut self, store: &mut Store, cut: Cut) {
        if self.open_cut < cut {
            self.open = None;
        }
        if self.stored.iter().any(|place| store.cut(place) < cut) {
            let mut stored = std::mem::take(&mut self.stored).into_vec();
            stored.retain(|place| {
                let kept = store.cut(place) >= cut;
                if !kept {
                    store.release(place);
                }
                kept
            });
            self.stored = stored.into_boxed_slice();
        }
        if let Some(rest) = &mut self.rest {
            rest.late.retain(|late| late.cut >= cut);
            if rest.histograms.as_ref().is_some_and(|open| open.cut < cut) {
                rest.histograms = None;
            }
        }
        self.shrink();
        let mut last = TimestampMs::MIN;
        self.ranges(store, &mut |_, _, max_time| last = last.max(max_time));
        self.max_time = last;
    }

    fn shrink(&mut self) {
        if self.rest.as_ref().is_some_and(|rest| rest.late.is_empty() && rest.histograms.is_none()) {
            self.rest = None;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_none() && self.stored.is_empty() && self.rest.is_none()
    }

    /// Calls `see` with the generation and time range of each chunk and buffer.
    fn ranges(&self, store: &Store, see: &mut impl FnMut(Cut, TimestampMs, TimestampMs)) {
        if let Some(open) = &self.open {
            see(self.open_cut, open.min_time(), open.max_time());
        }
        for place in &self.stored {
            see(store.cut(place), place.min_time, place.max_time());
        }
        let Some(rest) = &self.rest else { return };
        for late in &rest.late {
            if let Some((first, last)) = late.bounds() {
                see(late.cut, first, last);
            }
        }
        if let Some(open) = &rest.histograms {
            see(open.cut, open.builder.min_time(), open.builder.max_time());
        }
    }

    /// Whether it has a chunk in the generations `cuts`.
    pub(crate) fn has(&self, store: &Store, cuts: &Range<Cut>) -> bool {
        let mut found = false;
        self.ranges(store, &mut |cut, _, _| found |= cuts.contains(&cut));
        found
    }

    /// Calls `see` with the times and the bytes, about, of each chunk and buffer of the generations `cuts`.
    pub(crate) fn ranges_and_bytes(
        &self,
        store: &Store,
        cuts: &Range<Cut>,
        see: &mut dyn FnMut(TimestampMs, TimestampMs, usize),
    ) {
        if let Some(open) = self.open.as_ref().filter(|_| cuts.contains(&self.open_cut)) {
            see(open.min_time(), open.max_time(), open.len());
        }
        for place in self.stored.iter().filter(|place| cuts.contains(&store.cut(place))) {
            see(place.min_time, place.max_time(), place.len());
        }
        let Some(rest) = &self.rest else { return };
        for late in rest.late.iter().filter(|late| cuts.contains(&late.cut)) {
            if let Some((first, last)) = late.bounds() {
                see(first, last, late.memory());
            }
        }
        if let Some(open) = rest.histograms.as_ref().filter(|open| cuts.contains(&open.cut)) {
            see(open.builder.min_time(), open.builder.max_time(), open.builder.len());
        }
    }

    /// Whether a chunk of the generations from `from` on meets `start..=end`. What is open is looked at first: it is at hand.
    pub(crate) fn overlaps(&self, store: &Store, from: Cut, start: TimestampMs, end: TimestampMs) -> bool {
        let meets = |first: TimestampMs, last: TimestampMs| first <= end && start <= last;
        let open = self.open.as_ref().filter(|_| self.open_cut >= from);
        if open.is_some_and(|open| meets(open.min_time(), open.max_time())) {
            return true;
        }
        let stored = |place: &Place| meets(place.min_time, place.max_time()) && store.cut(place) >= from;
        if self.stored.iter().rev().any(stored) {
            return true;
        }
        let Some(rest) = &self.rest else { return false };
        let late =
            |late: &Late| late.cut >= from && late.bounds().is_some_and(|(first, last)| meets(first, last));
        let histograms = rest.histograms.as_ref().filter(|open| open.cut >= from);
        rest.late.iter().any(late)
            || histograms.is_some_and(|open| meets(open.builder.min_time(), open.builder.max_time()))
    }

    /// Calls `see` with each chunk of the generations `cuts` that may meet `start..=end`.
    pub(crate) fn chunks(
        &self,
        from: (&HeadConfig, &Store),
        cuts: &Range<Cut>,
        (start, end): (TimestampMs, TimestampMs),
        see: &mut impl FnMut(Cut, Found<'_>),
    ) {
        let (config, store) = from;
        let meets = |first: TimestampMs, last: TimestampMs| first <= end && start <= last;
        for place in &self.stored {
            let cut = store.cut(place);
            if cuts.contains(&cut) && meets(place.min_time, place.max_time()) {
                see(cut, store.find(place));
            }
        }
        if let Some(rest) = &self.rest {
            for late in rest.late.iter().filter(|late| cuts.contains(&late.cut)) {
                if late.bounds().is_some_and(|(first, last)| meets(first, last)) {
                    let mut chunks = Vec::new();
                    late.chunks(config, &mut chunks);
                    chunks.into_iter().for_each(|chunk| see(late.cut, Found::Memory(chunk)));
                }
            }
            if let Some(open) = &rest.histograms
                && cuts.contains(&open.cut)
                && meets(open.builder.min_time(), open.builder.max_time())
            {
                see(open.cut, Found::Memory(open.builder.chunk()));
            }
        }
        if let Some(open) = &self.open
            && cuts.contains(&self.open_cut)
            && meets(open.min_time(), open.max_time())
        {
            see(self.open_cut, Found::Open(open));
        }
    }

    /// The newest sample in `start..=end` (time, value, start timestamp) among all generations of `cuts`, where that is known
    /// without decoding: it is the last float, and no chunk or buffer beside its own reaches its time.
    #[inline]
    pub(crate) fn newest(
        &self,
        cuts: &Range<Cut>,
        (start, end): (TimestampMs, TimestampMs),
    ) -> Option<(TimestampMs, f64, TimestampMs)> {
        let open = self.open.as_ref()?;
        let t = open.max_time();
        let alone = || {
            self.stored.iter().all(|place| place.max_time() < t)
                && self.rest.as_ref().is_none_or(|rest| rest.max_time() < t)
        };
        if t < self.max_time || !(start..=end).contains(&t) || !cuts.contains(&self.open_cut) || !alone() {
            return None;
        }
        open.last_value().map(|v| (t, v, open.last_st()))
    }

    /// How many chunks, open ones and buffers included.
    pub(crate) fn chunk_count(&self, store: &Store) -> usize {
        let mut count = 0;
        self.ranges(store, &mut |_, _, _| count += 1);
        count
    }

    /// Heap bytes of the samples, those of closed chunks left to the [`Store`]. Not for every sample: see [`Context::grown`].
    pub(crate) fn memory(&self) -> usize {
        self.open_memory() + self.places_memory() + self.rest_memory()
    }

    pub(crate) fn open_memory(&self) -> usize {
        self.open.as_ref().map_or(0, FloatChunkBuilder::capacity)
    }

    pub(crate) fn places_memory(&self) -> usize {
        size_of_val(&*self.stored)
    }

    pub(crate) fn rest_memory(&self) -> usize {
        self.rest.as_ref().map_or(0, |rest| rest.memory())
    }

    /// Heap bytes of the closed chunks.
    pub(crate) fn stored_memory(&self, store: &Store) -> usize {
        self.stored.iter().map(|place| store.memory_of(place)).sum()
    }
}

impl OpenHistograms {
    /// Whether the histogram can be pushed.
    fn goes_on(&self, config: &HeadConfig, cut: Cut, t: TimestampMs, h: &AnyHistogram) -> bool {
        self.cut == cut
            && t > self.builder.max_time()
            && self.builder.count() < config.max_samples_per_chunk
            && self.builder.len() < config.max_chunk_bytes as usize
            && t.saturating_sub(self.builder.min_time()) <= MAX_SPAN
            && self.builder.fits(h)
    }
}

impl Rest {
    /// No sample is later.
    fn max_time(&self) -> TimestampMs {
        let late = self.late.iter().filter_map(Late::bounds).map(|(_, last)| last);
        let open = self.histograms.as_ref().map(|open| open.builder.max_time());
        late.chain(open).max().unwrap_or(TimestampMs::MIN)
    }

    fn memory(&self) -> usize {
        size_of::<Self>()
            + self.late.iter().map(Late::memory).sum::<usize>()
            + self.histograms.as_ref().map_or(0, |open| open.builder.capacity())
    }
}

/// Of two numbers of bytes in memory, which are below [`isize::MAX`].
#[inline]
fn difference(after: usize, before: usize) -> isize {
    after.wrapping_sub(before).cast_signed()
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
