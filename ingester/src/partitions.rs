//! The heads of all partitions.

use std::collections::HashSet;
use std::sync::Arc;

use mneme_head::{Head, HeadConfig};
use mneme_model::PartitionId;

/// One head per partition. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Partitions(Arc<[Head]>);

impl std::ops::Index<PartitionId> for Partitions {
    type Output = Head;

    /// The head of a partition that there is.
    fn index(&self, id: PartitionId) -> &Head {
        &self.0[usize::from(id.0)]
    }
}

/// Figures over all partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) series: usize,
    pub(crate) bytes: usize,
}

impl Partitions {
    /// Partitions `0..count`, empty.
    pub(crate) fn new(count: u16, config: &HeadConfig) -> Self {
        Self((0..count).map(|_| Head::new(config.clone())).collect())
    }

    /// The head of a partition; `None` past their count.
    pub(crate) fn get(&self, id: PartitionId) -> Option<&Head> {
        self.0.get(usize::from(id.0))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u16 {
        u16::try_from(self.0.len()).expect("made from a u16")
    }

    /// All heads.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Head> {
        self.0.iter()
    }

    /// Series and bytes; cheap.
    pub(crate) fn figures(&self) -> Figures {
        let stats = self.iter().map(Head::stats);
        stats.fold(Figures::default(), |sum, one| Figures {
            series: sum.series + one.series,
            bytes: sum.bytes + one.bytes,
        })
    }

    /// How many tenants have data.
    pub(crate) fn tenants(&self) -> usize {
        self.iter().flat_map(Head::tenants).collect::<HashSet<_>>().len()
    }
}
