//! The series that travel in one request, their labels encoded once.

use std::collections::HashMap;
use std::ops::Range;

use mneme_proto::remote_write::Version;

use super::kube::Pairs;
use super::wire;
use super::workload::{Source, Workload};

/// Series of one target.
pub(super) struct Part {
    pub(super) target: u64,
    pub(super) generation: u64,
    /// Which slots of the whole load.
    pub(super) slots: Range<u64>,
    /// By slot: where the encoded labels end, and where the values come from.
    pub(super) series: Vec<(usize, Source)>,
    /// Encoded labels of all series, one after the other.
    pub(super) labels: Vec<u8>,
}

/// The slots of one request.
pub(super) struct Batch {
    version: Version,
    pub(super) parts: Vec<Part>,
    pub(super) symbols: Symbols,
}

/// The texts of a 2.0 request, encoded.
#[derive(Default)]
pub(super) struct Symbols {
    numbers: HashMap<String, u64>,
    pub(super) bytes: Vec<u8>,
}

impl Symbols {
    /// A table whose number 0 is the empty text, as the protocol wants.
    fn new() -> Self {
        let mut symbols = Self::default();
        symbols.number("");
        symbols
    }

    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.numbers.insert(text.to_owned(), number);
        wire::bytes(&mut self.bytes, 4, text.as_bytes());
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.numbers.len() as u64
    }
}

impl Batch {
    /// The batch of these slots as of step 0.
    pub(super) fn new(workload: &Workload, slots: Range<u64>, version: Version) -> Self {
        let per_target = workload.series_per_target();
        let targets = slots.start / per_target..slots.end.div_ceil(per_target);
        let part = |target| {
            let own = workload.slots(target);
            let slots = own.start.max(slots.start)..own.end.min(slots.end);
            Part { target, generation: 0, slots, series: Vec::new(), labels: Vec::new() }
        };
        let mut batch = Self { version, parts: targets.map(part).collect(), symbols: Symbols::new() };
        batch.load(workload, 0);
        batch
    }

    /// Brings the pods up to `step`.
    pub(super) fn advance(&mut self, workload: &Workload, step: u32) {
        let stale = |part: &Part| part.generation != workload.generation(part.target, step);
        if self.parts.iter().any(stale) {
            self.load(workload, step);
        }
    }

    fn load(&mut self, workload: &Workload, step: u32) {
        self.symbols = Symbols::new();
        for part in &mut self.parts {
            part.generation = workload.generation(part.target, step);
            part.series.clear();
            part.labels.clear();
            for (labels, source) in workload.load_slots(part.target, part.generation, part.slots.clone()) {
                encode_labels(&mut part.labels, &labels, self.version, &mut self.symbols);
                part.series.push((part.labels.len(), source));
            }
            part.labels.shrink_to_fit();
        }
        self.symbols.bytes.shrink_to_fit();
    }
}

/// Appends the labels as fields of a `TimeSeries`.
pub(super) fn encode_labels(out: &mut Vec<u8>, labels: &Pairs, version: Version, symbols: &mut Symbols) {
    match version {
        Version::V1 => labels.iter().for_each(|(name, value)| wire::label(out, name, value)),
        Version::V2 => {
            let mut refs = Vec::with_capacity(labels.len() * 4);
            for (name, value) in labels {
                let (name, value) = (symbols.number(name), symbols.number(value));
                wire::varint(&mut refs, name);
                wire::varint(&mut refs, value);
            }
            wire::bytes(out, 1, &refs);
        }
    }
}
