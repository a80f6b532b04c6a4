//! What all of a request's tenants have of a select's series, to be pulled: one tenant after the other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mneme_model::TenantId;
use mneme_model::chunk::{BatchMark, SeriesBatch};
use mneme_proto::internal::ingester::{AT_HAND, Error, Held, PartitionMark, Seam, SeriesAnswer};

use crate::federation::Tenants;

/// What the attempts at one query learn on the way.
#[derive(Default)]
pub(crate) struct Attempts {
    /// Per tenant from where on it has to be asked: what recent data said of its floors.
    seams: Mutex<BTreeMap<TenantId, Seam>>,
    /// Data was flushed while this attempt was pulling.
    flushed: AtomicBool,
    /// Nanoseconds that this attempt spent with asking and with pulls.
    fetching: AtomicU64,
}

impl Attempts {
    /// The seam that a tenant's question begins with; `None` at first.
    pub(crate) fn seam(&self, tenant: &TenantId) -> Option<Seam> {
        self.seams().get(tenant).cloned()
    }

    /// What the attempt that has ended says: whether there should be another one, and how long it was fetching.
    pub(crate) fn end(&self) -> (bool, Duration) {
        let fetching = Duration::from_nanos(self.fetching.swap(0, Ordering::Relaxed));
        (self.flushed.swap(false, Ordering::Relaxed), fetching)
    }

    /// The attempt was fetching for so long.
    pub(crate) fn spend(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.fetching.fetch_add(nanos, Ordering::Relaxed);
    }

    fn raise(&self, tenant: &TenantId, floors: &[PartitionMark]) {
        let mut seams = self.seams();
        let seam = seams.entry(tenant.clone()).or_default();
        *seam = seam.raised(floors);
        self.flushed.store(true, Ordering::Relaxed);
    }

    /// A panic while the lock is held cannot be: what is done under it does not panic.
    fn seams(&self) -> MutexGuard<'_, BTreeMap<TenantId, Seam>> {
        self.seams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers of the tenants that a question is for.
#[derive(Default)]
pub(crate) struct Answer {
    parts: VecDeque<(TenantId, Box<dyn SeriesAnswer>)>,
    /// Series get the label of their tenant if there are several.
    tenants: Option<Tenants>,
    attempts: Arc<Attempts>,
}

impl Answer {
    /// Of these tenants, in this order.
    pub(crate) fn new(
        parts: Vec<(TenantId, Box<dyn SeriesAnswer>)>,
        tenants: &Tenants,
        attempts: &Arc<Attempts>,
    ) -> Self {
        let tenants = tenants.federated().then(|| tenants.clone());
        Self { parts: parts.into(), tenants, attempts: Arc::clone(attempts) }
    }

    /// Whether all of it is a few series in memory, of all tenants together.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.parts.iter().all(|(_, part)| part.is_at_hand()) && self.left() <= AT_HAND
    }

    fn pull(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        while let Some((tenant, part)) = self.parts.front_mut() {
            let pulled = part.next_batch(batch).inspect_err(|error| {
                if let Error::FloorAboveMark(floors) = error {
                    self.attempts.raise(tenant, floors);
                }
            })?;
            match (pulled, &self.tenants) {
                (None, _) => drop(self.parts.pop_front()),
                (Some(held), None) => return Ok(Some(held)),
                (Some(held), Some(tenants)) => return stamp(tenants, tenant, batch, held).map(Some),
            }
        }
        batch.clear();
        Ok(None)
    }
}

impl SeriesAnswer for Answer {
    fn next_batch(&mut self, batch: &mut SeriesBatch) -> Result<Option<Held>, Error> {
        let begun = Instant::now();
        let pulled = self.pull(batch);
        self.attempts.spend(begun.elapsed());
        pulled
    }

    fn left(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.left()).sum()
    }
}

fn stamp(
    tenants: &Tenants,
    tenant: &TenantId,
    batch: &mut SeriesBatch,
    mut held: Held,
) -> Result<Held, Error> {
    let size = |batch: &SeriesBatch| batch.size_since(BatchMark::default()).bytes;
    let before = size(batch);
    batch.map_labels(|labels| tenants.stamp(tenant, labels));
    held.grow(size(batch).saturating_sub(before))?;
    Ok(held)
}

#[cfg(test)]
mod tests {
    use mneme_model::{Cut, Labels, PartitionId};
    use mneme_proto::internal::ingester::{FetchBudget, WholeAnswer, drain};

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn series(budget: &Arc<FetchBudget>) -> Box<dyn SeriesAnswer> {
        let all = [(Labels::from_pairs([("__name__", "up")]), Vec::new())].into_iter().collect();
        Box::new(WholeAnswer::counted(all, budget).unwrap())
    }

    struct Flushed;

    impl SeriesAnswer for Flushed {
        fn next_batch(&mut self, _: &mut SeriesBatch) -> Result<Option<Held>, Error> {
            let (partition, cut) = (PartitionId(3), Cut(7));
            Err(Error::FloorAboveMark(vec![PartitionMark { count: 4, partition, cut }]))
        }
    }

    #[test]
    fn tenants_come_one_after_the_other_with_their_label() {
        let budget = Arc::new(FetchBudget::default());
        let tenants = Tenants::new(vec![tenant("a"), tenant("b")]).unwrap();
        let parts = vec![(tenant("a"), series(&budget)), (tenant("b"), series(&budget))];
        let mut answer = Answer::new(parts, &tenants, &Arc::default());
        assert_eq!(answer.left(), 2);
        let (all, held) = drain(&mut answer).unwrap();
        let of: Vec<_> = all.iter().map(|one| one.labels.get("__tenant_id__").unwrap().to_owned()).collect();
        assert_eq!(of, ["a", "b"]);
        let stamped = all.size_since(BatchMark::default()).bytes;
        assert!(stamped > budget.found().bytes && budget.peak_bytes() == stamped);
        drop(held);
    }

    #[test]
    fn one_tenants_floors_are_no_other_tenants() {
        let attempts = Arc::new(Attempts::default());
        let tenants = Tenants::new(vec![tenant("a"), tenant("b")]).unwrap();
        let mut answer = Answer::new(vec![(tenant("b"), Box::new(Flushed))], &tenants, &attempts);
        assert!(answer.next_batch(&mut SeriesBatch::new()).is_err());
        assert!(attempts.end().0 && !attempts.end().0, "told once");
        assert_eq!(attempts.seam(&tenant("a")), None);
        assert_eq!(attempts.seam(&tenant("b")).map(|seam| seam.from(PartitionId(3), 4)), Some(Cut(7)));
    }
}
