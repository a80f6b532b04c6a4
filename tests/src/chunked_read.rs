//! A client of remote read that asks for a stream of chunks, as Prometheus 3 does: writes the request, reads frames and XOR chunks.

use mneme_proto::remote_write::snappy;

/// The content type of a stream of chunks.
pub const STREAM: &str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// One series of a frame: names and values of its labels, and its chunks.
pub type ChunkedSeries = (Vec<(String, String)>, Vec<Chunk>);

/// A chunk as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Time of its first sample as the frame tells it.
    pub min_time: i64,
    /// Time of its last sample as the frame tells it.
    pub max_time: i64,
    /// 1 = XOR, 2 = integer histograms, 3 = float histograms.
    pub encoding: u64,
    /// The samples.
    pub data: Vec<u8>,
}

/// A compressed request for `name=~pattern` over `start..=end`; the client reads these types (0 = samples, 1 = chunks).
#[must_use]
pub fn request(name: &str, pattern: &str, start: i64, end: i64, types: &[u8]) -> Vec<u8> {
    let mut matcher = vec![0x08, 2];
    field(&mut matcher, 2, name.as_bytes());
    field(&mut matcher, 3, pattern.as_bytes());
    let mut query = Vec::new();
    for (number, time) in [(1, start), (2, end)] {
        query.push(number << 3);
        varint(&mut query, time.cast_unsigned());
    }
    field(&mut query, 3, &matcher);
    let mut message = Vec::new();
    field(&mut message, 1, &query);
    types.iter().for_each(|kind| message.extend([0x10, *kind]));
    snappy::compress(&message)
}

/// The series of a stream of frames, in its order: one entry per frame and series. Panics on anything that is no such stream.
#[must_use]
pub fn series(mut stream: &[u8]) -> Vec<ChunkedSeries> {
    let mut all = Vec::new();
    while !stream.is_empty() {
        let size = usize::try_from(take_varint(&mut stream)).expect("a frame's size");
        let (checksum, rest) = stream.split_at(4);
        let (message, rest) = rest.split_at(size);
        assert_eq!(checksum, crc32c(message).to_be_bytes(), "checksum of a frame");
        stream = rest;
        all.extend(
            fields(message).into_iter().filter(|(number, ..)| *number == 1).map(|(.., one)| one_series(one)),
        );
    }
    all
}

/// Times and bits of the values of an XOR chunk (Prometheus `tsdb/docs/format/chunks.md`).
#[must_use]
pub fn xor(data: &[u8]) -> Vec<(i64, u64)> {
    let mut bits = Bits { data, at: 0 };
    let count = bits.take(16);
    let (mut t, mut delta, mut value, mut window) = (0i64, 0i64, 0u64, (0u32, 0u32));
    (0..count)
        .map(|number| {
            match number {
                0 => {
                    let raw = bits.varint();
                    t = (raw >> 1).cast_signed() ^ -((raw & 1).cast_signed());
                    value = bits.take(64);
                    return (t, value);
                }
                1 => delta = bits.varint().cast_signed(),
                _ => delta += bits.change_of_delta(),
            }
            t += delta;
            value ^= bits.change_of_value(&mut window);
            (t, value)
        })
        .collect()
}

fn one_series(message: &[u8]) -> ChunkedSeries {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a label in UTF-8");
    let (mut labels, mut chunks) = (Vec::new(), Vec::new());
    for (number, _, part) in fields(message) {
        let parts = fields(part);
        let of = |wanted| parts.iter().find(|(number, ..)| *number == wanted);
        let bytes = |wanted| of(wanted).map_or(&[][..], |(.., bytes)| *bytes);
        let value = |wanted| of(wanted).map_or(0, |(_, value, _)| *value);
        match number {
            1 => labels.push((text(bytes(1)), text(bytes(2)))),
            _ => chunks.push(Chunk {
                min_time: value(1).cast_signed(),
                max_time: value(2).cast_signed(),
                encoding: value(3),
                data: bytes(4).to_vec(),
            }),
        }
    }
    (labels, chunks)
}

/// Numbers of the fields of a message, each with its varint or its bytes.
fn fields(mut message: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut all = Vec::new();
    while !message.is_empty() {
        let key = take_varint(&mut message);
        let value = take_varint(&mut message);
        match key & 7 {
            0 => all.push((key >> 3, value, &[][..])),
            2 => {
                let (bytes, rest) = message.split_at(usize::try_from(value).expect("a field's size"));
                message = rest;
                all.push((key >> 3, 0, bytes));
            }
            other => panic!("wire type {other} in a frame"),
        }
    }
    all
}

fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let len = 1 + bytes.iter().take_while(|byte| **byte >= 0x80).count();
    let (number, rest) = bytes.split_at(len);
    *bytes = rest;
    number.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}

/// By the definition: polynomial 0x1EDC6F41, reflected.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0x82F6_3B78 & (crc & 1).wrapping_neg()))
    })
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> u64 {
        (0..count).fold(0, |value, _| {
            let bit = self.data[self.at / 8] >> (7 - self.at % 8) & 1;
            self.at += 1;
            value << 1 | u64::from(bit)
        })
    }

    /// How many ones come before a zero, which is taken too; at most `most`.
    fn ones(&mut self, most: usize) -> usize {
        (0..most).take_while(|_| self.take(1) == 1).count()
    }

    fn varint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.take(8);
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    fn change_of_delta(&mut self) -> i64 {
        let size = [0, 14, 17, 20, 64][self.ones(4)];
        let value = self.take(size);
        let negative = (1..64).contains(&size) && value > 1 << (size - 1);
        if negative { value.cast_signed() - (1 << size) } else { value.cast_signed() }
    }

    fn change_of_value(&mut self, window: &mut (u32, u32)) -> u64 {
        if self.take(1) == 0 {
            return 0;
        }
        if self.take(1) == 1 {
            let leading = self.take(5) as u32;
            let significant = match self.take(6) as u32 {
                0 => 64,
                size => size,
            };
            *window = (leading, 64 - leading - significant);
        }
        self.take(64 - window.0 - window.1) << window.1
    }
}
