//! Series with their samples: found under the lock, as little of each as matters.

use bytes::Bytes;
use mneme_model::chunk::{Chunk, Encoding, FloatChunkBuilder};
use mneme_model::{Cut, Matcher, ReadHints};

use crate::head::SLOTS_PER_HOLD;
use crate::index::Cutter;
use crate::query::Reader;
use crate::series::Series;
use crate::store::Found;
use crate::{Cursor, Selection, SeriesRef, Window};

/// A question for samples.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// All must hold; empty = every series.
    pub matchers: &'a [Matcher],
    /// Which samples.
    pub window: Window,
    /// What of them matters.
    pub hints: ReadHints,
}

impl<'a> Wanted<'a> {
    /// All of the samples.
    #[must_use]
    pub fn new(matchers: &'a [Matcher], window: Window) -> Self {
        Self { matchers, window, hints: ReadHints::default() }
    }

    /// As little as `hints` allow.
    #[must_use]
    pub fn with_hints(self, hints: ReadHints) -> Self {
        Self { hints, ..self }
    }
}

impl Reader<'_> {
    /// Adds the next series of a cursor with what is in memory, until the selection is full or some thousand were looked at.
    pub(crate) fn select_next(&self, cursor: &mut Cursor, wanted: &Wanted<'_>, out: &mut Selection) {
        out.reserve(cursor.left().min(u64::from(SLOTS_PER_HOLD)) as usize, wanted.hints.newest_only);
        let mut select = Select::new(self, wanted, out);
        cursor.advance(SLOTS_PER_HOLD as usize, |slot, cursor| {
            if let Some(series) = self.state.slab.get(slot).filter(|series| cursor.knows(self.state, series))
            {
                select.series(series);
            }
            !select.out.is_full()
        });
    }

    /// Adds those of these series that are still there.
    pub(crate) fn select_parts(&self, parts: &[SeriesRef], wanted: &Wanted<'_>, out: &mut Selection) {
        let mut select = Select::new(self, wanted, out);
        for series in parts.iter().filter_map(|part| self.state.get(*part)) {
            select.series(series);
        }
    }
}

/// One select under the lock.
struct Select<'a> {
    reader: &'a Reader<'a>,
    cuts: std::ops::Range<Cut>,
    range: (i64, i64),
    cutter: Cutter<'a>,
    /// Makes chunks of one sample where only the newest matters.
    newest: Option<FloatChunkBuilder>,
    out: &'a mut Selection,
}

impl<'a> Select<'a> {
    fn new(reader: &'a Reader<'a>, wanted: &Wanted<'_>, out: &'a mut Selection) -> Self {
        let Wanted { window, hints, .. } = wanted;
        Self {
            reader,
            cuts: window.from.max(reader.floor())..Cut(u64::MAX),
            range: (window.start, window.end),
            cutter: reader.tenant.index.cutter(hints.labels.as_deref()),
            newest: hints.newest_only.then(|| FloatChunkBuilder::new(false)),
            out,
        }
    }

    fn series(&mut self, series: &Series) {
        let Self { reader, cuts, range, cutter, newest, out } = self;
        let (start, end) = *range;
        let mut begun = false;
        let mut begin = |out: &mut Selection| {
            if !std::mem::replace(&mut begun, true) {
                out.begin(cutter.labels(&series.labels), series.identity);
            }
        };
        if let Some(one) = newest
            && let Some((t, v, st)) = series.newest(cuts, *range)
        {
            begin(out);
            one.restart(st != 0);
            one.push(t, v, st);
            out.copy(header(one), |bytes| one.append_to(bytes));
            return;
        }
        let from = (reader.config, &reader.state.store);
        series.chunks(from, cuts, *range, &mut |_, found| match found {
            Found::Memory(chunk) if chunk.overlaps(start, end) => {
                begin(out);
                out.push(chunk);
            }
            Found::Filling(chunk, bytes) if chunk.overlaps(start, end) => {
                begin(out);
                out.copy(chunk, |copied| copied.extend_from_slice(bytes));
            }
            Found::Open(builder) => {
                begin(out);
                out.copy(header(builder), |bytes| builder.append_to(bytes));
            }
            Found::File(read) => {
                begin(out);
                out.read(read, (start, end));
            }
            Found::Memory(_) | Found::Filling(..) | Found::Gone => {}
        });
    }
}

/// The builder's chunk without its bytes.
fn header(builder: &FloatChunkBuilder) -> Chunk {
    Chunk {
        encoding: builder.encoding(),
        min_time: builder.min_time(),
        max_time: builder.max_time(),
        count: builder.count(),
        data: Bytes::new(),
    }
}

/// What stands for a chunk until it is read.
pub(crate) fn empty() -> Chunk {
    Chunk { encoding: Encoding::Float, min_time: 0, max_time: 0, count: 0, data: Bytes::new() }
}
