//! A tenant's series over all partitions, in the order of blocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use mneme_block::meta::SeriesKey;
use mneme_head::SeriesRef;
use mneme_model::{Cut, PartitionId, TenantId};

use crate::partitions::Partitions;

/// A partition and which of its generations are flushed.
pub(super) type Part = (PartitionId, Range<Cut>);

/// A series in one partition's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// Which of the parts.
    pub(super) part: u16,
    pub(super) series: SeriesRef,
}

/// Series as references: 16 bytes each. One whose tenant's shard size changed may be in several partitions.
#[derive(Debug, Default)]
pub(super) struct Order {
    places: Vec<Place>,
    /// Where each series' places end; they begin where those of the series before end.
    ends: Vec<u32>,
}

impl Order {
    /// The series that have chunks in the parts.
    pub(super) fn of(partitions: &Partitions, tenant: &TenantId, parts: &[Part]) -> Self {
        let mut order = Self::default();
        let mut lists: Vec<(u16, std::vec::IntoIter<SeriesRef>)> = Vec::new();
        for (at, (partition, cuts)) in parts.iter().enumerate() {
            let Some(head) = partitions.get(*partition) else { continue };
            let series = head.sorted(tenant.as_str(), cuts);
            if !series.is_empty() {
                let at =
                    u16::try_from(at).expect("there are no more parts than partitions, which a u16 counts");
                lists.push((at, series.into_iter()));
            }
        }
        if let [(part, series)] = lists.as_mut_slice() {
            order.places.extend(series.map(|series| Place { part: *part, series }));
            order.ends.extend(1..=order.places.len() as u32);
            return order;
        }
        order.merge(partitions, parts, lists);
        order
    }

    fn merge(
        &mut self,
        partitions: &Partitions,
        parts: &[Part],
        mut lists: Vec<(u16, std::vec::IntoIter<SeriesRef>)>,
    ) {
        let all = lists.iter().map(|(_, series)| series.len()).sum();
        self.places.reserve_exact(all);
        self.ends.reserve_exact(all);
        let mut next = |list: usize| loop {
            let (part, series) = lists.get_mut(list)?;
            let place = Place { part: *part, series: series.next()? };
            let head = parts.get(usize::from(*part)).and_then(|(partition, _)| partitions.get(*partition));
            // A series that has left meanwhile has nothing to be flushed.
            if let Some(labels) = head.and_then(|head| head.labels(place.series)) {
                return Some((SeriesKey(labels), place));
            }
        };
        let mut fronts: BinaryHeap<Reverse<Front>> = BinaryHeap::new();
        for list in 0..parts.len() {
            fronts.extend(next(list).map(|(key, place)| Reverse(Front { key, list, place })));
        }
        let mut last: Option<SeriesKey> = None;
        while let Some(Reverse(Front { key, list, place })) = fronts.pop() {
            self.places.push(place);
            if last.as_ref() == Some(&key) {
                self.ends.pop();
            }
            self.ends.push(self.places.len() as u32);
            last = Some(key);
            fronts.extend(next(list).map(|(key, place)| Reverse(Front { key, list, place })));
        }
    }

    /// How many series.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where a series' chunks are.
    pub(super) fn places(&self, series: usize) -> &[Place] {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = series.checked_sub(1).map_or(0, end);
        self.places.get(start..end(series)).unwrap_or_default()
    }
}

/// The next series of a partition.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    key: SeriesKey,
    list: usize,
    place: Place,
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    /// Of one series' places the partition decides.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.part.cmp(&other.part)
    }
}
