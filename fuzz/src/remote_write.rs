//! Remote write requests of both versions, compressed or not.

use mneme_proto::remote_write::{HistogramReader, Request, Series, Version, snappy};

/// No message of the fuzzer declares more in good faith.
const LARGEST_MESSAGE: usize = 1 << 20;

/// The first byte chooses version and compression, the rest is the body.
///
/// # Panics
/// Where the decoder reads more out of the bytes than they can hold, or reads the same bytes in two ways.
pub fn remote_write(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let version = if choice & 1 == 0 { Version::V1 } else { Version::V2 };
    let mut buffer = Vec::new();
    let message = if choice & 2 == 0 {
        body
    } else {
        match snappy::decompress(body, LARGEST_MESSAGE, &mut buffer) {
            Ok(message) => message,
            Err(_) => return,
        }
    };
    assert_eq!(walk(version, message), walk(version, message));
}

/// Counts of series, samples and labels up to the first error.
fn walk(version: Version, message: &[u8]) -> [usize; 4] {
    let mut counts = [0; 4];
    let Ok(request) = Request::parse(version, message) else { return counts };
    let mut series = Series::new();
    let mut histograms = HistogramReader::default();
    let mut walk = request.timeseries();
    while let Ok(true) = walk.next(&mut series) {
        counts[0] += 1;
        counts[1] += series.sample_count();
        counts[2] += series.labels.len();
        for histogram in &series.histograms {
            if let Ok(sample) = histograms.read(histogram) {
                counts[3] += usize::from(sample.h.validate().is_ok());
            }
        }
        for exemplar in &series.exemplars {
            counts[2] += series.exemplar_labels(exemplar).len();
        }
    }
    // A sample takes two bytes of its message at least (it may be empty), a label reference one.
    assert!(counts[1] <= message.len(), "{} samples in {} bytes", counts[1], message.len());
    let families = request.metadata().take_while(Result::is_ok).count();
    assert!(families <= message.len());
    counts
}
