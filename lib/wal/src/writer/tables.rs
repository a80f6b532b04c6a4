//! Which series already have a reference: per partition, since the last cut.

use std::sync::Arc;

use hashbrown::HashMap;
use mneme_model::{PartitionId, TenantId};

use crate::catalog::{Catalog, SeriesId};

/// The references of one generation: one writer, one cut (or less, when they outgrow their budget).
#[derive(Debug)]
pub(super) struct Tables {
    /// So many tables came before.
    number: u32,
    catalog: Arc<Catalog>,
    /// The reference of each series in its partition; [`UNDEFINED`] for those without.
    references: Vec<u32>,
    /// The series of each reference, by partition.
    partitions: Vec<Vec<SeriesId>>,
    tenants: HashMap<TenantId, u32>,
    tenant_names: Vec<TenantId>,
}

const UNDEFINED: u32 = u32::MAX;

impl Tables {
    /// Tables without references, for at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            number: 0,
            catalog: Arc::new(Catalog::new(limit)),
            references: Vec::new(),
            partitions: Vec::new(),
            tenants: HashMap::new(),
            tenant_names: Vec::new(),
        }
    }

    /// Tables without references, but with the same tenants' numbers: sections on their way to a new writer keep theirs.
    pub(super) fn successor(&self) -> Self {
        Self {
            number: self.number.wrapping_add(1),
            tenants: self.tenants.clone(),
            tenant_names: self.tenant_names.clone(),
            ..Self::new(self.catalog.limit())
        }
    }

    /// What tells these references from those before them.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The series that references are given to.
    pub(super) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The tenant's number.
    pub(super) fn tenant(&mut self, tenant: &TenantId) -> u32 {
        if let Some(number) = self.tenants.get(tenant) {
            return *number;
        }
        let number = self.tenant_names.len() as u32;
        self.tenant_names.push(tenant.clone());
        self.tenants.insert(tenant.clone(), number);
        number
    }

    /// How many references a partition has: the next one's number.
    pub(super) fn next_ref(&self, partition: PartitionId) -> u32 {
        self.partitions.get(usize::from(partition.0)).map_or(0, Vec::len) as u32
    }

    /// The reference of a series of this partition, and whether it is new.
    #[inline]
    pub(super) fn resolve(&mut self, series: SeriesId, partition: PartitionId) -> (u32, bool) {
        match self.references.get(series.0 as usize) {
            Some(reference) if *reference != UNDEFINED => (*reference, false),
            _ => (self.give(series, partition), true),
        }
    }

    /// The series of a reference given out here.
    pub(super) fn series(&self, partition: PartitionId, reference: u32) -> Option<SeriesId> {
        self.partitions.get(usize::from(partition.0))?.get(reference as usize).copied()
    }

    fn give(&mut self, series: SeriesId, partition: PartitionId) -> u32 {
        let (at, place) = (series.0 as usize, usize::from(partition.0));
        if at >= self.references.len() {
            self.references.resize(at + 1, UNDEFINED);
        }
        if place >= self.partitions.len() {
            self.partitions.resize_with(place + 1, Vec::new);
        }
        let reference = self.partitions[place].len() as u32;
        self.partitions[place].push(series);
        self.references[at] = reference;
        reference
    }

    /// Bytes that the tables take, about.
    pub(super) fn size(&self) -> usize {
        let given: usize = self.partitions.iter().map(Vec::len).sum();
        self.catalog.size() + (self.references.len() + given) * size_of::<u32>()
    }
}
