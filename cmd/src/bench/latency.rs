//! How long requests took: a histogram of bounded size whose percentiles are exact to 0.8 %.

use std::time::Duration;

/// Steps per power of two.
const STEPS: u64 = 128;
const POWERS: usize = 40;

/// Durations, in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    counts: Vec<u64>,
    count: u64,
    longest: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; STEPS as usize * POWERS], count: 0, longest: 0 }
    }
}

impl Latencies {
    /// Counts one.
    pub(super) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = place(micros).min(self.counts.len() - 1);
        self.counts[place] += 1;
        self.count += 1;
        self.longest = self.longest.max(micros);
    }

    /// Counts all of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    /// Milliseconds that the share `q` did not exceed; 0 without any.
    pub(super) fn percentile_ms(&self, q: f64) -> f64 {
        let rank = ((self.count as f64 * q).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return largest(place).min(self.longest) as f64 / 1000.0;
            }
        }
        self.max_ms()
    }

    /// Milliseconds of the longest one.
    pub(super) fn max_ms(&self) -> f64 {
        self.longest as f64 / 1000.0
    }
}

/// Below [`STEPS`] one place per microsecond, then [`STEPS`] places per power of two.
fn place(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let power = micros.ilog2() - STEPS.ilog2();
    (u64::from(power + 1) * STEPS + (micros >> power) - STEPS) as usize
}

/// The largest number of a place.
fn largest(place: usize) -> u64 {
    let place = place as u64;
    if place < STEPS {
        return place;
    }
    let power = place / STEPS - 1;
    ((place % STEPS + STEPS + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_in_its_place() {
        for micros in (0..2000).chain((0..40).map(|power| (1 << power) + 12_345)) {
            let at = place(micros);
            assert!(largest(at) >= micros, "{micros}");
            assert!(at == 0 || largest(at - 1) < micros, "{micros}");
            assert!((largest(at) - micros) as f64 <= micros as f64 / 127.0, "{micros}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile_ms(0.5), 0.0);
        (1..=100).for_each(|ms| latencies.record(Duration::from_micros(ms)));
        assert_eq!(latencies.percentile_ms(0.5), 0.050);
        assert_eq!(latencies.percentile_ms(0.99), 0.099);
        assert_eq!(latencies.percentile_ms(1.0), 0.100);
        let mut other = Latencies::default();
        other.record(Duration::from_secs(1));
        latencies.merge(&other);
        assert_eq!((latencies.percentile_ms(0.5), latencies.max_ms()), (0.051, 1000.0));
    }
}
