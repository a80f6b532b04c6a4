//! Puts requests together from labels that are encoded already: little more than copying them.

use mneme_model::AnyHistogram;
use mneme_proto::remote_write::{self, HistogramSample, SeriesToEncode, Version};

use super::batch::{Batch, Part, Symbols, encode_labels};
use super::wire;
use super::workload::{Source, Workload};

/// Encodes and compresses; its buffers are used again.
pub(super) struct Encoder {
    version: Version,
    message: Vec<u8>,
    sample: Vec<u8>,
    compressor: snap::raw::Encoder,
    compressed: Vec<u8>,
    /// Symbols that only this request has.
    more_symbols: Vec<u8>,
    symbols: u64,
    samples: u64,
}

/// One series' labels, and which sample of it.
struct One<'a> {
    labels: &'a [u8],
    source: &'a Source,
    target: u64,
    slot: u64,
    step: u32,
}

impl Encoder {
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            message: Vec::new(),
            sample: Vec::new(),
            compressor: snap::raw::Encoder::new(),
            compressed: Vec::new(),
            more_symbols: Vec::new(),
            symbols: 0,
            samples: 0,
        }
    }

    /// What a batch sends in round `step`, and how many samples that is: those of the step that are in time, and those of earlier steps
    /// that come now.
    pub(super) fn encode(&mut self, workload: &Workload, batch: &mut Batch, step: u32) -> (&[u8], u64) {
        batch.advance(workload, step.min(workload.steps - 1));
        self.message.clear();
        self.more_symbols.clear();
        self.samples = 0;
        self.symbols = batch.symbols.len();
        if self.version == Version::V2 {
            self.message.extend_from_slice(&batch.symbols.bytes);
        }
        for part in &batch.parts {
            self.part(workload, part, step);
        }
        self.message.extend_from_slice(&self.more_symbols);
        let most = snap::raw::max_compress_len(self.message.len());
        if self.compressed.len() < most {
            self.compressed.resize(most, 0);
        }
        let len = self
            .compressor
            .compress(&self.message, &mut self.compressed)
            .expect("a batch is smaller than snappy's limit of 4 GiB, and the buffer is large enough");
        (&self.compressed[..len], self.samples)
    }

    fn part(&mut self, workload: &Workload, part: &Part, step: u32) {
        let mut from = 0;
        for (slot, (end, source)) in part.slots.clone().zip(&part.series) {
            let one = One { labels: &part.labels[from..*end], source, target: part.target, slot, step };
            from = *end;
            if step < workload.steps && workload.delay(slot, step) == 0 {
                self.series(workload, &one);
            }
            if workload.rounds() > workload.steps {
                self.late(workload, part, &one);
            }
        }
    }

    /// The sample that comes late, if there is one now; its pod may be gone by now.
    fn late(&mut self, workload: &Workload, part: &Part, one: &One<'_>) {
        let delay = workload.usual_delay(one.slot);
        let Some(step) = one.step.checked_sub(delay).filter(|step| *step < workload.steps) else { return };
        if workload.delay(one.slot, step) != delay {
            return;
        }
        let generation = workload.generation(part.target, step);
        if generation == part.generation {
            return self.series(workload, &One { step, ..*one });
        }
        let slots = one.slot..one.slot + 1;
        let Some((pairs, source)) = workload.load_slots(part.target, generation, slots).pop() else { return };
        let mut labels = Vec::new();
        match self.version {
            Version::V1 => encode_labels(&mut labels, &pairs, self.version, &mut Symbols::default()),
            Version::V2 => {
                self.label_refs(&mut labels, pairs.iter().flat_map(|(name, value)| [&**name, &**value]));
            }
        }
        self.series(workload, &One { labels: &labels, source: &source, step, ..*one });
    }

    fn series(&mut self, workload: &Workload, one: &One<'_>) {
        if !workload.is_scraped(one.target, one.step) {
            return;
        }
        let t = workload.timestamp(one.target, one.step);
        self.sample.clear();
        match one.source {
            Source::Signal(signal) if signal.is_native() => {
                let h = AnyHistogram::Integer(signal.histogram(one.step));
                append_histogram(&mut self.sample, HistogramSample { t, h, st: 0 }, self.version);
            }
            source => {
                let Some(value) = workload.value(one.target, source, one.step) else { return };
                self.sample.push(0x12);
                wire::varint(&mut self.sample, 10 + wire::varint_len(t.cast_unsigned()) as u64);
                wire::value_at(&mut self.sample, 1, value, t);
                if let Some(trace) = workload.trace(one.slot, one.step) {
                    self.exemplar(trace, value, t);
                }
            }
        }
        self.message.push(if self.version == Version::V1 { 0x0a } else { 0x2a });
        wire::varint(&mut self.message, (one.labels.len() + self.sample.len()) as u64);
        self.message.extend_from_slice(one.labels);
        self.message.extend_from_slice(&self.sample);
        self.samples += 1;
    }

    fn exemplar(&mut self, trace: u64, value: f64, t: i64) {
        let trace = format!("{trace:016x}");
        let mut exemplar = Vec::with_capacity(64);
        match self.version {
            Version::V1 => wire::label(&mut exemplar, "trace_id", &trace),
            Version::V2 => self.label_refs(&mut exemplar, ["trace_id", &trace].into_iter()),
        }
        wire::value_at(&mut exemplar, 2, value, t);
        wire::bytes(&mut self.sample, if self.version == Version::V1 { 3 } else { 4 }, &exemplar);
    }

    /// Appends references to texts that the batch does not know.
    fn label_refs<'t>(&mut self, out: &mut Vec<u8>, texts: impl Iterator<Item = &'t str>) {
        let mut refs = Vec::new();
        for text in texts {
            wire::bytes(&mut self.more_symbols, 4, text.as_bytes());
            wire::varint(&mut refs, self.symbols);
            self.symbols += 1;
        }
        wire::bytes(out, 1, &refs);
    }
}

/// Appends a histogram as a field of a `TimeSeries`: what `proto` writes for a series without labels, less what stands around it.
fn append_histogram(out: &mut Vec<u8>, sample: HistogramSample, version: Version) {
    let mut encoder = remote_write::Encoder::new(version);
    encoder.series(&SeriesToEncode { histograms: &[sample], ..SeriesToEncode::default() });
    let message = encoder.finish();
    // The empty symbol of 2.0, then tag and length of the series.
    let symbols = if version == Version::V1 { 0 } else { 2 };
    let series = &message[symbols + 1..];
    let len = series.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    out.extend_from_slice(&series[len..]);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mneme_proto::remote_write::{Request, Series, snappy};

    use super::super::args::{Shape, WorkloadArgs};
    use super::*;

    fn workload(seed: u64) -> Workload {
        let args = WorkloadArgs {
            shape: Shape::Kube,
            series: Some(700),
            steps: Some(20),
            interval: Duration::from_secs(15),
            start: Some(1_700_000_000_000),
            churn: 2.0,
            out_of_order: 0.3,
            histograms: 0.1,
            exemplars: 0.1,
            snapshots: None,
            instances: 1,
            seed,
        };
        Workload::new(&args, 0).unwrap()
    }

    /// All requests of a run, and how many samples they say they hold.
    fn run(workload: &Workload, version: Version) -> (Vec<Vec<u8>>, u64) {
        let mut batch = Batch::new(workload, 100..600, version);
        let mut encoder = Encoder::new(version);
        let (mut bodies, mut all) = (Vec::new(), 0);
        for step in 0..workload.rounds() {
            let (body, samples) = encoder.encode(workload, &mut batch, step);
            bodies.push(body.to_vec());
            all += samples;
        }
        (bodies, all)
    }

    #[test]
    fn each_sample_is_sent_once_in_valid_requests_that_the_seed_decides() {
        for version in [Version::V1, Version::V2] {
            let (bodies, samples) = run(&workload(1), version);
            assert_eq!(samples, 500 * 20);
            assert_eq!(run(&workload(1), version).0, bodies);
            assert_ne!(run(&workload(2), version).0, bodies);
            let (mut found, mut buffer) = (0, Vec::new());
            for body in &bodies {
                let message = snappy::decompress(body, 1 << 26, &mut buffer).unwrap();
                let request = Request::parse(version, message).unwrap();
                let (mut walk, mut series) = (request.timeseries(), Series::default());
                while walk.next(&mut series).unwrap() {
                    found += 1;
                }
            }
            assert_eq!(found, 500 * 20, "a series of one sample each");
        }
    }
}
