//! Which recent blocks go into lists: pure. It keeps a version small, however many blocks there are.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mneme_model::TimestampMs;
use ulid::Ulid;

use super::{Content, ListRef};
use crate::meta::BlockMeta;

/// So many blocks are recent before any is folded.
pub(super) const RECENT: usize = 64;
/// So many are recent before those that span more than [`WIDE`] are folded too: a list of them is read for nearly every question.
const RECENT_WIDE: usize = 4 * RECENT;
/// No list holds more blocks.
pub(super) const LIST: usize = 1024;

const DAY: TimestampMs = 24 * 3_600_000;
/// A list holds blocks that end in one period of so many milliseconds.
const PERIOD: TimestampMs = 30 * DAY;
/// A block over a longer time is a backfill's: compaction should cut it first.
const WIDE: TimestampMs = PERIOD;

/// Blocks for one list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fold {
    /// The list whose blocks come with them, and which the new one replaces.
    pub(super) with: Option<ListRef>,
    /// Recent blocks.
    pub(super) blocks: Vec<Arc<BlockMeta>>,
}

/// What is to be folded. A day is closed when the tenant's newest sample is a day past its end. The blocks `fresh` stay: their author
/// finds them in the version if he must ask whether his commit took place.
pub(super) fn folds(content: &Content, fresh: &HashSet<Ulid>) -> Vec<Fold> {
    if content.blocks.len() <= RECENT {
        return Vec::new();
    }
    let ends = content.blocks.iter().map(|block| block.max_time);
    let newest = ends.chain(content.lists.iter().map(|list| list.max_time)).max().unwrap_or_default();
    let open_from = newest.saturating_sub(DAY).div_euclid(DAY).saturating_mul(DAY);
    let with_wide = content.blocks.len() > RECENT_WIDE;
    let mut periods: BTreeMap<TimestampMs, Vec<Arc<BlockMeta>>> = BTreeMap::new();
    for block in &content.blocks {
        let wide = block.max_time.saturating_sub(block.min_time) > WIDE;
        if block.max_time < open_from && (!wide || with_wide) && !fresh.contains(&block.id) {
            periods.entry(block.max_time.div_euclid(PERIOD)).or_default().push(block.clone());
        }
    }
    let mut folds = Vec::new();
    for (period, mut blocks) in periods {
        blocks.sort_by_key(|block| (block.min_time, block.id));
        let room = |list: &&ListRef| list.blocks as usize + blocks.len() <= LIST;
        let same = content.lists.iter().filter(|list| list.max_time.div_euclid(PERIOD) == period);
        match same.filter(room).max_by_key(|list| list.blocks) {
            Some(list) => folds.push(Fold { with: Some(list.clone()), blocks }),
            None => folds.extend(blocks.chunks(LIST).map(|some| Fold { with: None, blocks: some.to_vec() })),
        }
    }
    folds
}

/// Takes a fold's blocks and its old list out, and names the new list.
pub(super) fn replace(content: &mut Content, fold: &Fold, list: ListRef) {
    let folded: HashSet<Ulid> = fold.blocks.iter().map(|block| block.id).collect();
    content.blocks.retain(|block| !folded.contains(&block.id));
    content.lists.retain(|one| fold.with.as_ref().is_none_or(|old| old.id != one.id));
    content.lists.push(list);
    content.lists.sort_by_key(|list| (list.min_time, list.id));
}
