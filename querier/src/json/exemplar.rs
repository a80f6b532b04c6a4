//! Exemplars of series.

use mneme_model::Exemplar;
use mneme_proto::internal::ingester::SeriesExemplars;

use super::list::array;
use super::{Pieces, push_labels, push_timestamp, push_value};

/// `[{"seriesLabels":{..},"exemplars":[..]},..]`.
pub(crate) struct ExemplarPieces {
    series: Vec<SeriesExemplars>,
    at: usize,
}

impl ExemplarPieces {
    /// All of `series`, in their order.
    pub(crate) fn new(series: Vec<SeriesExemplars>) -> Self {
        Self { series, at: 0 }
    }
}

impl Pieces for ExemplarPieces {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        array(out, &self.series, &mut self.at, push_series)
    }
}

fn push_series(out: &mut Vec<u8>, series: &SeriesExemplars) {
    out.extend_from_slice(b"{\"seriesLabels\":");
    push_labels(out, &series.labels);
    out.extend_from_slice(b",\"exemplars\":[");
    for (i, exemplar) in series.exemplars.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_exemplar(out, exemplar);
    }
    out.extend_from_slice(b"]}");
}

fn push_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    out.extend_from_slice(b"{\"labels\":");
    push_labels(out, &exemplar.labels);
    out.extend_from_slice(b",\"value\":");
    push_value(out, exemplar.value);
    out.extend_from_slice(b",\"timestamp\":");
    push_timestamp(out, exemplar.timestamp);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use mneme_model::Labels;

    use super::*;

    #[test]
    fn exemplars_print_as_prometheus_prints_them() {
        let exemplar = Exemplar {
            labels: Labels::from_pairs([("trace_id", "abc")]),
            value: f64::INFINITY,
            timestamp: 1234,
        };
        let series =
            SeriesExemplars { labels: Labels::from_pairs([("foo", "bar")]), exemplars: vec![exemplar] };
        let mut out = Vec::new();
        assert!(!ExemplarPieces::new(vec![series]).next(&mut out));
        let expected = r#"[{"seriesLabels":{"foo":"bar"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"+Inf","timestamp":1.234}]}]"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
