//! Series with their samples: found under the lock, as little of each as matters.

use bytes::Bytes;
use mneme_model::chunk::{Chunk, Encoding, FloatChunkBuilder, SeriesBatch};
use mneme_model::{Cut, Matcher, ReadHints};

use crate::index::Cutter;
use crate::query::Reader;
use crate::series::Series;
use crate::store::{Found, Reads};
use crate::{ReadError, Window};

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

/// What has still to be done for an answer without the lock.
#[derive(Default)]
pub(crate) struct Unfinished {
    window: Window,
    /// Bytes that were copied for chunks: the chunk's number, and where its bytes end; they begin where those before end.
    copied: Vec<u8>,
    ends: Vec<(usize, usize)>,
    /// Chunks in files, each for the chunk with this number.
    reads: Reads,
}

impl Unfinished {
    /// Reads what is in files, and gives each chunk its bytes.
    pub(crate) fn complete(self, out: &mut SeriesBatch) -> Result<(), ReadError> {
        let Self { window, copied, ends, reads } = self;
        let copied = Bytes::from(copied);
        let mut from = 0;
        for (number, end) in ends {
            if let Some(chunk) = out.chunk_mut(number) {
                chunk.data = copied.slice(from..end);
            }
            from = end;
        }
        reads.run(|number, read| {
            if let Some(chunk) = out.chunk_mut(number).filter(|_| read.overlaps(window.start, window.end)) {
                *chunk = read;
            }
        })
    }

    /// Adds a chunk whose bytes `write` copies.
    fn copy(&mut self, out: &mut SeriesBatch, chunk: Chunk, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.copied);
        self.ends.push((out.push(chunk), self.copied.len()));
    }
}

impl Reader<'_> {
    /// Adds the matching series with what is in memory; tells what is to be completed.
    pub(crate) fn select(&self, wanted: &Wanted<'_>, out: &mut SeriesBatch) -> Unfinished {
        let Wanted { matchers, window, hints } = wanted;
        let cuts = window.from.max(self.floor())..Cut(u64::MAX);
        let set = self.matching(matchers);
        let mut select = Select {
            reader: self,
            cuts: &cuts,
            range: (window.start, window.end),
            cutter: self.tenant.index.cutter(hints.labels.as_deref()),
            newest: hints.newest_only.then(|| FloatChunkBuilder::new(false)),
            rest: Unfinished { window: *window, ..Unfinished::default() },
        };
        // About what is copied of a series: growing step by step would copy it again.
        let each = if hints.newest_only { 16 } else { 192 };
        select.rest.copied.reserve((set.len() as usize * each).min(1 << 20));
        select.rest.ends.reserve(set.len() as usize);
        out.reserve(set.len() as usize);
        for series in set.iter().filter_map(|slot| self.state.slab.get(slot)) {
            select.series(series, out);
        }
        select.rest
    }
}

/// One select under the lock.
struct Select<'a> {
    reader: &'a Reader<'a>,
    cuts: &'a std::ops::Range<Cut>,
    range: (i64, i64),
    cutter: Cutter<'a>,
    /// Makes chunks of one sample where only the newest matters.
    newest: Option<FloatChunkBuilder>,
    rest: Unfinished,
}

impl Select<'_> {
    fn series(&mut self, series: &Series, out: &mut SeriesBatch) {
        let Self { reader, cuts, range, cutter, newest, rest } = self;
        let (start, end) = *range;
        let mut begun = false;
        let mut begin = |out: &mut SeriesBatch| {
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
            rest.copy(out, header(one), |bytes| one.append_to(bytes));
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
                rest.copy(out, chunk, |copied| copied.extend_from_slice(bytes));
            }
            Found::Open(builder) => {
                begin(out);
                rest.copy(out, header(builder), |bytes| builder.append_to(bytes));
            }
            Found::File(read) => {
                begin(out);
                let empty = Chunk {
                    encoding: Encoding::Float,
                    min_time: 0,
                    max_time: 0,
                    count: 0,
                    data: Bytes::new(),
                };
                rest.reads.push(out.push(empty), read);
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
