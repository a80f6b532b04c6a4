//! Results as lines of JSON, a batch per line.

use std::collections::HashMap;

use mneme_model::Metadata;

use super::Found;
use crate::json::{Object, Pieces, push_plain};

/// `{"results":[..]}` per batch; one line even if nothing was found.
pub(super) struct SearchLines {
    member: &'static str,
    found: Vec<Found>,
    batch: usize,
    include_score: bool,
    metadata: HashMap<String, Metadata>,
    at: usize,
}

impl SearchLines {
    /// Batches of `batch` results; each text in the member of that name.
    pub(super) fn new(
        member: &'static str,
        found: Vec<Found>,
        batch: usize,
        include_score: bool,
        metadata: HashMap<String, Metadata>,
    ) -> Self {
        Self { member, found, batch, include_score, metadata, at: 0 }
    }

    fn push(&self, out: &mut Vec<u8>, found: &Found) {
        let mut object = Object::begin(out);
        object.text(self.member, &found.text);
        if self.include_score {
            object.member("score", |out| push_plain(out, found.score));
        }
        if let Some(metadata) = self.metadata.get(&found.text) {
            let members =
                [("type", metadata.metric_type.as_str()), ("help", &metadata.help), ("unit", &metadata.unit)];
            for (name, value) in members.into_iter().filter(|(_, value)| !value.is_empty()) {
                object.text(name, value);
            }
        }
        object.end();
    }
}

impl Pieces for SearchLines {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let end = self.at.saturating_add(self.batch).min(self.found.len());
        let mut object = Object::begin(out);
        object.array("results", &self.found[self.at..end], |out, found| self.push(out, found));
        object.end();
        out.push(b'\n');
        self.at = end;
        end < self.found.len()
    }
}
