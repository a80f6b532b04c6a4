//! Over how many partitions each tenant is spread whose limits do not say, and where its series are.
//!
//! Decided in [`size`] (pure), remembered in [`places`]; what owners know is asked for with a tenant's first write, and in each *turn*: with
//! a new catalog (a cut), but no more often than every five minutes.

mod places;
mod size;
mod tenants;

use mneme_proto::internal::active::ActiveSeries;
use parking_lot::Mutex;

use self::places::Places;
use self::size::{Bounds, Size};
pub(crate) use self::tenants::Spreads;
use crate::metrics::Metrics;

/// One tenant's.
#[derive(Debug)]
pub(crate) struct Spread {
    bounds: Bounds,
    metrics: Metrics,
    state: Mutex<State>,
    /// Held by who asks the owners.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    size: Size,
    places: Places,
    /// The last turn in which the tenant wrote.
    turn: u64,
    /// From when on the owners are to be asked; `None`: not before the next turn.
    ask_at: Option<i64>,
}

/// Whether the owners are to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// They were, or it is too early.
    No,
    /// They have never answered.
    First,
    /// They may know more than they did.
    Again,
}

impl Spread {
    fn new(bounds: Bounds, turn: u64, metrics: Metrics) -> Self {
        metrics.tenants_by_partitions(1).inc();
        let (size, places) = (Size::new(), Places::default());
        let state = Mutex::new(State { size, places, turn, ask_at: Some(i64::MIN) });
        Self { bounds, metrics, state, asking: tokio::sync::Mutex::default() }
    }

    /// How many partitions the tenant has now.
    pub(crate) fn partitions(&self) -> u16 {
        self.state.lock().size.partitions()
    }

    /// The size by which to find the partition of a series that the catalog does not know: the same as before, or else that of now. A
    /// series too many makes the tenant grow.
    pub(crate) fn size_of(&self, hash: u64) -> u16 {
        let state = &mut *self.state.lock();
        let before = state.size;
        if let Some(size) = state.places.find(hash) {
            state.size.grow(state.places.len(), self.bounds);
            self.changed(before, state.size);
            return size;
        }
        state.size.grow(state.places.len() + 1, self.bounds);
        self.changed(before, state.size);
        state.places.put(hash, state.size.partitions());
        state.size.partitions()
    }

    /// The tenant writes in this turn; in a new one the owners are asked again.
    fn enter(&self, turn: u64) {
        let mut state = self.state.lock();
        if turn > state.turn {
            state.turn = turn;
            state.places.turn();
            state.ask_at = Some(i64::MIN);
        }
    }

    fn turn(&self) -> u64 {
        self.state.lock().turn
    }

    fn to_ask(&self, now_ms: i64) -> Ask {
        let state = self.state.lock();
        match state.ask_at {
            Some(at) if at <= now_ms && state.size.heard() => Ask::Again,
            Some(at) if at <= now_ms => Ask::First,
            _ => Ask::No,
        }
    }

    fn ask_later(&self, at_ms: i64) {
        self.state.lock().ask_at = Some(at_ms);
    }

    fn hear(&self, told: &ActiveSeries) {
        let state = &mut *self.state.lock();
        let before = state.size;
        state.ask_at = None;
        state.size.hear(told, state.places.len_with_before(), self.bounds);
        state.places.shrink(state.size.partitions());
        self.changed(before, state.size);
    }

    fn changed(&self, before: Size, after: Size) {
        let (before, after) = (before.partitions(), after.partitions());
        if before != after {
            self.metrics
                .shard_changes
                .with_label_values(&[if after > before { "grown" } else { "shrunk" }])
                .inc();
            self.metrics.tenants_by_partitions(before).dec();
            self.metrics.tenants_by_partitions(after).inc();
        }
    }
}

impl Drop for Spread {
    fn drop(&mut self) {
        self.metrics.tenants_by_partitions(self.partitions()).dec();
    }
}
