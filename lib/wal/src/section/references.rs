//! What a reader keeps per (writer, partition) to resolve references.

use super::Section;

/// What each reference of one writer and partition stands for, section after section in the order of their numbers.
#[derive(Clone, Debug)]
pub struct References<T> {
    /// Of which table; `None` before the first section.
    table: Option<u32>,
    known: Vec<Option<T>>,
}

impl<T> Default for References<T> {
    fn default() -> Self {
        Self { table: None, known: Vec::new() }
    }
}

/// How many missing definitions are stood in for before a section is called nonsense.
const LARGEST_GAP: usize = 1 << 24;

impl<T> References<T> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Prepares for a section's definitions: another table than before starts anew, a first reference past the end leaves a gap
    /// of unknown references (a section before it was lost). Call [`Self::define`] for each definition next. `false`: the gap is
    /// too large to be true, use nothing of the section.
    #[must_use]
    pub fn begin(&mut self, section: &Section) -> bool {
        if self.table != Some(section.table()) {
            self.known.clear();
            self.table = Some(section.table());
        }
        let first = section.first_ref() as usize;
        if first > self.known.len() + LARGEST_GAP {
            return false;
        }
        self.known.resize_with(first, || None);
        true
    }

    /// The next definition.
    pub fn define(&mut self, value: T) {
        self.known.push(Some(value));
    }

    /// What `reference` stands for; `None` if its definition was lost.
    #[must_use]
    pub fn get(&self, reference: u32) -> Option<&T> {
        self.known.get(reference as usize)?.as_ref()
    }

    /// How many references are known or stood in for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
