//! The Prometheus text format 0.0.4 (prometheus/common `expfmt`).

use mneme_model::histogram::CounterResetHint;
use mneme_model::{FloatHistogram, Labels, TimestampMs};

use super::federate::{Sample, Value};
use super::names::{Escaping, is_legacy};
use crate::json::{PIECE_BYTES, Pieces};

/// Samples of federation, sorted by name, piece by piece.
pub(super) struct ExpositionPieces {
    samples: Vec<Sample>,
    at: usize,
    exposition: Exposition,
}

impl ExpositionPieces {
    /// All of them.
    pub(super) fn new(samples: Vec<Sample>, exposition: Exposition) -> Self {
        Self { samples, at: 0, exposition }
    }
}

impl Pieces for ExpositionPieces {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let full = out.len() + PIECE_BYTES;
        while let Some(sample) = self.samples.get(self.at).filter(|_| out.len() < full) {
            self.exposition.push(out, sample);
            self.at += 1;
        }
        self.at < self.samples.len()
    }
}

/// Writes samples, a header before each new family.
pub(super) struct Exposition {
    escaping: Escaping,
    /// Name and type of the family under way.
    family: Option<(String, &'static str)>,
}

impl Exposition {
    /// Nothing is written yet.
    pub(super) fn new(escaping: Escaping) -> Self {
        Self { escaping, family: None }
    }

    fn push(&mut self, out: &mut Vec<u8>, sample: &Sample) {
        let name = sample.labels.metric_name();
        let kind = match &sample.value {
            Value::Float(_) => "untyped",
            Value::Histogram(h) if h.counter_reset_hint == CounterResetHint::Gauge => "gaugehistogram",
            Value::Histogram(_) => "histogram",
        };
        if self.family.as_ref().is_none_or(|(last, of)| last != name || *of != kind) {
            out.extend_from_slice(b"# TYPE ");
            push_name(out, &self.escaping.escape(name));
            out.push(b' ');
            // The text format knows no gauge histograms.
            out.extend_from_slice(if kind == "untyped" { b"untyped\n" } else { b"histogram\n" });
            self.family = Some((name.to_owned(), kind));
        }
        match &sample.value {
            Value::Float(value) => self.line(out, name, "", &sample.labels, None, *value, sample.t),
            Value::Histogram(histogram) => self.histogram(out, name, &sample.labels, histogram, sample.t),
        }
    }

    fn histogram(&self, out: &mut Vec<u8>, name: &str, labels: &Labels, h: &FloatHistogram, t: TimestampMs) {
        let mut below = 0.0;
        let mut counts = counts(h);
        for (at, bound) in h.custom_values.iter().enumerate() {
            below += counts.get(at).copied().unwrap_or(0.0);
            self.line(out, name, "_bucket", labels, Some(*bound), below, t);
        }
        counts.clear();
        if h.custom_values.last().is_none_or(|bound| *bound != f64::INFINITY) {
            self.line(out, name, "_bucket", labels, Some(f64::INFINITY), h.count, t);
        }
        self.line(out, name, "_sum", labels, None, h.sum, t);
        self.line(out, name, "_count", labels, None, h.count, t);
    }

    #[expect(clippy::too_many_arguments, reason = "a line has so many parts")]
    fn line(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        suffix: &str,
        labels: &Labels,
        le: Option<f64>,
        value: f64,
        t: TimestampMs,
    ) {
        let escaped = self.escaping.escape(name);
        let name = format!("{escaped}{suffix}");
        let quoted = !is_legacy(&name);
        if !quoted {
            out.extend_from_slice(name.as_bytes());
        }
        out.push(b'{');
        if quoted {
            push_quoted(out, &name);
            out.push(b',');
        }
        for (name, value) in labels.iter().filter(|(name, _)| *name != mneme_model::labels::METRIC_NAME) {
            self.label(out, name, value);
        }
        // The scraper must not add its own.
        if labels.get("instance").is_none() {
            self.label(out, "instance", "");
        }
        if let Some(le) = le {
            self.label(out, "le", &go_float(le));
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.extend_from_slice(b"} ");
        out.extend_from_slice(go_float(value).as_bytes());
        out.push(b' ');
        out.extend_from_slice(t.to_string().as_bytes());
        out.push(b'\n');
    }

    fn label(&self, out: &mut Vec<u8>, name: &str, value: &str) {
        push_label_name(out, &self.escaping.escape(name));
        out.push(b'=');
        push_quoted(out, value);
        out.push(b',');
    }
}

/// The count of each custom bucket, by its index.
fn counts(h: &FloatHistogram) -> Vec<f64> {
    let most = h.custom_values.len() + 1;
    let (mut all, mut index, mut buckets) = (vec![0.0; most], 0i64, h.positive_buckets.iter());
    for span in &h.positive_spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            let Some(count) = buckets.next() else { return all };
            if let Some(place) = usize::try_from(index).ok().and_then(|at| all.get_mut(at)) {
                *place = *count;
            }
            index += 1;
        }
    }
    all
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    if is_legacy(name) { out.extend_from_slice(name.as_bytes()) } else { push_quoted(out, name) }
}

fn push_label_name(out: &mut Vec<u8>, name: &str) {
    if mneme_model::labels::is_legacy_label_name(name) {
        out.extend_from_slice(name.as_bytes());
    } else {
        push_quoted(out, name);
    }
}

fn push_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' => out.extend_from_slice(b"\\\""),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Go's `strconv.FormatFloat(v, 'g', -1, 64)`: the shortest digits, an exponent below 1e-4 and from 1e6 on.
fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use mneme_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Span};

    use super::*;

    fn written(samples: Vec<Sample>, escaping: Escaping) -> String {
        let mut out = Vec::new();
        assert!(!ExpositionPieces::new(samples, Exposition::new(escaping)).next(&mut out));
        String::from_utf8(out).unwrap()
    }

    fn float(pairs: &[(&str, &str)], value: f64) -> Sample {
        Sample { labels: Labels::from_pairs(pairs.iter().copied()), t: 6000, value: Value::Float(value) }
    }

    #[test]
    fn floats_are_untyped_and_get_an_empty_instance() {
        let samples = vec![
            float(&[("__name__", "a"), ("instance", "i"), ("job", "x\"\\\n")], 1.5),
            float(&[("__name__", "a")], f64::INFINITY),
            float(&[("__name__", "b")], f64::NAN),
        ];
        let expected = "# TYPE a untyped\n\
            a{instance=\"i\",job=\"x\\\"\\\\\\n\"} 1.5 6000\n\
            a{instance=\"\"} +Inf 6000\n\
            # TYPE b untyped\n\
            b{instance=\"\"} NaN 6000\n";
        assert_eq!(written(samples, Escaping::Underscores), expected);
    }

    #[test]
    fn names_are_written_as_negotiated() {
        let sample = || vec![float(&[("__name__", "http.up"), ("my.label", "1")], 1.0)];
        assert_eq!(
            written(sample(), Escaping::Underscores),
            "# TYPE http_up untyped\nhttp_up{my_label=\"1\",instance=\"\"} 1 6000\n"
        );
        assert_eq!(
            written(sample(), Escaping::None),
            "# TYPE \"http.up\" untyped\n{\"http.up\",\"my.label\"=\"1\",instance=\"\"} 1 6000\n"
        );
    }

    #[test]
    fn histograms_with_custom_buckets_become_classic_ones() {
        let histogram = FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: 6.0,
            sum: 9.5,
            positive_spans: vec![Span { offset: 0, length: 1 }, Span { offset: 1, length: 1 }],
            positive_buckets: vec![2.0, 4.0],
            custom_values: vec![0.5, 1.0],
            ..FloatHistogram::default()
        };
        let labels = Labels::from_pairs([("__name__", "h")]);
        let sample = Sample { labels, t: 1, value: Value::Histogram(Box::new(histogram)) };
        let expected = "# TYPE h histogram\n\
            h_bucket{instance=\"\",le=\"0.5\"} 2 1\n\
            h_bucket{instance=\"\",le=\"1\"} 2 1\n\
            h_bucket{instance=\"\",le=\"+Inf\"} 6 1\n\
            h_sum{instance=\"\"} 9.5 1\n\
            h_count{instance=\"\"} 6 1\n";
        assert_eq!(written(vec![sample], Escaping::Underscores), expected);
    }

    #[test]
    fn numbers_print_as_in_go() {
        let cases = [
            (0.0, "0"),
            (-1.0, "-1"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100_000.0, "100000"),
        ];
        for (value, text) in cases {
            assert_eq!(go_float(value), text);
        }
    }
}
