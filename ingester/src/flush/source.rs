//! What a block is written from: a tenant's series in the heads.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use mneme_block::Error;
use mneme_block::write::{MetadataRow, Source};
use mneme_head::Head;
use mneme_model::chunk::{Chunk, RawSamples, merge_raw};
use mneme_model::{Cut, Exemplar, Labels, TenantId, TimestampMs};

use super::deletions::{Deletions, Rest};
use super::order::{Order, Part, Place};
use crate::partitions::Partitions;

/// A chunk over more windows than this is decoded to know which of them it has samples in.
const MANY_WINDOWS: i64 = 4;

/// The time range of no sample.
const NO_TIME: (TimestampMs, TimestampMs) = (TimestampMs::MAX, TimestampMs::MIN);

/// All that a tenant's flush is about, found once: series, their time range, exemplars. 16 bytes a series.
pub(super) struct Plan {
    partitions: Partitions,
    tenant: TenantId,
    parts: Vec<Part>,
    order: Order,
    /// First and last time of all samples.
    range: (TimestampMs, TimestampMs),
    /// With the generations that each is of.
    exemplars: HashMap<Place, Vec<(Range<Cut>, Exemplar)>>,
    deletions: Deletions,
}

/// One block's share of a plan: the series that have samples in its time range.
pub(super) struct BlockSource {
    plan: Arc<Plan>,
    /// Which series of the plan; `None`: all.
    series: Option<Vec<u32>>,
    /// First and last time of what belongs here, inclusive.
    range: (TimestampMs, TimestampMs),
    /// First and last time of the samples.
    held: (TimestampMs, TimestampMs),
    /// Whether it is the block that metadata go into.
    with_metadata: bool,
    chunks: Vec<Chunk>,
}

impl Plan {
    /// Of the tenant's generations in `parts`. Walks all series: call it where a thread may block.
    pub(super) fn new(
        partitions: Partitions,
        tenant: TenantId,
        parts: Vec<Part>,
        deletions: Deletions,
    ) -> Self {
        let order = Order::of(&partitions, &tenant, &parts);
        let exemplars = HashMap::new();
        let mut plan = Self { partitions, tenant, parts, order, range: NO_TIME, exemplars, deletions };
        plan.range = (0..plan.order.len()).fold(NO_TIME, |all, series| join(all, plan.range_of(series)));
        for (at, (partition, cuts)) in plan.parts.iter().enumerate() {
            let Some(head) = plan.partitions.get(*partition) else { continue };
            let part = u16::try_from(at).unwrap_or(u16::MAX);
            for piece in plan.deletions.pieces(cuts) {
                for (series, exemplar) in head.exemplars_of(plan.tenant.as_str(), &piece) {
                    plan.exemplars.entry(Place { part, series }).or_default().push((piece.clone(), exemplar));
                }
            }
        }
        plan
    }

    /// How many series have samples.
    pub(super) fn series(&self) -> usize {
        self.order.len()
    }

    /// The start of the current windows: the one of the newest sample and the one before it. What is older goes into a late block.
    pub(super) fn current_from(&self, window_ms: i64) -> TimestampMs {
        window_start(self.range.1.saturating_sub(window_ms), window_ms)
    }

    /// The block of the samples in `range`; `None` where there is none.
    pub(super) fn block(
        self: &Arc<Self>,
        range: (TimestampMs, TimestampMs),
        with_metadata: bool,
    ) -> Option<BlockSource> {
        let (mut series, mut held) = (None, self.range);
        if !(range.0 <= self.range.0 && self.range.1 <= range.1) {
            let mut some = Vec::new();
            held = NO_TIME;
            for at in 0..self.order.len() {
                let (first, last) = self.range_of(at);
                if first <= range.1 && range.0 <= last {
                    some.push(at as u32);
                    held = join(held, (first.max(range.0), last.min(range.1)));
                }
            }
            some.shrink_to_fit();
            series = Some(some);
        }
        let plan = Arc::clone(self);
        let some = series.as_ref().map_or(self.order.len(), Vec::len);
        (some > 0).then_some(BlockSource { plan, series, range, held, with_metadata, chunks: Vec::new() })
    }

    /// First and last time of a series' samples.
    fn range_of(&self, series: usize) -> (TimestampMs, TimestampMs) {
        let mut range = NO_TIME;
        self.chunk_ranges(series, &mut |first, last, _| range = join(range, (first, last)));
        range
    }

    fn head(&self, place: &Place) -> Option<(&Head, &Part)> {
        let part = self.parts.get(usize::from(place.part))?;
        Some((self.partitions.get(part.0)?, part))
    }

    fn chunk_ranges(&self, series: usize, see: &mut dyn FnMut(TimestampMs, TimestampMs, usize)) {
        for place in self.order.places(series) {
            if let Some((head, (_, cuts))) = self.head(place) {
                head.chunk_ranges(place.series, cuts, see);
            }
        }
    }
}

impl BlockSource {
    fn of(&self, series: usize) -> usize {
        match &self.series {
            None => series,
            Some(some) => some.get(series).map_or(usize::MAX, |at| *at as usize),
        }
    }

    /// Reads a series of which something is deleted; whether that is so.
    fn read_rest(
        &mut self,
        series: usize,
        range: (TimestampMs, TimestampMs),
        out: &mut RawSamples,
    ) -> Result<bool, Error> {
        let deletions = self.plan.deletions.of_series(&self.labels(series), range.0, range.1);
        if deletions.is_empty() {
            return Ok(false);
        }
        let failed = |error: &dyn std::fmt::Display| Error::Source(error.to_string());
        let mut rest = Rest::default();
        for place in self.plan.order.places(self.of(series)) {
            let Some((head, (_, cuts))) = self.plan.head(place) else { continue };
            for piece in self.plan.deletions.pieces(cuts) {
                self.chunks.clear();
                let read = head.chunks(place.series, &piece, range, &mut self.chunks);
                read.map_err(|error| failed(&error))?;
                let holes = deletions.holes(&piece);
                for chunk in &self.chunks {
                    rest.add(chunk, range, &holes).map_err(|error| failed(&error))?;
                }
            }
        }
        out.push_unordered(rest.floats, rest.histograms);
        Ok(true)
    }

    /// Both ends of what a chunk has in this block; `None` where it has nothing.
    fn clip(&self, first: TimestampMs, last: TimestampMs) -> Option<(TimestampMs, TimestampMs)> {
        let (first, last) = (first.max(self.range.0), last.min(self.range.1));
        (first <= last).then_some((first, last))
    }
}

impl Source for BlockSource {
    fn len(&self) -> usize {
        self.series.as_ref().map_or(self.plan.order.len(), Vec::len)
    }

    fn labels(&self, series: usize) -> Labels {
        let place = self.plan.order.places(self.of(series)).first();
        let found = place.and_then(|place| self.plan.head(place)?.0.labels(place.series));
        found.unwrap_or_default()
    }

    fn bytes(&self, series: usize) -> u64 {
        let mut bytes = 0;
        self.plan.chunk_ranges(self.of(series), &mut |first, last, size| {
            bytes += self.clip(first, last).map_or(0, |_| size as u64);
        });
        bytes
    }

    fn windows(&mut self, series: usize, window_ms: i64, out: &mut Vec<TimestampMs>) -> Result<(), Error> {
        let mut long = None;
        self.plan.chunk_ranges(self.of(series), &mut |first, last, _| {
            let Some((first, last)) = self.clip(first, last) else { return };
            if last.saturating_sub(first) / window_ms > MANY_WINDOWS {
                let (from, to) = long.unwrap_or((first, last));
                long = Some((first.min(from), last.max(to)));
                return;
            }
            let mut start = window_start(first, window_ms);
            while start <= last {
                out.push(start);
                start = start.saturating_add(window_ms);
            }
        });
        let Some((first, last)) = long else { return Ok(()) };
        let mut samples = RawSamples::default();
        self.read(series, first, last, &mut samples)?;
        let times = samples.t.iter().copied().chain(samples.histograms.iter().map(|sample| sample.t));
        let mut newest = None;
        for start in times.map(|t| window_start(t, window_ms)) {
            if newest.replace(start) != Some(start) {
                out.push(start);
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), Error> {
        let Some(range) = self.clip(start, end) else { return Ok(()) };
        if !self.plan.deletions.is_empty() && self.read_rest(series, range, out)? {
            return Ok(());
        }
        self.chunks.clear();
        let of = self.of(series);
        for place in self.plan.order.places(of) {
            let Some((head, (_, cuts))) = self.plan.head(place) else { continue };
            let read = head.chunks(place.series, cuts, range, &mut self.chunks);
            read.map_err(|error| Error::Source(error.to_string()))?;
        }
        merge_raw(&self.chunks, range.0, range.1, out)
            .map_err(|error| Error::Source(format!("{}: {error}", self.labels(series))))
    }

    fn exemplars(&mut self, series: usize, out: &mut Vec<Exemplar>) -> Result<(), Error> {
        let of = self.of(series);
        if self.plan.exemplars.is_empty() {
            return Ok(());
        }
        let own = self.plan.range_of(of);
        // Of a series that is in both blocks each takes its own time's; else its only block takes all.
        let alone = self.range.0 <= own.0 && own.1 <= self.range.1;
        let here =
            |exemplar: &&Exemplar| alone || (self.range.0..=self.range.1).contains(&exemplar.timestamp);
        let labels = self.labels(series);
        for place in self.plan.order.places(of) {
            for (piece, exemplar) in self.plan.exemplars.get(place).into_iter().flatten() {
                let t = exemplar.timestamp;
                let deleted = self.plan.deletions.of_series(&labels, t, t).holes(piece).contain(t);
                if here(&exemplar) && !deleted {
                    out.push(exemplar.clone());
                }
            }
        }
        Ok(())
    }

    fn metadata(&mut self) -> Result<Vec<MetadataRow>, Error> {
        let mut rows = Vec::new();
        if !self.with_metadata {
            return Ok(rows);
        }
        let (first, last) = self.held;
        for (partition, _) in &self.plan.parts {
            let Some(head) = self.plan.partitions.get(*partition) else { continue };
            for family in head.export_metadata(self.plan.tenant.as_str()) {
                let row = |metadata| MetadataRow { metric: family.metric.clone(), first, last, metadata };
                rows.extend(family.metadata.into_iter().map(row));
            }
        }
        Ok(rows)
    }
}

fn join(a: (TimestampMs, TimestampMs), b: (TimestampMs, TimestampMs)) -> (TimestampMs, TimestampMs) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The start of the window that `t` lies in; the first window of all time is cut short.
pub(super) fn window_start(t: TimestampMs, window_ms: i64) -> TimestampMs {
    t.checked_sub(t.rem_euclid(window_ms)).unwrap_or(TimestampMs::MIN)
}
