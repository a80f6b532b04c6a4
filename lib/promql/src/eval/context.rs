//! What all operators of one evaluation share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Measurements, Steps};
use crate::annotations::{Annotations, Note, Notes};
use crate::ast::PosRange;
use crate::budget::{Budget, Held};
use crate::{Cancel, Error, Features, Plan, Queryable, Select, Series};

/// The surroundings of one evaluation.
pub(crate) struct Context<'a> {
    pub(crate) queryable: &'a dyn Queryable,
    pub(crate) cancel: &'a Cancel,
    pub(crate) budget: Budget,
    pub(crate) features: Features,
    pub(crate) lookback_ms: i64,
    max_steps: usize,
    /// Samples looked at so far.
    pub(crate) queryable_samples: Cell<u64>,
    /// Series that the store has answered with so far.
    pub(crate) series: Cell<u64>,
    /// What the operators cost, if that is asked for.
    pub(crate) measurements: Option<Measurements>,
    annotations: RefCell<Annotations>,
    selects: &'a [Select],
    /// Per select: how many selectors still have to read it, and its series once it is kept for them.
    uses: Vec<Cell<usize>>,
    kept: RefCell<Vec<Option<Rc<Vec<Series>>>>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(plan: &'a Plan, queryable: &'a dyn Queryable, cancel: &'a Cancel) -> Self {
        let params = plan.params();
        Self {
            queryable,
            cancel,
            budget: Budget::new(params.max_samples, params.max_bytes),
            features: params.features,
            lookback_ms: params.lookback_ms,
            max_steps: params.max_samples,
            queryable_samples: Cell::new(0),
            series: Cell::new(0),
            measurements: None,
            annotations: RefCell::default(),
            selects: plan.selects(),
            uses: plan.uses().iter().map(|uses| Cell::new(*uses)).collect(),
            kept: RefCell::new(vec![None; plan.selects().len()]),
        }
    }

    /// Accounts for one value per step, before anything of that length is allocated. More steps than samples are allowed are refused.
    pub(crate) fn hold_steps(&self, steps: Steps) -> Result<Held<'_>, Error> {
        if steps.count > self.max_steps {
            return Err(Error::TooManySamples);
        }
        let mut held = self.budget.hold();
        held.grow(0, 8 * steps.count)?;
        Ok(held)
    }

    /// Adds an annotation about the expression at `pos`.
    pub(crate) fn note(&self, note: Note, pos: PosRange) {
        self.annotations.borrow_mut().add(note, pos);
    }

    /// Lends a function its way to annotate; `args` are the places of its arguments.
    pub(crate) fn with_notes<T>(&self, args: &[PosRange], f: impl FnOnce(&mut Notes<'_>) -> T) -> T {
        f(&mut Notes::new(&mut self.annotations.borrow_mut(), args))
    }

    /// The annotations so far.
    pub(crate) fn into_annotations(self) -> Annotations {
        self.annotations.into_inner()
    }

    /// Hands the series of a select to `read`; asks the store only once, and keeps the (compressed) answer only while other selectors need it.
    pub(crate) fn each_series(
        &self,
        select: usize,
        read: &mut dyn FnMut(&Series) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(left) = self.uses.get(select) else { return Ok(()) };
        left.set(left.get().saturating_sub(1));
        let kept = self
            .kept
            .borrow_mut()
            .get_mut(select)
            .and_then(|kept| if left.get() == 0 { kept.take() } else { kept.clone() });
        if let Some(kept) = kept {
            return kept.iter().try_for_each(|series| self.cancel.check().and_then(|()| read(series)));
        }
        let mut all = Vec::new();
        for series in self.queryable.select(&self.selects[select])? {
            self.cancel.check()?;
            let series = series?;
            self.series.set(self.series.get() + 1);
            read(&series)?;
            if left.get() > 0 {
                all.push(series);
            }
        }
        if left.get() > 0 {
            self.kept.borrow_mut()[select] = Some(Rc::new(all));
        }
        Ok(())
    }
}
