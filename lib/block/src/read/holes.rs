//! When a series has no samples any more.

use std::sync::Arc;

use mneme_model::TimestampMs;

/// The times of one series at which it has no samples any more. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holes {
    /// Ascending; they do not meet. `None`: there are none.
    ranges: Option<Arc<[(TimestampMs, TimestampMs)]>>,
}

impl Holes {
    /// Those of some deletions, in any order.
    #[must_use]
    pub fn new(mut ranges: Vec<(TimestampMs, TimestampMs)>) -> Self {
        if ranges.is_empty() {
            return Self::default();
        }
        ranges.retain(|(start, end)| start <= end);
        ranges.sort_unstable();
        let mut joined: Vec<(TimestampMs, TimestampMs)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match joined.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        Self { ranges: (!joined.is_empty()).then(|| joined.into()) }
    }

    fn ranges(&self) -> &[(TimestampMs, TimestampMs)] {
        self.ranges.as_deref().unwrap_or_default()
    }

    /// Whether nothing is deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_none()
    }

    /// Whether a time is deleted.
    #[must_use]
    pub fn contain(&self, t: TimestampMs) -> bool {
        let at = self.ranges().partition_point(|(_, end)| *end < t);
        self.ranges().get(at).is_some_and(|(start, _)| *start <= t)
    }

    /// Whether all of `start..=end` is deleted.
    #[must_use]
    pub fn cover(&self, start: TimestampMs, end: TimestampMs) -> bool {
        let at = self.ranges().partition_point(|(_, last)| *last < start);
        self.ranges().get(at).is_some_and(|(first, last)| *first <= start && end <= *last)
    }

    /// Whether some of `start..=end` is deleted.
    #[must_use]
    pub fn overlap(&self, start: TimestampMs, end: TimestampMs) -> bool {
        let at = self.ranges().partition_point(|(_, last)| *last < start);
        self.ranges().get(at).is_some_and(|(first, _)| *first <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_meet_are_one() {
        let holes = Holes::new(vec![(20, 29), (5, 9), (10, 12), (28, 40), (9, 3)]);
        assert_eq!(holes.ranges(), [(5, 12), (20, 40)]);
        assert!(holes.cover(5, 12) && holes.cover(20, 40) && !holes.cover(5, 13) && !holes.cover(13, 13));
        assert!(holes.overlap(12, 15) && holes.overlap(0, 100) && !holes.overlap(13, 19));
        assert!(holes.contain(5) && holes.contain(40) && !holes.contain(13) && !holes.contain(41));
        assert!(Holes::new(Vec::new()).is_empty() && !Holes::default().overlap(i64::MIN, i64::MAX));
    }
}
