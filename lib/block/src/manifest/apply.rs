//! A change on top of a version: pure.

use std::collections::HashSet;
use std::sync::Arc;

use mneme_model::TimestampMs;
use ulid::Ulid;

use super::list::List;
use super::{Change, Content, ListRef, Void};
use crate::meta::BlockMeta;

/// What a change is on top of a version.
#[derive(Debug, PartialEq)]
pub(super) enum Applied {
    /// The next version.
    Next(Box<Content>),
    /// It has all of it.
    Already,
    /// It does not fit.
    Void(Void),
}

/// The lists that may hold blocks that the change removes: these are to be given to [`apply`].
pub(super) fn lists_to_look_into<'a>(base: &'a Content, change: &Change) -> Vec<&'a ListRef> {
    let listed = |removed: &&super::Removed| base.recent(removed.id).is_none();
    let elsewhere: Vec<(TimestampMs, TimestampMs)> =
        change.remove.iter().filter(listed).map(|removed| (removed.min_time, removed.max_time)).collect();
    let holds = |list: &&ListRef| elsewhere.iter().any(|&(first, last)| list.overlaps(first, last));
    base.lists.iter().filter(holds).collect()
}

/// Applies a change. `lists` are those of [`lists_to_look_into`]; one that holds a removed block is dissolved: what is left of it is
/// recent again, until it is folded.
pub(super) fn apply(base: &Content, change: &Change, lists: &[(ListRef, Arc<List>)]) -> Applied {
    if is_done(base, change, lists) {
        return Applied::Already;
    }
    let mut next = base.clone();
    next.floor = base.floor.max(change.floor.unwrap_or_default());
    for moved in &change.marks {
        let found = base.marks.get(moved.partition);
        if found != moved.from {
            return Applied::Void(Void::MarkMoved {
                partition: moved.partition,
                expected: moved.from,
                found,
            });
        }
        next.marks.set(moved.partition, moved.to);
    }
    if let Some(block) = change.add.iter().find(|block| block.id < next.floor) {
        return Applied::Void(Void::BelowFloor { block: block.id, floor: next.floor });
    }
    if let Some(tombstone) = deleted_meanwhile(base, change) {
        return Applied::Void(Void::Deleted { tombstone });
    }
    if let Err(void) = remove(&mut next, change, lists) {
        return Applied::Void(void);
    }
    next.blocks.extend(change.add.iter().cloned().map(Arc::new));
    next.blocks.sort_by_key(|block| block.id);
    next.blocks.dedup_by_key(|block| block.id);
    next.tombstones.retain(|tombstone| !change.remove_tombstones.contains(&tombstone.id));
    for tombstone in &change.add_tombstones {
        if !next.tombstones.iter().any(|known| known.id == tombstone.id) {
            next.tombstones.push(tombstone.clone());
        }
    }
    next.shard_size = change.shard_size.or(base.shard_size);
    Applied::Next(Box::new(next))
}

/// A deletion of which a flush has not heard, although it may have samples that came later than it. One that is of all that the flush
/// has applies to its blocks as it does to others.
fn deleted_meanwhile(base: &Content, change: &Change) -> Option<Ulid> {
    let newest = change.marks.iter().map(|moved| moved.to).max()?;
    let unheard = |block: &BlockMeta, id: Ulid, start, end| {
        block.overlaps(start, end) && !block.carried_out.contains(&id)
    };
    let late = base
        .tombstones
        .iter()
        .filter(|it| it.below < newest)
        .find(|it| change.add.iter().any(|block| unheard(block, it.id, it.start, it.end)));
    late.map(|it| it.id)
}

fn remove(next: &mut Content, change: &Change, lists: &[(ListRef, Arc<List>)]) -> Result<(), Void> {
    let mut wanted: HashSet<Ulid> = change.remove.iter().map(|removed| removed.id).collect();
    next.blocks.retain(|block| !wanted.remove(&block.id));
    for (named, list) in lists {
        if !list.blocks.iter().any(|block| wanted.contains(&block.id)) {
            continue;
        }
        next.lists.retain(|one| one.id != named.id);
        let kept = list.blocks.iter().filter(|block| !wanted.remove(&block.id));
        next.blocks.extend(kept.cloned().collect::<Vec<Arc<BlockMeta>>>());
    }
    let missing = change.remove.iter().find(|removed| wanted.contains(&removed.id));
    missing.map_or(Ok(()), |removed| Err(Void::Replaced { block: removed.id }))
}

/// Whether the version has all that the change wants. It is how an author finds his own commit whose end he did not hear of.
fn is_done(base: &Content, change: &Change, lists: &[(ListRef, Arc<List>)]) -> bool {
    let in_lists = |id: Ulid| lists.iter().any(|(_, list)| list.blocks.iter().any(|block| block.id == id));
    let noted = |id: Ulid| base.tombstones.iter().any(|tombstone| tombstone.id == id);
    change.marks.iter().all(|moved| base.marks.get(moved.partition) == moved.to)
        && change.add.iter().all(|block| base.recent(block.id).is_some())
        && change.remove.iter().all(|gone| base.recent(gone.id).is_none() && !in_lists(gone.id))
        && change.add_tombstones.iter().all(|tombstone| noted(tombstone.id))
        && !change.remove_tombstones.iter().any(|id| noted(*id))
        && change.floor.is_none_or(|floor| floor <= base.floor)
        && (change.shard_size.is_none() || change.shard_size == base.shard_size)
}

#[cfg(test)]
mod tests {
    use mneme_model::{Cut, PartitionId};

    use super::*;
    use crate::manifest::{MarkMove, PartitionOf, Removed};

    fn block(id: u64) -> BlockMeta {
        BlockMeta {
            id: Ulid::from_parts(id, 0),
            level: 0,
            resolution_ms: 0,
            window_ms: 7_200_000,
            min_time: id as i64,
            max_time: id as i64 + 10,
            series: 1,
            samples: 1,
            histograms: 0,
            exemplars: 0,
            parts: Vec::new(),
            metadata: None,
            carried_out: Vec::new(),
        }
    }

    fn flush(from: u64, to: u64, id: u64) -> Change {
        let partition = PartitionOf::new(PartitionId(1), 4);
        let moved = MarkMove { partition, from: Cut(from), to: Cut(to) };
        Change { marks: vec![moved], add: vec![block(id)], ..Change::default() }
    }

    fn next(applied: Applied) -> Content {
        match applied {
            Applied::Next(content) => *content,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_two_flushes_of_one_mark_one_wins_and_its_repetition_changes_nothing() {
        let base = next(apply(&Content::default(), &flush(0, 3, 100), &[]));
        assert_eq!(apply(&base, &flush(0, 3, 100), &[]), Applied::Already);
        let partition = PartitionOf::new(PartitionId(1), 4);
        let void = Void::MarkMoved { partition, expected: Cut(0), found: Cut(3) };
        assert_eq!(apply(&base, &flush(0, 3, 101), &[]), Applied::Void(void));
        let base = next(apply(&base, &flush(3, 4, 102), &[]));
        assert_eq!((base.marks.get(partition), base.blocks.len()), (Cut(4), 2));
    }

    #[test]
    fn below_the_floor_nothing_can_be_committed() {
        let floor = Ulid::from_parts(200, 0);
        let raise = Change { floor: Some(floor), ..Change::default() };
        let base = next(apply(&Content::default(), &raise, &[]));
        let void = Void::BelowFloor { block: Ulid::from_parts(199, 0), floor };
        assert_eq!(apply(&base, &flush(0, 3, 199), &[]), Applied::Void(void));
        assert!(matches!(apply(&base, &flush(0, 3, 200), &[]), Applied::Next(_)));
        let lower = Change { floor: Some(Ulid::from_parts(5, 0)), ..Change::default() };
        assert_eq!(apply(&base, &lower, &[]), Applied::Already, "a floor never falls");
    }

    #[test]
    fn a_flush_is_void_where_a_deletion_may_be_of_less_than_all_it_has() {
        let tombstone = |below| crate::manifest::Tombstone {
            id: Ulid::from_parts(below, 7),
            matchers: Vec::new(),
            start: 0,
            end: 1000,
            below: Cut(below),
        };
        let delete = Change { add_tombstones: vec![tombstone(2)], ..Change::default() };
        let base = next(apply(&Content::default(), &delete, &[]));
        let void = Void::Deleted { tombstone: Ulid::from_parts(2, 7) };
        assert_eq!(apply(&base, &flush(0, 3, 100), &[]), Applied::Void(void));
        let mut heard = flush(0, 3, 100);
        heard.add[0].carried_out.push(Ulid::from_parts(2, 7));
        assert!(matches!(apply(&base, &heard, &[]), Applied::Next(_)));
        assert!(matches!(apply(&base, &flush(0, 2, 100), &[]), Applied::Next(_)), "it is of all of it");
        assert!(matches!(apply(&base, &flush(0, 3, 5000), &[]), Applied::Next(_)), "of another time");
    }

    #[test]
    fn a_replaced_block_in_a_list_dissolves_it_and_nobody_replaces_it_twice() {
        let mut base = next(apply(&Content::default(), &flush(0, 3, 100), &[]));
        let list = List { blocks: [7, 8, 9].into_iter().map(|id| Arc::new(block(id))).collect() };
        let named = list.reference(Ulid::from_parts(1, 1));
        base.lists.push(named.clone());
        let compaction =
            Change { remove: vec![Removed::from(&block(8))], add: vec![block(300)], ..Change::default() };
        let look = lists_to_look_into(&base, &compaction);
        assert_eq!(look, [&named]);
        let lists = [(named, Arc::new(list))];
        let after = next(apply(&base, &compaction, &lists));
        let ids: Vec<u64> = after.blocks.iter().map(|block| block.id.timestamp_ms()).collect();
        assert_eq!((ids, after.lists.len()), (vec![7, 9, 100, 300], 0));
        assert_eq!(apply(&after, &compaction, &[]), Applied::Already);
        let other = Change { add: vec![block(301)], ..compaction };
        let void = Void::Replaced { block: Ulid::from_parts(8, 0) };
        assert_eq!(apply(&after, &other, &[]), Applied::Void(void));
    }
}
