//! Names or values of labels that several heads tell.

use hashbrown::HashSet;

/// Texts, each once: heads of one tenant mostly have the same, and none looks for what another one has found.
#[derive(Clone, Debug, Default)]
pub struct TextSet(HashSet<String>);

impl TextSet {
    /// Adds a text that is not in the set, if `wanted`.
    pub(crate) fn insert_if(&mut self, text: &str, wanted: impl FnOnce() -> bool) {
        if !self.0.contains(text) && wanted() {
            self.0.insert(text.to_owned());
        }
    }

    /// The texts, sorted.
    #[must_use]
    pub fn into_sorted(self) -> Vec<String> {
        let mut texts: Vec<String> = self.0.into_iter().collect();
        texts.sort_unstable();
        texts
    }
}
