//! Whether a counter has started anew.

use super::bounds::bound;
use super::{CounterResetHint, FloatHistogram};

impl FloatHistogram {
    /// Whether there was a counter reset between `previous` and this one: by the hint if it says so, else if any count
    /// is lower than before, or if the resolution or the zero bucket changed in a way that only a reset explains.
    #[must_use]
    pub fn detect_reset(&self, previous: &Self) -> bool {
        match self.counter_reset_hint {
            CounterResetHint::CounterReset => return true,
            CounterResetHint::NotCounterReset => return false,
            // A gauge should not be asked; who asks all the same means a counter.
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        if self.uses_custom_buckets() {
            if !previous.uses_custom_buckets() {
                return true;
            }
            if self.custom_values != previous.custom_values {
                return self.decreased_in_common_bounds(previous);
            }
        }
        if self.schema > previous.schema
            // From exponential to custom buckets or back: nothing to compare.
            || self.uses_custom_buckets() != previous.uses_custom_buckets()
            || self.zero_threshold < previous.zero_threshold
        {
            return true;
        }
        let zero = previous.wider_zero(self.zero_threshold, None);
        if zero.threshold != self.zero_threshold || self.zero_count < zero.count {
            return true;
        }
        self.side_decreased(previous, true) || self.side_decreased(previous, false)
    }

    fn side_decreased(&self, previous: &Self, positive: bool) -> bool {
        let mut now = self.merged(positive, self.zero_threshold, self.schema).peekable();
        for (index, before) in previous.merged(positive, self.zero_threshold, self.schema) {
            while now.peek().is_some_and(|(at, _)| *at < index) {
                now.next();
            }
            let count = now.peek().filter(|(at, _)| *at == index).map(|(_, count)| *count);
            if count.map_or(before != 0.0, |count| count < before) {
                return true;
            }
        }
        false
    }

    /// Custom buckets of different bounds, compared between the bounds that both have.
    fn decreased_in_common_bounds(&self, previous: &Self) -> bool {
        let (mut now, mut before) = (Rollup::new(self), Rollup::new(previous));
        let (mut i, mut j) = (0i64, 0i64);
        let (ends_now, ends_before) = (self.custom_values.len() as i64, previous.custom_values.len() as i64);
        while i <= ends_now && j <= ends_before {
            let a = bound(i, self.schema, &self.custom_values);
            let b = bound(j, previous.schema, &previous.custom_values);
            if a == b {
                if now.up_to(a) < before.up_to(a) {
                    return true;
                }
                i += 1;
                j += 1;
            } else if a < b {
                i += 1;
            } else {
                j += 1;
            }
        }
        false
    }
}

/// Sums of custom buckets between ascending bounds.
struct Rollup<'a> {
    buckets: std::iter::Peekable<Box<dyn Iterator<Item = (f64, f64)> + 'a>>,
}

impl<'a> Rollup<'a> {
    fn new(h: &'a FloatHistogram) -> Self {
        let buckets: Box<dyn Iterator<Item = _>> = Box::new(h.positive().map(|b| (b.upper, b.count)));
        Self { buckets: buckets.peekable() }
    }

    /// The buckets that end at or below `end` and were not in an earlier answer.
    fn up_to(&mut self, end: f64) -> f64 {
        let mut sum = 0.0;
        while let Some((_, count)) = self.buckets.next_if(|(upper, _)| *upper <= end) {
            sum += count;
        }
        sum
    }
}
