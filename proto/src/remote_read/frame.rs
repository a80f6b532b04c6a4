//! Frames of the streamed reply: `uvarint length | crc32c, 4 bytes, big endian | ChunkedReadResponse`.

use mneme_model::{LabelsRef, TimestampMs};

use crate::wire::Writer;

/// A chunk as Prometheus reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedChunk {
    /// Time of the first sample.
    pub min_time: TimestampMs,
    /// Time of the last sample.
    pub max_time: TimestampMs,
    /// How to read the data.
    pub encoding: Encoding,
    /// The samples.
    pub data: Vec<u8>,
}

/// Prometheus' chunk encodings that are written here, with their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    /// Floats.
    Xor = 1,
    /// Native histograms with float counts.
    FloatHistogram = 3,
}

impl EncodedChunk {
    /// Bytes in a frame, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.data.len() + 24
    }
}

/// Appends a frame with some chunks of one series of the answer to the request's query number `query`.
pub fn push_frame(out: &mut Vec<u8>, query: usize, labels: LabelsRef<'_>, chunks: &[EncodedChunk]) {
    let mut w = Writer::default();
    w.message(1, |w| {
        write_labels(w, labels);
        for chunk in chunks {
            w.message(2, |w| {
                w.int64(1, chunk.min_time);
                w.int64(2, chunk.max_time);
                w.varint(3, chunk.encoding as u64);
                w.element(4, &chunk.data);
            });
        }
    });
    w.varint(2, query as u64);
    let message = w.into_bytes();
    let mut len = message.len();
    while len >= 0x80 {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(&crc32c::crc32c(&message).to_be_bytes());
    out.extend_from_slice(&message);
}

/// The field `labels = 1` of a series.
pub(super) fn write_labels(w: &mut Writer, labels: LabelsRef<'_>) {
    for (name, value) in labels {
        w.message(1, |w| {
            w.text(1, name);
            w.text(2, value);
        });
    }
}

#[cfg(test)]
mod tests {
    use mneme_model::Labels;

    use super::*;

    #[test]
    fn a_frame_is_length_checksum_and_message() {
        let labels = Labels::from_pairs([("a", "b")]);
        let chunk = EncodedChunk { min_time: 1, max_time: 2, encoding: Encoding::Xor, data: vec![9; 200] };
        let mut out = Vec::new();
        push_frame(&mut out, 3, labels.view(), std::slice::from_ref(&chunk));
        assert_eq!(out[..2], [0xe1, 0x01]);
        let message = &out[6..];
        assert_eq!(message.len(), 0x61 + 0x80);
        assert_eq!(out[2..6], crc32c::crc32c(message).to_be_bytes());
        let head = [
            0x0a, 0xdc, 0x01, 0x0a, 6, 0x0a, 1, b'a', 0x12, 1, b'b', 0x12, 0xd1, 0x01, 8, 1, 0x10, 2, 0x18, 1,
        ];
        assert_eq!(message[..20], head);
        assert_eq!(message[message.len() - 2..], [0x10, 3]);
    }
}
