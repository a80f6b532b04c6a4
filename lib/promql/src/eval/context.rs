//! What all operators of one evaluation share.

use std::cell::{Cell, RefCell};

use super::{Measurements, Steps};
use crate::annotations::{Annotations, Note, Notes};
use crate::ast::PosRange;
use crate::budget::{Budget, Held};
use crate::{Cancel, Error, Features, Plan, Queryable, Select, SeriesSink};

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
    /// Per select: whether a selector has read it.
    was_read: Vec<Cell<bool>>,
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
            was_read: vec![Cell::new(false); plan.selects().len()],
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

    /// Hands the series of a select to `read`. They count once, however many selectors read them.
    pub(crate) fn each_series(&self, select: usize, read: &mut SeriesSink<'_>) -> Result<(), Error> {
        let Some(question) = self.selects.get(select) else { return Ok(()) };
        let counts = u64::from(!self.was_read[select].replace(true));
        self.queryable.select(question, &mut |labels, samples| {
            self.cancel.check()?;
            self.series.set(self.series.get() + counts);
            read(labels, samples)
        })
    }
}
