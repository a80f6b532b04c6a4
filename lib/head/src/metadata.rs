//! A tenant's metadata by metric family.

use std::collections::BTreeMap;

use mneme_model::Metadata;

use crate::HeadConfig;

/// What is known of a metric family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricMetadata {
    /// The family's name.
    pub metric: String,
    /// Each different metadata seen, sorted.
    pub metadata: Vec<Metadata>,
}

/// Bounded in families and in variants per family.
#[derive(Default)]
pub(crate) struct MetadataStore {
    families: BTreeMap<Box<str>, Vec<Metadata>>,
    bytes: usize,
}

impl MetadataStore {
    /// Adds metadata; returns whether it is kept (a new family beyond the limit is not).
    pub(crate) fn insert(&mut self, config: &HeadConfig, metric: &str, metadata: Metadata) -> bool {
        let full = self.families.len() >= config.max_metadata_per_tenant as usize;
        match self.families.get_mut(metric) {
            None if full => return false,
            None => {
                self.bytes += memory(&metadata) + metric.len() + 64;
                self.families.insert(metric.into(), vec![metadata]);
            }
            Some(known) if known.contains(&metadata) => {}
            Some(known) => {
                self.bytes += memory(&metadata);
                if known.len() >= config.max_metadata_per_metric as usize {
                    self.bytes -= memory(&known.remove(0));
                }
                known.push(metadata);
            }
        }
        true
    }

    /// Of one family, or of all in order of their names.
    pub(crate) fn get(&self, metric: Option<&str>) -> Vec<MetricMetadata> {
        let answer = |metric: &str, metadata: &[Metadata]| {
            let mut metadata = metadata.to_vec();
            metadata.sort();
            MetricMetadata { metric: metric.to_owned(), metadata }
        };
        match metric {
            Some(metric) => {
                self.families.get(metric).map(|known| answer(metric, known)).into_iter().collect()
            }
            None => self.families.iter().map(|(metric, known)| answer(metric, known)).collect(),
        }
    }

    pub(crate) fn memory(&self) -> usize {
        self.bytes
    }
}

fn memory(metadata: &Metadata) -> usize {
    size_of::<Metadata>() + metadata.help.len() + metadata.unit.len()
}
