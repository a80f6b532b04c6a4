//! Going through the series of an answer some at a time, without a lock in between.

use mneme_model::chunk::SeriesBatch;
use mneme_model::{Cut, Matcher};
use parking_lot::RwLockReadGuard;
use roaring::RoaringBitmap;

use crate::head::SLOTS_PER_HOLD;
use crate::query::Reader;
use crate::series::Series;
use crate::state::State;
use crate::{Head, ReadError, Selection, SeriesRef, Wanted, Window};

/// A tenant's series that fulfilled matchers at one moment. It holds no lock: series that leave meanwhile are passed over, those that
/// come later are not seen, even where they take the slot of one that has left.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    slots: RoaringBitmap,
    /// Slots below were gone through.
    next: u32,
    left: u64,
    /// The version of the first series that was made later.
    later: u32,
}

impl Cursor {
    /// Those that fulfil the matchers now.
    pub(crate) fn new(reader: &Reader<'_>, matchers: &[Matcher], window: Window) -> Self {
        let slots = reader.matching(matchers, window);
        Self { left: slots.len(), slots, next: 0, later: reader.state.next_version() }
    }

    /// How many series it has still to go through.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Leaves a series out.
    pub fn leave_out(&mut self, series: SeriesRef) {
        if series.slot >= self.next && self.slots.remove(series.slot) {
            self.left -= 1;
        }
    }

    /// Whether the series was there when the cursor was made.
    pub(crate) fn knows(&self, state: &State, series: &Series) -> bool {
        !state.made_since(series, self.later)
    }

    /// Hands the next slots to `see`, at most `most`, until that says `false`.
    pub(crate) fn advance(&mut self, most: usize, mut see: impl FnMut(u32, &Self) -> bool) {
        let mut seen = 0;
        let mut next = self.next;
        for slot in self.slots.range(self.next..).take(most) {
            seen += 1;
            next = slot.saturating_add(1);
            if !see(slot, self) {
                break;
            }
        }
        self.next = next;
        self.left = if seen == 0 { 0 } else { self.left.saturating_sub(seen) };
    }
}

impl Head {
    /// The tenant's series that fulfil all matchers now, and the lowest generation of the tenant that is held now
    /// ([`Self::tenant_floor`]). Where the tenant has no sample of the window at all there are none.
    #[must_use]
    pub fn matching(&self, tenant: &str, matchers: &[Matcher], window: Window) -> (Cursor, Cut) {
        let state = self.state.read();
        let Some(tenant) = state.tenant(tenant) else { return (Cursor::default(), state.floor) };
        let reader = Reader { config: &self.config, state: &state, tenant };
        (Cursor::new(&reader, matchers, window), reader.floor())
    }

    /// Calls `see` with each series that the cursor has still to go through: [`mneme_model::LabelsRef::identity`] of its labels, and its
    /// reference. `see` runs under the read lock.
    pub fn identities(&self, cursor: &Cursor, see: &mut dyn FnMut(u64, SeriesRef)) {
        let mut state = self.state.read();
        let mut rest = Cursor { slots: RoaringBitmap::new(), ..*cursor };
        let mut slots = cursor.slots.range(cursor.next..);
        loop {
            let mut seen = 0;
            for slot in slots.by_ref().take(SLOTS_PER_HOLD as usize) {
                seen += 1;
                if let Some(series) = state.slab.get(slot).filter(|series| rest.knows(&state, series)) {
                    see(series.identity, SeriesRef { slot, version: series.version });
                }
            }
            rest.left = rest.left.saturating_sub(seen);
            if seen == 0 || rest.left == 0 {
                return;
            }
            RwLockReadGuard::bump(&mut state);
        }
    }

    /// Adds the next series of a cursor that have a chunk in the window, until the selection is full or some thousand were looked at:
    /// then the lock is given up. Tells the lowest generation of the tenant that was held under the same lock: what was added is all that
    /// there is of these series from there, or from the window's lowest generation on.
    #[must_use]
    pub fn select_next(
        &self,
        tenant: &str,
        cursor: &mut Cursor,
        wanted: &Wanted<'_>,
        out: &mut Selection,
    ) -> Cut {
        self.reading(tenant, |reader| reader.select_next(cursor, wanted, out))
    }

    /// As [`Self::select_next`], for these series; those that have left are passed over.
    #[must_use]
    pub fn select_parts(
        &self,
        tenant: &str,
        parts: &[SeriesRef],
        wanted: &Wanted<'_>,
        out: &mut Selection,
    ) -> Cut {
        self.reading(tenant, |reader| reader.select_parts(parts, wanted, out))
    }

    /// Adds a tenant's series that fulfil all matchers and have a chunk in the window, each once, to `out`.
    ///
    /// Spilled chunks are read after the lock is given up: call this where a thread may block. After an error `out` is empty.
    pub fn select_into(
        &self,
        tenant: &str,
        wanted: &Wanted<'_>,
        out: &mut SeriesBatch,
    ) -> Result<(), ReadError> {
        let (mut cursor, _) = self.matching(tenant, wanted.matchers, wanted.window);
        let mut selection = Selection::default();
        selection.begin_batch(std::mem::take(out));
        while cursor.left() > 0 {
            let _floor = self.select_next(tenant, &mut cursor, wanted, &mut selection);
        }
        *out = selection.finish()?;
        Ok(())
    }

    /// The tenant's floor under the lock under which `read` ran.
    fn reading(&self, tenant: &str, read: impl FnOnce(&Reader<'_>)) -> Cut {
        let state = self.state.read();
        let Some(tenant) = state.tenant(tenant) else { return state.floor };
        let reader = Reader { config: &self.config, state: &state, tenant };
        read(&reader);
        reader.floor()
    }
}
