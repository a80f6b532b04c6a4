//! What an owner knows of one WAL writer.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use mneme_model::{Cut, PartitionId, WriterId};
use parking_lot::Mutex;
use tokio::time::Instant;

/// How far a writer's segments were taken in, and how they are stamped.
pub(crate) struct Writer {
    pub(crate) id: WriterId,
    /// The newest cut when it joined.
    pub(crate) joined: Cut,
    /// The number of the last segment that was taken in.
    pub(crate) position: u64,
    /// No segment will follow.
    pub(crate) sealed: bool,
    /// When a listing last told the end of the writer's segments from a hole.
    pub(crate) listed: Option<Instant>,
    /// When the last segment was delivered rather than read.
    pub(crate) delivered: Option<Instant>,
    /// Since when it holds up a cut, as far as is known.
    pub(crate) holds_up: Option<(Cut, Instant)>,
    /// Each stamp seen and the first number with it, ascending. The stamps of a writer ascend.
    stamps: Vec<(Cut, u64)>,
}

/// A segment to be applied.
pub(crate) struct Segment {
    pub(crate) seq: u64,
    pub(crate) cut: Cut,
    pub(crate) sections: Vec<(PartitionId, Bytes)>,
}

impl Segment {
    /// Bytes of all sections.
    pub(crate) fn bytes(&self) -> usize {
        self.sections.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

impl Writer {
    fn new(id: WriterId) -> Self {
        Self {
            id,
            joined: Cut::default(),
            position: 0,
            sealed: false,
            listed: None,
            delivered: None,
            holds_up: None,
            stamps: Vec::new(),
        }
    }

    /// Notes that segment `seq`, stamped with `cut`, is taken in.
    pub(crate) fn took(&mut self, seq: u64, cut: Cut) {
        self.position = self.position.max(seq);
        if self.stamps.last().is_none_or(|(last, _)| *last < cut) {
            self.stamps.push((cut, seq));
        }
    }

    /// Skips an object that cannot be read.
    pub(crate) fn skip(&mut self, seq: u64) {
        self.position = self.position.max(seq);
    }

    /// Goes to where a checkpoint says that its segments go on.
    pub(crate) fn resume(&mut self, first: u64) {
        self.position = self.position.max(first.saturating_sub(1));
    }

    /// The first number stamped with `cut` or later; `None` if there is none yet.
    pub(crate) fn first_since(&self, cut: Cut) -> Option<u64> {
        let at = self.stamps.partition_point(|(stamp, _)| *stamp < cut);
        self.stamps.get(at).map(|(_, seq)| *seq)
    }

    /// Whether nothing of it will be stamped below `cut` any more.
    pub(crate) fn is_past(&self, cut: Cut) -> bool {
        self.sealed || self.joined >= cut || self.first_since(cut).is_some()
    }

    /// Nothing of it will be stamped below this any more, even if it is not sealed.
    pub(crate) fn newest_bound(&self) -> Cut {
        self.stamps.last().map_or(self.joined, |(stamp, _)| self.joined.max(*stamp))
    }

    /// Forgets the places of stamps below `cut`.
    pub(crate) fn forget_stamps_below(&mut self, cut: Cut) {
        let keep = self.stamps.partition_point(|(stamp, _)| *stamp < cut);
        // The newest one tells when the next one begins.
        self.stamps.drain(..keep.min(self.stamps.len().saturating_sub(1)));
    }
}

/// One writer, to be worked on by one task at a time.
pub(crate) type SharedWriter = Arc<tokio::sync::Mutex<Writer>>;

/// All writers known that are not finished.
#[derive(Default)]
pub(crate) struct Writers(Mutex<BTreeMap<WriterId, SharedWriter>>);

impl Writers {
    /// The writer of this number, new if it was unknown.
    pub(crate) fn get(&self, id: WriterId) -> SharedWriter {
        self.0.lock().entry(id).or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Writer::new(id)))).clone()
    }

    /// Whether it is known.
    pub(crate) fn contains(&self, id: WriterId) -> bool {
        self.0.lock().contains_key(&id)
    }

    /// A writer as its join says, unless it is known.
    pub(crate) fn joined(&self, id: WriterId, cut: Cut) {
        self.0
            .lock()
            .entry(id)
            .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Writer { joined: cut, ..Writer::new(id) })));
    }

    /// Forgets a finished writer.
    pub(crate) fn remove(&self, id: WriterId) {
        self.0.lock().remove(&id);
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<SharedWriter> {
        self.0.lock().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writers_place_at_a_cut_is_its_first_segment_stamped_so_or_later() {
        let mut writer = Writer::new(WriterId(1));
        for (seq, cut) in [(1, 0), (2, 0), (3, 2), (4, 2), (5, 3)] {
            writer.took(seq, Cut(cut));
        }
        let places: Vec<_> = (0..=4).map(|cut| writer.first_since(Cut(cut))).collect();
        assert_eq!(places, [Some(1), Some(3), Some(3), Some(5), None]);
        assert!(writer.is_past(Cut(3)) && !writer.is_past(Cut(4)));
        writer.forget_stamps_below(Cut(9));
        assert_eq!((writer.first_since(Cut(3)), writer.first_since(Cut(1))), (Some(5), Some(5)));
        writer.took(6, Cut(3));
        assert_eq!(writer.first_since(Cut(3)), Some(5));
        writer.sealed = true;
        assert!(writer.is_past(Cut(4)));
    }
}
