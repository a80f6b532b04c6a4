//! Builds a label set from labels in any order.

use super::{Labels, LabelsRef, push_label};

/// A label set that is being changed. Setting an empty value deletes the label.
#[derive(Clone, Debug, Default)]
pub struct LabelsBuilder {
    labels: Vec<(String, String)>,
}

impl LabelsBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `name` to `value`, replacing an earlier value.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        match self.labels.binary_search_by(|(found, _)| found.as_str().cmp(name)) {
            Ok(at) if value.is_empty() => drop(self.labels.remove(at)),
            Ok(at) => value.clone_into(&mut self.labels[at].1),
            Err(_) if value.is_empty() => {}
            Err(at) => self.labels.insert(at, (name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.set(name, "")
    }

    /// Keeps the labels whose name passes.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) -> &mut Self {
        self.labels.retain(|(name, _)| keep(name));
        self
    }

    /// The value of `name`; `None` if absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(found, _)| found.as_str().cmp(name)).ok()?;
        Some(&self.labels[at].1)
    }

    /// The finished set.
    #[must_use]
    pub fn build(&self) -> Labels {
        let len = self.labels.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut text = String::with_capacity(len);
        for (name, value) in &self.labels {
            push_label(&mut text, name, value);
        }
        Labels(text.into())
    }
}

impl From<LabelsRef<'_>> for LabelsBuilder {
    fn from(labels: LabelsRef<'_>) -> Self {
        Self { labels: labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }
}
