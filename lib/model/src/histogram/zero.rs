//! Making the zero buckets of two histograms equally wide.

use super::FloatHistogram;
use super::kahan::{KahanSum, kahan_add};

/// What the zero bucket would be if it were wider.
pub(super) struct WiderZero {
    pub(super) count: f64,
    pub(super) threshold: f64,
    pub(super) compensation: f64,
}

impl FloatHistogram {
    /// The zero bucket if it reached to `threshold` (at least the present one), or farther where that lies within a
    /// populated bucket: then to that bucket's far end. With the compensation of a Kahan sum, that is added too.
    pub(super) fn wider_zero(&self, threshold: f64, c: Option<&Self>) -> WiderZero {
        let mut threshold = threshold;
        let mut compensation = c.map_or(0.0, |c| c.zero_count);
        if threshold == self.zero_threshold {
            return WiderZero { count: self.zero_count, threshold, compensation };
        }
        loop {
            let mut zero = KahanSum { sum: self.zero_count, compensation };
            let compensations = c.map_or(&[][..], |c| &c.positive_buckets);
            for (at, bucket) in self.positive().take_while(|b| b.lower < threshold).enumerate() {
                zero.add(bucket.count);
                if c.is_some() {
                    zero.add(compensations.get(at).copied().unwrap_or(0.0));
                }
                if bucket.upper > threshold {
                    if bucket.count != 0.0 {
                        threshold = bucket.upper;
                    }
                    break;
                }
            }
            let mut again = false;
            let compensations = c.map_or(&[][..], |c| &c.negative_buckets);
            for (at, bucket) in self.negative().take_while(|b| b.upper > -threshold).enumerate() {
                zero.add(bucket.count);
                if c.is_some() {
                    zero.add(compensations.get(at).copied().unwrap_or(0.0));
                }
                if bucket.lower < -threshold {
                    // The positive buckets were looked at with too narrow a threshold: once more.
                    if bucket.count != 0.0 {
                        threshold = -bucket.lower;
                        again = true;
                    }
                    break;
                }
            }
            compensation = zero.compensation;
            if !again {
                return WiderZero { count: zero.sum, threshold, compensation };
            }
        }
    }

    /// Widens this zero bucket until it can be added to `other`'s; the answer is what `other`'s would then hold, with
    /// its compensation. Thresholds that cannot be compared stay as they are.
    pub(super) fn reconcile_zero(&mut self, other: &Self, mut c: Option<&mut Self>) -> KahanSum {
        let mut theirs =
            WiderZero { count: other.zero_count, threshold: other.zero_threshold, compensation: 0.0 };
        loop {
            if self.zero_threshold > theirs.threshold {
                theirs = other.wider_zero(self.zero_threshold, None);
            }
            if theirs.threshold > self.zero_threshold {
                let ours = self.wider_zero(theirs.threshold, c.as_deref());
                self.zero_count = ours.count;
                self.zero_threshold = ours.threshold;
                if let Some(c) = c.as_deref_mut() {
                    c.zero_count = ours.compensation;
                }
                self.clear_inside_zero(c.as_deref_mut());
            } else {
                break;
            }
        }
        KahanSum { sum: theirs.count, compensation: theirs.compensation }
    }

    /// Removes the buckets that the zero bucket has swallowed.
    pub(super) fn clear_inside_zero(&mut self, c: Option<&mut Self>) {
        let positive = self.positive().take_while(|b| b.lower < self.zero_threshold).count();
        let negative = self.negative().take_while(|b| b.upper > -self.zero_threshold).count();
        self.positive_buckets[..positive].fill(0.0);
        self.negative_buckets[..negative].fill(0.0);
        match c {
            None => self.compact(0),
            Some(c) => {
                c.positive_buckets.iter_mut().take(positive).for_each(|v| *v = 0.0);
                c.negative_buckets.iter_mut().take(negative).for_each(|v| *v = 0.0);
                self.compact_with(c, 0);
            }
        }
    }

    /// Adds `more` with its compensation to the zero bucket and the zero bucket of `c`.
    pub(super) fn add_zero(&mut self, c: &mut Self, more: KahanSum) {
        kahan_add(more.sum, &mut self.zero_count, &mut c.zero_count);
        kahan_add(more.compensation, &mut self.zero_count, &mut c.zero_count);
    }
}
