//! Reading what a writer wrote, in order, from any place.

mod replay;
mod seal;

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use bytes::Bytes;
use futures::StreamExt;
use mneme_bucket::{Bucket, Chain, Known};
use mneme_model::{Cut, PartitionId, TimestampMs, WriterId};

pub use replay::replay;
pub use seal::seal;

use crate::Error;
use crate::segment::decode::HeaderError;
use crate::segment::{FORMAT, Header, Kind, SectionEntry};

/// How many segments are asked for at once when there is much to read.
const PREFETCH: usize = 8;

/// Objects up to this many bytes are decoded where they are: moving them to another thread costs more.
const DECODE_INLINE: usize = 16 << 10;

/// One step of reading a writer's chain.
#[derive(Clone, Debug)]
pub enum TailEvent {
    /// A segment, with the sections that are whole.
    Segment(TailSegment),
    /// The writer's end.
    Sealed {
        /// Whose.
        writer: WriterId,
        /// The seal's number.
        seq: u64,
    },
    /// A segment, or one of its sections, that cannot be read: torn, flipped or foreign. What is before and after it is read.
    Corrupt {
        /// Whose chain.
        writer: WriterId,
        /// The object's number.
        seq: u64,
        /// The object.
        key: String,
        /// The section's partition, if it is one section.
        partition: Option<PartitionId>,
        /// Where in the object.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Objects that are gone although a later one is there: what they held is lost, reading goes on after them. Only a
    /// truncated chain that is read from its start is no damage.
    Missing {
        /// Whose chain.
        writer: WriterId,
        /// The number of the first one.
        first: u64,
        /// The number of the last one.
        last: u64,
        /// Where the first one should be.
        key: String,
    },
}

/// A segment as it was read.
#[derive(Clone, Debug)]
pub struct TailSegment {
    /// Who wrote it.
    pub writer: WriterId,
    /// Its number.
    pub seq: u64,
    /// The cut that it is stamped with.
    pub cut: Cut,
    /// When it was encoded, by its writer's clock.
    pub time: TimestampMs,
    /// Bytes in the bucket.
    pub stored: u64,
    /// Partition and raw section ([`crate::Section::parse`] reads it), ascending in partitions.
    pub sections: Vec<(PartitionId, Bytes)>,
}

/// Reads one writer's chain in order. Resumable: keep [`Self::position`] and give it to [`Self::new`].
#[derive(Debug)]
pub struct Tail {
    chain: Chain,
    writer: WriterId,
    position: u64,
    known: Option<Known>,
    sealed: bool,
    /// Whether no object can be there after the end, so that it need not be looked for.
    end_known: bool,
    events: VecDeque<(u64, TailEvent)>,
    fetched: VecDeque<(u64, Bytes)>,
    window: usize,
}

impl Tail {
    /// The chain of `writer` after number `after` (0 = from its start).
    #[must_use]
    pub fn new(bucket: Bucket, writer: WriterId, after: u64) -> Self {
        Self {
            chain: writer_chain(bucket, writer),
            writer,
            position: after,
            known: None,
            sealed: false,
            end_known: false,
            events: VecDeque::new(),
            fetched: VecDeque::new(),
            window: 1,
        }
    }

    /// Does without the listing that tells a hole from the end, one per tail: for who reads the same chain every second.
    #[must_use]
    pub fn without_listing(mut self) -> Self {
        self.end_known = true;
        self
    }

    /// Whose chain.
    #[must_use]
    pub fn writer(&self) -> WriterId {
        self.writer
    }

    /// The number of the last object whose events were all returned.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether the seal was returned: nothing will follow.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// The next event; `None` at the end, for now: call again, e.g. once a second. Cancel safe.
    ///
    /// Where the next object is not there, a listing tells once whether that is the end or a hole ([`TailEvent::Missing`]).
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] stops the reader for good; [`Error::Truncated`] sends him to the newest checkpoint; the
    /// bucket's errors may pass: call again.
    pub async fn next(&mut self) -> Result<Option<TailEvent>, Error> {
        loop {
            if let Some((seq, event)) = self.events.pop_front() {
                if self.events.is_empty() {
                    self.position = seq;
                }
                self.sealed |= matches!(event, TailEvent::Sealed { .. });
                return Ok(Some(event));
            }
            if self.sealed {
                return Ok(None);
            }
            if self.fetched.is_empty() && !self.fetch().await? {
                if self.end_known {
                    return Ok(None);
                }
                match self.chain.hole(self.position).await? {
                    Some(hole) => self.events.push_back((*hole.end(), self.missing(&hole))),
                    // One more look: something may have come meanwhile.
                    None => self.end_known = true,
                }
                continue;
            }
            if let Some((seq, bytes)) = self.fetched.front().cloned() {
                let events = self.place().read_anywhere(seq, bytes).await?;
                self.events = events.into_iter().map(|event| (seq, event)).collect();
                self.fetched.pop_front();
            }
        }
    }

    fn place(&self) -> Place {
        Place { chain: self.chain.clone(), writer: self.writer }
    }

    /// Fetches what follows the position, several objects at once while there are many. `false` at the end.
    async fn fetch(&mut self) -> Result<bool, Error> {
        let first = self.position.saturating_add(1);
        let chain = &self.chain;
        let mut objects = futures::stream::iter(first..first.saturating_add(self.window as u64))
            .map(|seq| async move { (seq, chain.read(seq).await) })
            .buffered(self.window)
            .boxed();
        let mut found = VecDeque::new();
        while let Some((seq, object)) = objects.next().await {
            match object? {
                Some(bytes) => found.push_back((seq, bytes)),
                None => break,
            }
        }
        drop(objects);
        // Deletion ascends: while the object before these is there, none of these was deleted or made anew.
        if let Some(known) = &self.known
            && !self.chain.is_there(known).await?
        {
            return Err(Error::Truncated { writer: self.writer, seq: self.position });
        }
        self.window = if found.len() == self.window { (self.window * 2).min(PREFETCH) } else { 1 };
        if let Some((seq, bytes)) = found.back() {
            self.known = Some(Known::new(*seq, bytes));
        }
        self.fetched = found;
        Ok(!self.fetched.is_empty())
    }

    fn missing(&self, hole: &RangeInclusive<u64>) -> TailEvent {
        let (first, last) = (*hole.start(), *hole.end());
        TailEvent::Missing { writer: self.writer, first, last, key: self.chain.key(first) }
    }
}

/// Whose objects are decoded.
struct Place {
    chain: Chain,
    writer: WriterId,
}

impl Place {
    /// Decodes an object; a large one on a thread for blocking work, because decompressing takes its time.
    async fn read_anywhere(self, seq: u64, bytes: Bytes) -> Result<Vec<TailEvent>, Error> {
        if bytes.len() <= DECODE_INLINE {
            return self.read(seq, &bytes);
        }
        let key = self.chain.key(seq);
        let work = tokio::task::spawn_blocking(move || self.read(seq, &bytes)).await;
        work.unwrap_or_else(|error| {
            Err(Error::Corrupt { key, offset: 0, reason: format!("decoding it: {error}") })
        })
    }

    fn read(&self, seq: u64, bytes: &Bytes) -> Result<Vec<TailEvent>, Error> {
        let header = match Header::decode(bytes) {
            Ok(header) if header.writer == self.writer && header.seq == seq => header,
            Ok(_) => return Ok(vec![self.corrupt(seq, None, 32, "the segment is another's, by its header")]),
            Err(HeaderError::Corrupt(error)) => {
                return Ok(vec![self.corrupt(seq, None, error.offset as u64, error.reason)]);
            }
            Err(HeaderError::UnknownFormat(found)) => {
                return Err(Error::UnknownFormat {
                    key: self.chain.key(seq),
                    what: "WAL segment",
                    found,
                    newest: FORMAT,
                });
            }
        };
        if header.kind == Kind::Seal {
            return Ok(vec![TailEvent::Sealed { writer: self.writer, seq }]);
        }
        let mut events = Vec::new();
        let mut sections = Vec::with_capacity(header.sections.len());
        for entry in &header.sections {
            match entry.extract(bytes) {
                Ok(raw) => sections.push((entry.partition, raw)),
                Err(error) => {
                    events.push(self.corrupt_section(seq, entry, error.offset as u64, error.reason));
                }
            }
        }
        let (cut, time, stored) = (header.cut, header.time, bytes.len() as u64);
        events.push(TailEvent::Segment(TailSegment {
            writer: self.writer,
            seq,
            cut,
            time,
            stored,
            sections,
        }));
        Ok(events)
    }

    fn corrupt_section(&self, seq: u64, entry: &SectionEntry, offset: u64, reason: &str) -> TailEvent {
        self.corrupt(seq, Some(entry.partition), offset, reason)
    }

    fn corrupt(&self, seq: u64, partition: Option<PartitionId>, offset: u64, reason: &str) -> TailEvent {
        let (key, reason) = (self.chain.key(seq), reason.to_owned());
        TailEvent::Corrupt { writer: self.writer, seq, key, partition, offset, reason }
    }
}

/// The chain of a writer's segments.
pub(crate) fn writer_chain(bucket: Bucket, writer: WriterId) -> Chain {
    Chain::new(bucket, format!("wal/{:020}", writer.0))
}
