//! Warnings and infos that an answer carries, in Prometheus' words (3.14 `util/annotations`), each with the place in the query it is about.

mod note;

use std::collections::BTreeMap;

pub use note::{HistogramOperation, Note, Severity};

use crate::ast::PosRange;

/// All annotations of a query. Equal texts are kept once, the later place wins.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    by_text: BTreeMap<String, (Note, PosRange)>,
}

impl Annotations {
    /// Adds `note` about the expression at `pos`.
    pub fn add(&mut self, note: Note, pos: PosRange) {
        let text = note.key();
        if let Some((old, old_pos)) = self.by_text.get_mut(&text) {
            *old = note.merge(old);
            *old_pos = pos;
        } else {
            self.by_text.insert(text, (note, pos));
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_text.is_empty()
    }

    /// The texts of one severity, each followed by its line and column in `query`.
    #[must_use]
    pub fn texts(&self, severity: Severity, query: &str) -> Vec<String> {
        let of_severity = self.by_text.values().filter(|(note, _)| note.severity() == severity);
        of_severity
            .map(|(note, pos)| format!("{} ({})", note.text(), line_and_column(query, pos.start)))
            .collect()
    }
}

/// Where a function's annotations go: it names an argument, the engine knows that argument's place.
pub struct Notes<'a> {
    all: &'a mut Annotations,
    args: &'a [PosRange],
}

impl<'a> Notes<'a> {
    /// Collects into `all`; `args` are the places of the call's arguments (all of them, strings and scalars included).
    pub fn new(all: &'a mut Annotations, args: &'a [PosRange]) -> Self {
        Self { all, args }
    }

    /// Adds `note` about argument number `arg` of the call, counted from 0 over all arguments. A range function's annotations name
    /// upstream's `args[i]`; where upstream names the whole list (`args.PositionRange()`) that is argument 0.
    pub fn add(&mut self, arg: usize, note: Note) {
        let pos = self.args.get(arg).copied().unwrap_or_default();
        self.all.add(note, pos);
    }
}

/// `line:column`, both from 1, of a byte position, as Prometheus counts (columns in bytes).
pub(crate) fn line_and_column(query: &str, at: usize) -> String {
    let before = query.get(..at.min(query.len())).unwrap_or(query);
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
    if at > query.len() { "invalid position".to_owned() } else { format!("{line}:{column}") }
}
