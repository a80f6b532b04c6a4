//! One WAL object: a header with the partition table, then the sections. The layout is drawn in `docs/formats/wal.md`.

pub(crate) mod decode;
mod encode;

use mneme_model::{Cut, PartitionId, TimestampMs, WriterId};

pub(crate) use encode::{SegmentEncoder, encode_seal};

/// The first bytes of a segment or seal.
pub(crate) const MAGIC: [u8; 8] = *b"MNEMEWAL";
/// The newest segment format known here.
pub(crate) const FORMAT: u16 = 1;
/// Header before the partition table.
pub(crate) const FIXED_LEN: usize = 64;
/// One line of the partition table.
pub(crate) const ENTRY_LEN: usize = 44;
/// The largest section accepted, uncompressed.
pub(crate) const LARGEST_SECTION: usize = 512 << 20;

/// What an object of a writer's chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Records, perhaps none.
    Segment = 1,
    /// The writer's end: nothing of this writer follows.
    Seal = 2,
}

/// How many records a section holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Series defined.
    pub series: u32,
    /// Float samples.
    pub floats: u32,
    /// Native histograms.
    pub histograms: u32,
    /// Exemplars.
    pub exemplars: u32,
    /// Metadata records.
    pub metadata: u32,
}

/// One line of the partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionEntry {
    /// Whose records.
    pub partition: PartitionId,
    /// Whether the stored bytes are zstd.
    pub compressed: bool,
    /// CRC-32C of the stored bytes.
    pub crc: u32,
    /// Where the stored bytes start in the object.
    pub offset: u64,
    /// How many bytes are stored.
    pub len: u32,
    /// How many they are uncompressed.
    pub raw_len: u32,
    /// What is in it.
    pub counts: Counts,
}

/// A segment's or seal's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the object is.
    pub kind: Kind,
    /// Whose chain it is in.
    pub writer: WriterId,
    /// Its number there.
    pub seq: u64,
    /// The newest cut that its writer knew.
    pub cut: Cut,
    /// Different for each attempt to create an object.
    pub attempt: u128,
    /// When it was encoded, by its writer's clock.
    pub time: TimestampMs,
    /// The sections, ascending in partitions.
    pub sections: Vec<SectionEntry>,
}
