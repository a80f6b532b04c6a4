//! What each operator of an evaluation cost: counted only if somebody asks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::explain::Measured;

/// Costs by the operators' keys.
#[derive(Default)]
pub(crate) struct Measurements(RefCell<HashMap<usize, Cost>>);

/// One operator's cost so far; it may be evaluated more than once.
#[derive(Clone, Copy, Default)]
struct Cost {
    series: u64,
    samples: u64,
    bytes: u64,
    time: Duration,
}

/// An operator that is being evaluated. Its clock stands still while its output is taken.
pub(crate) struct Running {
    began: Instant,
    elsewhere: Duration,
    cost: Cost,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), elsewhere: Duration::ZERO, cost: Cost::default() }
    }

    /// Counts a series that is handed on, and runs what takes it.
    pub(crate) fn hand_on<T>(&mut self, samples: usize, bytes: usize, take: impl FnOnce() -> T) -> T {
        self.cost.series += 1;
        self.cost.samples += samples as u64;
        self.cost.bytes += bytes as u64;
        let left = Instant::now();
        let taken = take();
        self.elsewhere += left.elapsed();
        taken
    }
}

impl Measurements {
    /// Adds what a run has cost.
    pub(crate) fn add(&self, key: usize, run: &Running) {
        let mut costs = self.0.borrow_mut();
        let cost = costs.entry(key).or_default();
        cost.series += run.cost.series;
        cost.samples += run.cost.samples;
        cost.bytes += run.cost.bytes;
        cost.time += run.began.elapsed().saturating_sub(run.elsewhere);
    }

    /// What was measured of an operator.
    pub(crate) fn get(&self, key: usize) -> Option<Measured> {
        self.0.borrow().get(&key).map(|cost| Measured {
            series: cost.series,
            samples: cost.samples,
            bytes: cost.bytes,
            seconds: cost.time.as_secs_f64(),
            self_seconds: cost.time.as_secs_f64(),
        })
    }
}
