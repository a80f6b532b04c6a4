//! Series known since the last cut, found by the very bytes that name them, without decoding or checking these again.
//!
//! A *key* is the bytes by which a series is named: its labels as they came on the wire, or their canonical bytes. A *space* is a
//! tenant's keys of one kind and under one set of rules, which are part of its name: when the rules change, nothing is found any more.
//! Keys are kept as lists of *pieces* (one label each), which the series of a target share: about 90 bytes per series of 12 labels,
//! instead of twice 350. Senders send series in the same order again and again, so each series remembers its successor: it is tried
//! first, and found by comparing alone, without a hash and in memory that lies side by side.

mod numbered;
mod pieces;
mod store;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;

use hashbrown::{HashMap, HashSet};
use mneme_model::labels::InvalidLabels;
use mneme_model::{LabelsRef, PartitionId, TenantId};
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use self::numbered::Numbered;
use self::store::Store;

/// The series of one generation of references: one writer, one cut (or less, when they outgrow their budget).
#[derive(Debug)]
pub struct Catalog {
    /// Bytes past which no series are added.
    limit: usize,
    inner: RwLock<Inner>,
    /// Metadata that is durable, as its senders' fingerprints.
    metadata: Mutex<HashSet<(u32, u128)>>,
}

/// The most metadata records that are remembered: 32 MiB.
const MOST_METADATA: usize = 1 << 19;

#[derive(Debug, Default)]
struct Inner {
    spaces: HashMap<SpaceName, SpaceId>,
    /// Each space's.
    tenants: Vec<TenantId>,
    store: Store,
}

/// Tenant and rules, behind [`GIVEN`] or [`CANONICAL`].
type SpaceName = (TenantId, Vec<u8>);

/// Rules that a caller gave.
const GIVEN: u8 = 1;
/// Canonical labels of one partition.
const CANONICAL: u8 = 0;

/// A tenant's keys of one kind under one set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceId(u32);

/// A series of one [`Catalog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesId(pub(crate) u32);

/// Finds series; others may do so at the same time, but nobody adds any.
#[derive(Debug)]
pub struct CatalogReader<'c> {
    inner: RwLockReadGuard<'c, Inner>,
}

/// Adds series.
#[derive(Debug)]
pub struct CatalogWriter<'c> {
    limit: usize,
    inner: RwLockWriteGuard<'c, Inner>,
    pieces: Vec<u32>,
    single: String,
    bytes: Vec<u8>,
}

impl Inner {
    fn space(&mut self, name: SpaceName) -> SpaceId {
        let Self { spaces, tenants, .. } = self;
        let tenant = name.0.clone();
        *spaces.entry(name).or_insert_with(|| {
            tenants.push(tenant);
            SpaceId(u32::try_from(tenants.len() - 1).expect("fewer than 2^32 spaces fit into memory"))
        })
    }
}

impl Catalog {
    /// An empty one, that takes no more series once it has `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, inner: RwLock::default(), metadata: Mutex::default() }
    }

    /// The space of a tenant's keys; `rules` says of which kind they are and what their series went through.
    pub fn space(&self, tenant: &TenantId, rules: &[u8]) -> SpaceId {
        let name = (tenant.clone(), [&[GIVEN], rules].concat());
        if let Some(space) = self.inner.read().spaces.get(&name) {
            return *space;
        }
        self.inner.write().space(name)
    }

    /// Waits for whoever adds series. Do not hold it for long: whoever adds waits for it.
    #[must_use]
    pub fn read(&self) -> CatalogReader<'_> {
        CatalogReader { inner: self.inner.read() }
    }

    /// Waits for whoever reads or adds.
    #[must_use]
    pub fn write(&self) -> CatalogWriter<'_> {
        CatalogWriter {
            limit: self.limit,
            inner: self.inner.write(),
            pieces: Vec::new(),
            single: String::new(),
            bytes: Vec::new(),
        }
    }

    /// Whether metadata was written since the last cut, so that it need not be again; `fingerprint` is of all its texts.
    #[must_use]
    pub fn has_metadata(&self, space: SpaceId, fingerprint: u128) -> bool {
        self.metadata.lock().contains(&(space.0, fingerprint))
    }

    /// Remembers metadata that is durable. Call it once it is, else a request that failed would hide it until the next cut.
    pub fn note_metadata(&self, space: SpaceId, fingerprints: &[u128]) {
        let mut known = self.metadata.lock();
        let room = MOST_METADATA.saturating_sub(known.len());
        known.extend(fingerprints.iter().take(room).map(|fingerprint| (space.0, *fingerprint)));
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.read().store.size()
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }
}

impl CatalogReader<'_> {
    /// Lets whoever waits to add series go first.
    pub fn bump(&mut self) {
        RwLockReadGuard::bump(&mut self.inner);
    }

    /// The series that followed `previous` before, if its key is how `bytes` begin, and the key's length. What follows the key is the
    /// caller's to look at: `bytes` may go on with another label.
    #[must_use]
    #[inline]
    pub fn follow(&self, space: SpaceId, previous: SeriesId, bytes: &[u8]) -> Option<(SeriesId, usize)> {
        let store = &self.inner.store;
        let next = store.entry(previous)?.next.load(Ordering::Relaxed);
        let len = store.key_len_in(space.0, next, bytes)?;
        Some((SeriesId(next), len))
    }

    /// The series whose key is exactly `key`; `hash` as at [`CatalogWriter::add`]. Remembered as the one that follows `previous`.
    #[must_use]
    pub fn find(
        &self,
        space: SpaceId,
        previous: Option<SeriesId>,
        key: &[u8],
        hash: u64,
    ) -> Option<SeriesId> {
        let store = &self.inner.store;
        let found = store.find(space.0, key, hash)?;
        if let Some(previous) = previous.and_then(|previous| store.entry(previous)) {
            previous.next.store(found, Ordering::Relaxed);
        }
        Some(SeriesId(found))
    }

    /// The series' partition.
    #[must_use]
    #[inline]
    pub fn partition(&self, series: SeriesId) -> PartitionId {
        self.inner.store.entry(series).map_or(PartitionId(0), |entry| entry.partition)
    }

    /// Writes the series' labels into `text` in their canonical form.
    pub fn labels<'t>(&self, series: SeriesId, text: &'t mut String) -> LabelsRef<'t> {
        self.inner.store.labels(series.0, text)
    }
}

impl CatalogReader<'_> {
    /// The tenant of a series, and the hash that finds it in its space.
    pub(crate) fn origin(&self, series: SeriesId) -> Option<(&TenantId, u64)> {
        let entry = self.inner.store.entry(series)?;
        Some((self.inner.tenants.get(entry.space as usize)?, entry.hash.into()))
    }
}

impl CatalogWriter<'_> {
    /// Notes the next piece of a key and the label that it stands for. An empty value stands for no label.
    ///
    /// # Errors
    /// An empty name of a value that is not.
    pub fn piece(
        &mut self,
        space: SpaceId,
        piece: &[u8],
        name: &str,
        value: &str,
    ) -> Result<(), InvalidLabels> {
        let store = &mut self.inner.store;
        let id = match store.find_piece(space.0, piece) {
            Some(known) => known,
            None if value.is_empty() => store.add_piece(space.0, piece, b""),
            None => {
                let label = LabelsRef::write_sorted(&mut self.single, [(name, value)])?;
                store.add_piece(space.0, piece, label.as_bytes())
            }
        };
        self.pieces.push(id);
        Ok(())
    }

    /// Forgets the pieces noted.
    pub fn discard(&mut self) {
        self.pieces.clear();
    }

    /// The series whose key consists of the pieces noted since the last call; a new one is made. `hash` is of the key (any function,
    /// always the same within a space); `partition` is the series' for as long as it is known here. `None` where there is no more room.
    pub fn add(&mut self, space: SpaceId, hash: u64, partition: PartitionId) -> Option<SeriesId> {
        let store = &mut self.inner.store;
        let found = match store.find_pieces(space.0, &self.pieces, hash) {
            Some(found) => Some(found),
            None if store.size() < self.limit => Some(store.add(space.0, &self.pieces, hash, partition)),
            None => None,
        };
        self.pieces.clear();
        found.map(SeriesId)
    }

    /// The space of a tenant's series of one partition by their canonical labels.
    pub(crate) fn canonical_space(&mut self, tenant: &TenantId, partition: PartitionId) -> SpaceId {
        let [high, low] = partition.0.to_be_bytes();
        self.inner.space((tenant.clone(), vec![CANONICAL, high, low]))
    }

    /// The series of canonical labels, in a space for these; always made.
    pub(crate) fn canonical(
        &mut self,
        space: SpaceId,
        labels: LabelsRef<'_>,
        hash: u64,
        partition: PartitionId,
    ) -> SeriesId {
        if let Some(found) = self.inner.store.find(space.0, labels.as_bytes(), hash) {
            return SeriesId(found);
        }
        self.pieces.clear();
        for single in labels.singles() {
            let store = &mut self.inner.store;
            let bytes = single.as_bytes();
            let id =
                store.find_piece(space.0, bytes).unwrap_or_else(|| store.add_piece(space.0, bytes, bytes));
            self.pieces.push(id);
        }
        let added = self.inner.store.add(space.0, &self.pieces, hash, partition);
        self.pieces.clear();
        SeriesId(added)
    }
}
