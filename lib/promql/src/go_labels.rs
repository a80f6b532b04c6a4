//! The hash of a label set as Prometheus computes it (its default label representation), so that `limit_ratio` picks the same series.

use mneme_model::LabelsRef;
use xxhash_rust::xxh64::xxh64;

/// XXH64 of all names and values in order, each after its length: one byte up to 254, else 255 and three bytes, least first.
pub(crate) fn hash(labels: LabelsRef<'_>) -> u64 {
    let mut bytes = Vec::with_capacity(labels.as_bytes().len());
    for (name, value) in labels.iter() {
        for text in [name, value] {
            match u8::try_from(text.len()) {
                Ok(short) if short < 255 => bytes.push(short),
                _ => bytes.extend([255, text.len() as u8, (text.len() >> 8) as u8, (text.len() >> 16) as u8]),
            }
            bytes.extend(text.as_bytes());
        }
    }
    xxh64(&bytes, 0)
}
