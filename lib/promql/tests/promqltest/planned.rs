//! A store that is asked for what the plan says, and no more often.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use mneme_promql::{Error, Plan, Queryable, Select, SeriesSink};

/// Fails where a select is asked for that the plan does not name, or more often than [`Plan::uses`] says: whoever hands its series on as
/// they come has them but once.
pub(crate) struct Planned<'a> {
    inner: Box<dyn Queryable + 'a>,
    /// How often each may still be asked for.
    uses: Vec<(Select, AtomicUsize)>,
}

impl<'a> Planned<'a> {
    pub(crate) fn new(plan: &Plan, inner: Box<dyn Queryable + 'a>) -> Self {
        let uses = plan.uses().iter().map(|uses| AtomicUsize::new(*uses));
        Self { inner, uses: plan.selects().iter().cloned().zip(uses).collect() }
    }
}

impl Queryable for Planned<'_> {
    fn select(&self, select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        let planned = self.uses.iter().find(|(planned, _)| planned == select);
        let (_, uses) = planned.expect("the plan names all selects");
        let less = |uses: usize| uses.checked_sub(1);
        uses.fetch_update(Relaxed, Relaxed, less)
            .expect("no select is asked for more often than the plan says");
        self.inner.select(select, sink)
    }
}
