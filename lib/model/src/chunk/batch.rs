//! Many series with their chunks, side by side: what stores answer with.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Chunk, FloatChunkBuilder, HistogramChunkBuilder, RawSamples};
use crate::Labels;

/// Samples of a chunk of floats that is made here.
const CHUNK_SAMPLES: usize = 4096;

/// Series with their compressed samples, without memory of its own for each series.
///
/// Labels may be cut down to those that matter ([`crate::ReadHints`]); [`SeriesView::identity`] tells series apart even then.
#[derive(Clone, Debug, Default)]
pub struct SeriesBatch {
    series: Vec<Member>,
    chunks: Vec<Chunk>,
}

#[derive(Clone, Debug)]
struct Member {
    labels: Labels,
    identity: u64,
    /// Its chunks: `from..from + count`.
    from: u32,
    count: u32,
}

/// One series of a batch.
#[derive(Clone, Copy, Debug)]
pub struct SeriesView<'a> {
    /// The labels, at least those that matter.
    pub labels: &'a Labels,
    /// [`crate::LabelsRef::identity`] of all its labels, whichever are here.
    pub identity: u64,
    /// In any order; they may overlap and repeat samples: [`super::merge`] reads them as one. Some may be empty.
    pub chunks: &'a [Chunk],
}

/// What a batch, or its end, is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchSize {
    /// Series.
    pub series: u64,
    /// Chunks.
    pub chunks: u64,
    /// Samples.
    pub samples: u64,
    /// Bytes of compressed samples.
    pub chunk_bytes: u64,
    /// Bytes of compressed samples and labels with what holds them, estimated.
    pub bytes: u64,
}

/// How far a batch was filled at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchMark {
    series: usize,
    chunks: usize,
}

impl SeriesBatch {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes all series out; the room that they took stays for others.
    pub fn clear(&mut self) {
        self.series.clear();
        self.chunks.clear();
    }

    /// Makes room for so many more series of a chunk each, or more.
    pub fn reserve(&mut self, series: usize) {
        self.series.reserve(series);
        self.chunks.reserve(series);
    }

    /// Adds a series, for now without chunks. `identity` is that of all its labels.
    ///
    /// # Panics
    /// At 2^32 chunks, for which no memory is large enough.
    pub fn begin(&mut self, labels: Labels, identity: u64) {
        let from = u32::try_from(self.chunks.len()).expect("fewer than 2^32 chunks fit into memory");
        self.series.push(Member { labels, identity, from, count: 0 });
    }

    /// Adds a chunk to the series that came last, and tells the chunk's number. Before any series it is dropped.
    pub fn push(&mut self, chunk: Chunk) -> usize {
        if let Some(last) = self.series.last_mut() {
            last.count += 1;
            self.chunks.push(chunk);
        }
        self.chunks.len().saturating_sub(1)
    }

    /// Adds samples to the series that came last, as chunks.
    pub fn push_raw(&mut self, samples: &RawSamples) {
        let with_st = !samples.st.is_empty();
        let mut builder = FloatChunkBuilder::new(with_st);
        for (at, (t, v)) in samples.t.iter().zip(&samples.v).enumerate() {
            builder.push(*t, *v, samples.st.get(at).copied().unwrap_or(0));
            if builder.count() as usize >= CHUNK_SAMPLES {
                self.push(builder.chunk());
                builder.restart(with_st);
            }
        }
        if builder.count() > 0 {
            self.push(builder.chunk());
        }
        let mut builder = HistogramChunkBuilder::new();
        for sample in &samples.histograms {
            if !builder.fits(&sample.histogram) {
                self.push(std::mem::take(&mut builder).chunk());
            }
            builder.push(sample.t, &sample.histogram, sample.st);
        }
        if !samples.histograms.is_empty() {
            self.push(builder.chunk());
        }
    }

    /// A chunk by the number that [`Self::push`] told; good until [`Self::unite`].
    pub fn chunk_mut(&mut self, number: usize) -> Option<&mut Chunk> {
        self.chunks.get_mut(number)
    }

    /// How many series.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// A series by its place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<SeriesView<'_>> {
        self.series.get(at).map(|member| self.view(member))
    }

    /// The series, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = SeriesView<'_>> {
        self.series.iter().map(|member| self.view(member))
    }

    fn view<'a>(&'a self, member: &'a Member) -> SeriesView<'a> {
        let from = member.from as usize;
        let chunks = self.chunks.get(from..from + member.count as usize).unwrap_or_default();
        SeriesView { labels: &member.labels, identity: member.identity, chunks }
    }

    /// Adds another batch's series behind these. One that is in both is there twice until [`Self::unite`].
    ///
    /// # Panics
    /// At 2^32 chunks, for which no memory is large enough.
    pub fn append(&mut self, mut other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let base = u32::try_from(self.chunks.len()).expect("fewer than 2^32 chunks fit into memory");
        other.series.iter_mut().for_each(|member| member.from += base);
        self.series.append(&mut other.series);
        self.chunks.append(&mut other.chunks);
        assert!(u32::try_from(self.chunks.len()).is_ok(), "fewer than 2^32 chunks fit into memory");
    }

    /// Makes one series of all with the same identity: it keeps the first one's labels and has the chunks of all.
    pub fn unite(&mut self) {
        let mut first: HashMap<u64, usize, BuildHasherDefault<Ready>> =
            HashMap::with_capacity_and_hasher(self.series.len(), BuildHasherDefault::default());
        let mut twins: Vec<(usize, usize)> = Vec::new();
        for (at, member) in self.series.iter().enumerate() {
            match first.entry(member.identity) {
                Entry::Occupied(place) => twins.push((*place.get(), at)),
                Entry::Vacant(place) => {
                    place.insert(at);
                }
            }
        }
        if twins.is_empty() {
            return;
        }
        let mut later = vec![false; self.series.len()];
        twins.iter().for_each(|(_, at)| later[*at] = true);
        twins.sort_unstable();
        for group in twins.chunk_by(|a, b| a.0 == b.0) {
            let all = std::iter::once(group[0].0).chain(group.iter().map(|(_, at)| *at));
            let chunks: Vec<Chunk> =
                all.filter_map(|at| self.get(at)).flat_map(|one| one.chunks.to_vec()).collect();
            let from = u32::try_from(self.chunks.len()).expect("fewer than 2^32 chunks fit into memory");
            let count = chunks.len() as u32;
            self.chunks.extend(chunks);
            let member = &mut self.series[group[0].0];
            (member.from, member.count) = (from, count);
        }
        let mut later = later.into_iter();
        self.series.retain(|_| !later.next().unwrap_or(false));
    }

    /// The series without their chunks.
    #[must_use]
    pub fn into_labels(self) -> Vec<Labels> {
        self.series.into_iter().map(|member| member.labels).collect()
    }

    /// Replaces every series' labels.
    pub fn map_labels(&mut self, mut change: impl FnMut(Labels) -> Labels) {
        for member in &mut self.series {
            member.labels = change(std::mem::take(&mut member.labels));
        }
    }

    /// Brings the series into the order of their labels.
    pub fn sort(&mut self) {
        self.series.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
    }

    /// Brings series together that begin at the same time: those of one target have the same times, which whoever reads one after
    /// the other can make use of.
    pub fn sort_by_start(&mut self) {
        let chunks = &self.chunks;
        let start = |member: &Member| chunks.get(member.from as usize).map_or(0, |chunk| chunk.min_time);
        self.series.sort_by_cached_key(start);
    }

    /// How far it is filled now.
    #[must_use]
    pub fn mark(&self) -> BatchMark {
        BatchMark { series: self.series.len(), chunks: self.chunks.len() }
    }

    /// What was added behind `mark`; all of it behind the default one.
    #[must_use]
    pub fn size_since(&self, mark: BatchMark) -> BatchSize {
        let series = self.series.get(mark.series..).unwrap_or_default();
        let chunks = self.chunks.get(mark.chunks..).unwrap_or_default();
        let chunk_bytes: usize = chunks.iter().map(|chunk| chunk.data.len()).sum();
        let labels: usize = series.iter().map(|member| member.labels.as_bytes().len()).sum();
        let held = size_of_val(series) + size_of_val(chunks);
        BatchSize {
            series: series.len() as u64,
            chunks: chunks.len() as u64,
            samples: chunks.iter().map(|chunk| u64::from(chunk.count)).sum(),
            chunk_bytes: chunk_bytes as u64,
            bytes: (chunk_bytes + labels + held) as u64,
        }
    }
}

/// Whole label sets with their chunks.
impl FromIterator<(Labels, Vec<Chunk>)> for SeriesBatch {
    fn from_iter<I: IntoIterator<Item = (Labels, Vec<Chunk>)>>(series: I) -> Self {
        let mut batch = Self::default();
        for (labels, chunks) in series {
            let identity = labels.view().identity();
            batch.begin(labels, identity);
            chunks.into_iter().for_each(|chunk| {
                batch.push(chunk);
            });
        }
        batch
    }
}

/// Takes an identity, which is a hash, as it is.
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

#[cfg(test)]
mod tests {
    use super::super::FloatChunkBuilder;
    use super::*;

    fn chunk(t: i64) -> Chunk {
        let mut builder = FloatChunkBuilder::new(false);
        builder.push(t, 1.0, 0);
        builder.chunk()
    }

    fn batch(series: &[(&str, &[i64])]) -> SeriesBatch {
        let one = |(name, times): &(&str, &[i64])| {
            (Labels::from_pairs([("a", *name)]), times.iter().map(|t| chunk(*t)).collect())
        };
        series.iter().map(one).collect()
    }

    fn times(batch: &SeriesBatch) -> Vec<(&str, Vec<i64>)> {
        let times = |one: SeriesView<'_>| one.chunks.iter().map(|chunk| chunk.min_time).collect();
        batch.iter().map(|one| (one.labels.get("a").unwrap_or(""), times(one))).collect()
    }

    #[test]
    fn series_that_are_in_several_parts_become_one() {
        let mut all = batch(&[("x", &[1, 2]), ("y", &[])]);
        let mark = all.mark();
        all.append(batch(&[("z", &[5]), ("x", &[3])]));
        assert_eq!((all.size_since(mark).series, all.size_since(mark).samples), (2, 2));
        all.append(batch(&[("x", &[4]), ("z", &[])]));
        assert_eq!((all.len(), all.size_since(BatchMark::default()).chunks), (6, 5));
        all.unite();
        assert_eq!(times(&all), [("x", vec![1, 2, 3, 4]), ("y", vec![]), ("z", vec![5])]);
        all.unite();
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn labels_may_be_cut_down_and_series_stay_apart() {
        let mut all = SeriesBatch::new();
        assert_eq!(all.push(chunk(1)), 0);
        for (i, name) in ["x", "y"].iter().enumerate() {
            all.begin(Labels::empty(), Labels::from_pairs([("a", *name)]).view().identity());
            assert_eq!(all.push(chunk(1)), i);
        }
        all.unite();
        assert_eq!(
            (all.len(), all.get(1).map(|one| one.chunks.len()), all.get(2).is_none()),
            (2, Some(1), true)
        );
    }
}
