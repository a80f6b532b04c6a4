//! The reply of type SAMPLES: `ReadResponse { results: [QueryResult { timeseries }] }`.

use mneme_model::{LabelsRef, Samples};

use super::frame::write_labels;
use crate::remote_write::write_float_histogram;
use crate::wire::Writer;

/// A reply in the making: series by series, query by query.
#[derive(Debug, Default)]
pub struct SamplesReply {
    message: Writer,
    result: Writer,
}

impl SamplesReply {
    /// Adds a series to the query under way.
    pub fn push(&mut self, labels: LabelsRef<'_>, samples: &Samples) {
        self.result.message(1, |w| {
            write_labels(w, labels);
            for (t, v) in samples.t.iter().zip(&samples.v) {
                w.message(2, |w| {
                    w.double(1, *v);
                    w.int64(2, *t);
                });
            }
            for point in &samples.histograms {
                w.message(4, |w| write_float_histogram(w, &point.h, point.t));
            }
        });
    }

    /// The query under way has no more series.
    pub fn end_query(&mut self) {
        let result = std::mem::take(&mut self.result).into_bytes();
        self.message.element(1, &result);
    }

    /// The message, not compressed yet.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.message.into_bytes()
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> usize {
        self.message.len() + self.result.len()
    }
}

#[cfg(test)]
mod tests {
    use mneme_model::Labels;

    use super::*;

    #[test]
    fn every_query_has_its_result_also_an_empty_one() {
        let mut reply = SamplesReply::default();
        let mut samples = Samples::default();
        samples.push_float(5, 1.0, 0);
        reply.push(Labels::from_pairs([("a", "b")]).view(), &samples);
        reply.end_query();
        reply.end_query();
        let expected = [
            0x0a, 23, 0x0a, 21, 0x0a, 6, 0x0a, 1, b'a', 0x12, 1, b'b', 0x12, 11, 9, 0, 0, 0, 0, 0, 0, 0xf0,
            0x3f, 0x10, 5, 0x0a, 0,
        ];
        assert_eq!(reply.size(), expected.len());
        assert_eq!(reply.finish(), expected);
    }
}
