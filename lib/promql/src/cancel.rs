//! How a running evaluation is stopped from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::Error;

const RUNNING: u8 = 0;
const CANCELED: u8 = 1;
const TIMED_OUT: u8 = 2;

/// A switch that the evaluation looks at often (at least once per series). Cheap to clone, all clones are one switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicU8>);

impl Cancel {
    /// A switch that nobody has thrown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the evaluation with [`Error::Canceled`].
    pub fn cancel(&self) {
        self.stop(CANCELED);
    }

    /// Stops the evaluation with [`Error::Timeout`].
    pub fn time_out(&self) {
        self.stop(TIMED_OUT);
    }

    /// An error once somebody has stopped the query.
    pub fn check(&self) -> Result<(), Error> {
        match self.0.load(Ordering::Relaxed) {
            RUNNING => Ok(()),
            TIMED_OUT => Err(Error::Timeout),
            _ => Err(Error::Canceled),
        }
    }

    /// The first reason stays.
    fn stop(&self, reason: u8) {
        let _ = self.0.compare_exchange(RUNNING, reason, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Work inside one series that would take too long without a look at the switch.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    cancel: &'a Cancel,
    left: usize,
}

impl<'a> Work<'a> {
    /// So many samples are looked at in about a millisecond.
    const BETWEEN_LOOKS: usize = 1 << 20;

    pub(crate) fn new(cancel: &'a Cancel) -> Self {
        Self { cancel, left: Self::BETWEEN_LOOKS }
    }

    /// Accounts for `samples` that were or will be looked at.
    pub(crate) fn done(&mut self, samples: usize) -> Result<(), Error> {
        match self.left.checked_sub(samples) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = Self::BETWEEN_LOOKS;
                self.cancel.check()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays() {
        let cancel = Cancel::new();
        assert_eq!(cancel.check(), Ok(()));
        let other = cancel.clone();
        other.time_out();
        cancel.cancel();
        assert_eq!(cancel.check(), Err(Error::Timeout));
    }
}
