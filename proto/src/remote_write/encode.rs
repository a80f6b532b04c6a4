//! Builds requests: for tests, load generators and forwarding.

use std::collections::HashMap;

use mneme_model::{Exemplar, Metadata};

use super::encode_histogram::write_histogram;
use super::{HistogramSample, Sample, Version};
use crate::wire::Writer;

/// One series to be sent. Labels go out as they are: also unsorted, doubled and empty ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeriesToEncode<'a> {
    /// Names and values.
    pub labels: &'a [(&'a str, &'a str)],
    /// Floats.
    pub samples: &'a [Sample],
    /// Native histograms.
    pub histograms: &'a [HistogramSample],
    /// Exemplars.
    pub exemplars: &'a [Exemplar],
    /// Metadata; only 2.0 sends it here.
    pub metadata: Option<&'a Metadata>,
}

/// A request in the making.
#[derive(Clone, Debug)]
pub struct Encoder {
    version: Version,
    fields: Writer,
    symbols: Writer,
    numbers: HashMap<String, u64>,
}

impl Encoder {
    /// An empty request.
    #[must_use]
    pub fn new(version: Version) -> Self {
        let mut encoder =
            Self { version, fields: Writer::default(), symbols: Writer::default(), numbers: HashMap::new() };
        if version == Version::V2 {
            encoder.symbol("");
        }
        encoder
    }

    /// Appends a series.
    pub fn series(&mut self, series: &SeriesToEncode<'_>) -> &mut Self {
        match self.version {
            Version::V1 => self.fields.message(1, |w| write_v1(w, series)),
            Version::V2 => self.series_v2(series),
        }
        self
    }

    /// Appends a family's metadata; 2.0 has no place for it but a series, and leaves it out.
    pub fn metadata(&mut self, family: &str, metadata: &Metadata) -> &mut Self {
        if self.version == Version::V1 {
            self.fields.message(3, |w| {
                w.varint(1, metadata.metric_type as u64);
                w.text(2, family);
                w.text(4, &metadata.help);
                w.text(5, &metadata.unit);
            });
        }
        self
    }

    /// The message, not compressed.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut message = self.symbols;
        message.append(&self.fields);
        message.into_bytes()
    }

    fn series_v2(&mut self, series: &SeriesToEncode<'_>) {
        let refs: Vec<u64> =
            series.labels.iter().flat_map(|(name, value)| [self.symbol(name), self.symbol(value)]).collect();
        let exemplar_refs: Vec<Vec<u64>> = series
            .exemplars
            .iter()
            .map(|exemplar| {
                exemplar
                    .labels
                    .iter()
                    .flat_map(|(name, value)| [self.symbol(name), self.symbol(value)])
                    .collect()
            })
            .collect();
        let metadata = series.metadata.map(|m| (m.metric_type, self.symbol(&m.help), self.symbol(&m.unit)));
        self.fields.message(5, |w| {
            w.packed_varints(1, refs);
            series.samples.iter().for_each(|sample| w.message(2, |w| write_sample(w, sample, Version::V2)));
            series
                .histograms
                .iter()
                .for_each(|histogram| w.message(3, |w| write_histogram(w, histogram, Version::V2)));
            for (exemplar, refs) in series.exemplars.iter().zip(exemplar_refs) {
                w.message(4, |w| {
                    w.packed_varints(1, refs);
                    w.double(2, exemplar.value);
                    w.int64(3, exemplar.timestamp);
                });
            }
            if let Some((metric_type, help, unit)) = metadata {
                w.message(5, |w| {
                    w.varint(1, metric_type as u64);
                    w.varint(3, help);
                    w.varint(4, unit);
                });
            }
        });
    }

    fn symbol(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.numbers.insert(text.to_owned(), number);
        self.symbols.element(4, text.as_bytes());
        number
    }
}

fn write_v1(w: &mut Writer, series: &SeriesToEncode<'_>) {
    let label = |w: &mut Writer, (name, value): (&str, &str)| {
        w.message(1, |w| {
            w.text(1, name);
            w.text(2, value);
        });
    };
    series.labels.iter().for_each(|pair| label(w, *pair));
    series.samples.iter().for_each(|sample| w.message(2, |w| write_sample(w, sample, Version::V1)));
    for exemplar in series.exemplars {
        w.message(3, |w| {
            exemplar.labels.iter().for_each(|pair| label(w, pair));
            w.double(2, exemplar.value);
            w.int64(3, exemplar.timestamp);
        });
    }
    series
        .histograms
        .iter()
        .for_each(|histogram| w.message(4, |w| write_histogram(w, histogram, Version::V1)));
}

fn write_sample(w: &mut Writer, sample: &Sample, version: Version) {
    w.double(1, sample.v);
    w.int64(2, sample.t);
    if version == Version::V2 {
        w.int64(3, sample.st);
    }
}
