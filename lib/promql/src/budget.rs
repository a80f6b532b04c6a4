//! What one evaluation may hold in memory.

use std::cell::Cell;

use crate::Error;

/// Counts samples and bytes that an evaluation holds, refuses more than the limits, and remembers the peaks.
#[derive(Debug)]
pub(crate) struct Budget {
    max_samples: usize,
    max_bytes: usize,
    samples: Cell<usize>,
    bytes: Cell<usize>,
    peak_samples: Cell<usize>,
    peak_bytes: Cell<usize>,
}

/// A part of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    budget: &'a Budget,
    samples: usize,
    bytes: usize,
}

impl Budget {
    /// `max_bytes` 0 = unlimited.
    pub(crate) fn new(max_samples: usize, max_bytes: usize) -> Self {
        let zero = || Cell::new(0);
        Self {
            max_samples,
            max_bytes,
            samples: zero(),
            bytes: zero(),
            peak_samples: zero(),
            peak_bytes: zero(),
        }
    }

    /// An empty part that can grow.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held { budget: self, samples: 0, bytes: 0 }
    }

    pub(crate) fn peak_samples(&self) -> u64 {
        self.peak_samples.get() as u64
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes.get() as u64
    }
}

impl Held<'_> {
    /// Takes more; over a limit nothing is taken.
    pub(crate) fn grow(&mut self, samples: usize, bytes: usize) -> Result<(), Error> {
        let budget = self.budget;
        let all_samples = budget.samples.get().saturating_add(samples);
        let all_bytes = budget.bytes.get().saturating_add(bytes);
        if all_samples > budget.max_samples {
            return Err(Error::TooManySamples);
        }
        if budget.max_bytes != 0 && all_bytes > budget.max_bytes {
            return Err(Error::TooManyBytes { limit: budget.max_bytes });
        }
        budget.samples.set(all_samples);
        budget.bytes.set(all_bytes);
        budget.peak_samples.set(budget.peak_samples.get().max(all_samples));
        budget.peak_bytes.set(budget.peak_bytes.get().max(all_bytes));
        self.samples += samples;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives everything back and takes this instead.
    pub(crate) fn replace(&mut self, samples: usize, bytes: usize) -> Result<(), Error> {
        self.release();
        self.grow(samples, bytes)
    }

    fn release(&mut self) {
        self.budget.samples.set(self.budget.samples.get() - self.samples);
        self.budget.bytes.set(self.budget.bytes.get() - self.bytes);
        (self.samples, self.bytes) = (0, 0);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_over_a_limit_and_gives_back() {
        let budget = Budget::new(10, 100);
        let mut held = budget.hold();
        held.grow(6, 50).unwrap();
        assert_eq!(budget.hold().grow(5, 0), Err(Error::TooManySamples));
        assert_eq!(budget.hold().grow(0, 51), Err(Error::TooManyBytes { limit: 100 }));
        held.replace(10, 100).unwrap();
        drop(held);
        budget.hold().grow(10, 100).unwrap();
        assert_eq!((budget.peak_samples(), budget.peak_bytes()), (10, 100));
    }
}
