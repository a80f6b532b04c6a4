//! Label sets as Prometheus' Go code hashes and prints them, where that shows in results and errors.

use mneme_model::LabelsRef;
use mneme_model::labels::{Quoted, is_legacy_label_name};
use xxhash_rust::xxh64::xxh64;

/// `Labels.String()`: all labels in braces, the metric name as `__name__`.
pub(crate) fn text(labels: LabelsRef<'_>) -> String {
    let pair = |(name, value): (&str, &str)| {
        if is_legacy_label_name(name) {
            format!("{name}={}", Quoted(value))
        } else {
            format!("{}={}", Quoted(name), Quoted(value))
        }
    };
    format!("{{{}}}", labels.iter().map(pair).collect::<Vec<_>>().join(", "))
}

/// `Labels.Hash()`, so that `limit_ratio` picks the same series: XXH64 of all names and values in order, each after its length: one byte up to 254, else 255 and three bytes, least first.
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
