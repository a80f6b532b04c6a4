//! Which series already have a reference: per partition, since the last cut.

use hashbrown::{HashMap, HashTable};
use mneme_model::{PartitionId, TenantId};

use crate::section::NumberedTenant;

/// The references of one generation: one writer, one cut (or less, when they outgrew their budget).
#[derive(Debug, Default)]
pub(super) struct Tables {
    partitions: Vec<RefTable>,
    tenants: HashMap<TenantId, u32>,
    tenant_names: Vec<TenantId>,
}

/// One partition's series, by their references.
#[derive(Debug, Default)]
pub(super) struct RefTable {
    by_hash: HashTable<u32>,
    series: Vec<Series>,
    labels: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Series {
    hash: u64,
    start: usize,
    len: usize,
    tenant: u32,
}

/// A series as a table knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownSeries<'a> {
    pub(super) hash: u64,
    pub(super) tenant: u32,
    pub(super) labels: &'a [u8],
}

impl Tables {
    /// Tables without references, but with the same tenants' numbers: sections on their way to a new writer keep theirs.
    pub(super) fn successor(&self) -> Self {
        Self {
            partitions: Vec::new(),
            tenants: self.tenants.clone(),
            tenant_names: self.tenant_names.clone(),
        }
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

    /// The name of a tenant numbered here.
    pub(super) fn tenant_name(&self, number: u32) -> &TenantId {
        &self.tenant_names[number as usize]
    }

    /// A tenant numbered here, for a section.
    pub(super) fn numbered(&self, number: u32) -> NumberedTenant<'_> {
        NumberedTenant { number, name: self.tenant_name(number).as_str() }
    }

    /// The partition's table.
    pub(super) fn partition(&mut self, partition: PartitionId) -> &mut RefTable {
        let place = usize::from(partition.0);
        if place >= self.partitions.len() {
            self.partitions.resize_with(place + 1, RefTable::default);
        }
        &mut self.partitions[place]
    }

    /// Bytes that the tables take, about.
    pub(super) fn size(&self) -> usize {
        self.partitions.iter().map(RefTable::size).sum()
    }
}

impl RefTable {
    /// How many references there are: the next one's number.
    pub(super) fn next_ref(&self) -> u32 {
        self.series.len() as u32
    }

    /// The reference of a series, and whether it is new. Equal only where hash, tenant and all labels are equal.
    pub(super) fn resolve(&mut self, wanted: KnownSeries<'_>) -> (u32, bool) {
        let Self { by_hash, series, labels } = self;
        let is_wanted = |reference: &u32| {
            let known = &series[*reference as usize];
            known.hash == wanted.hash
                && known.tenant == wanted.tenant
                && &labels[known.start..known.start + known.len] == wanted.labels
        };
        if let Some(reference) = by_hash.find(wanted.hash, is_wanted) {
            return (*reference, false);
        }
        let reference = series.len() as u32;
        let (start, len) = (labels.len(), wanted.labels.len());
        labels.extend_from_slice(wanted.labels);
        series.push(Series { hash: wanted.hash, start, len, tenant: wanted.tenant });
        by_hash.insert_unique(wanted.hash, reference, |other| series[*other as usize].hash);
        (reference, true)
    }

    /// The series of a reference given out here.
    pub(super) fn series(&self, reference: u32) -> KnownSeries<'_> {
        let known = &self.series[reference as usize];
        let labels = &self.labels[known.start..known.start + known.len];
        KnownSeries { hash: known.hash, tenant: known.tenant, labels }
    }

    fn size(&self) -> usize {
        self.labels.capacity() + self.series.capacity() * size_of::<Series>() + self.by_hash.capacity() * 5
    }
}
