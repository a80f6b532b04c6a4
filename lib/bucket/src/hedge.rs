//! When something is asked for a second time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// How many answers are remembered.
const REMEMBERED: usize = 128;

/// The 95th of 100 answers decides: about one in twenty is hedged, whatever the store's pace. A store that is slow as a whole
/// raises it, and so is not asked twice for everything.
const PERCENTILE: usize = 95;

/// What a second read costs, in first reads: so many of these pay for one.
const PRICE: u32 = 10;

/// Second reads that may be saved up.
const SAVED: u32 = 10;

/// Watches how long requests take and says after which time one is worth a second request.
#[derive(Debug)]
pub(crate) struct Hedge {
    floor: Duration,
    recent: Mutex<Recent>,
    savings: AtomicU32,
}

#[derive(Debug, Default)]
struct Recent {
    times: Vec<Duration>,
    next: usize,
}

impl Hedge {
    /// Nothing seen yet; never sooner than `floor`.
    pub(crate) fn new(floor: Duration) -> Self {
        Self { floor, recent: Mutex::default(), savings: AtomicU32::new(PRICE * SAVED) }
    }

    /// Whether one more second request keeps their share below a tenth, whatever the store's pace; takes it if so.
    pub(crate) fn afford(&self) -> bool {
        let pay = |savings: u32| savings.checked_sub(PRICE);
        self.savings.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }

    /// Notes how long a request took until its success was known, hedge included.
    pub(crate) fn observe(&self, took: Duration) {
        let save = |savings: u32| (savings < PRICE * SAVED).then_some(savings + 1);
        let _ = self.savings.fetch_update(Ordering::Relaxed, Ordering::Relaxed, save);
        let mut recent = self.recent.lock();
        let place = recent.next;
        recent.next = (place + 1) % REMEMBERED;
        match recent.times.get_mut(place) {
            Some(time) => *time = took,
            None => recent.times.push(took),
        }
    }

    /// After this long without an answer the same bytes are sent once more.
    pub(crate) fn delay(&self) -> Duration {
        let mut times = self.recent.lock().times.clone();
        if times.is_empty() {
            return self.floor;
        }
        let place = (times.len() * PERCENTILE / 100).min(times.len() - 1);
        let (_, percentile, _) = times.select_nth_unstable(place);
        (*percentile).max(self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_follows_the_slowest_twentieth_but_not_below_the_floor() {
        let hedge = Hedge::new(Duration::from_millis(100));
        assert_eq!(hedge.delay(), Duration::from_millis(100));
        for ms in 1..=100 {
            hedge.observe(Duration::from_millis(ms));
        }
        assert_eq!(hedge.delay(), Duration::from_millis(100), "the 96th of 100 is below the floor");
        for _ in 0..REMEMBERED {
            hedge.observe(Duration::from_millis(700));
        }
        assert_eq!(hedge.delay(), Duration::from_millis(700), "a slow store is asked later");
        for _ in 0..REMEMBERED {
            hedge.observe(Duration::from_millis(20));
        }
        assert_eq!(hedge.delay(), Duration::from_millis(100), "and what is past is forgotten");
    }

    #[test]
    fn second_reads_are_a_tenth_of_the_first_at_most() {
        let hedge = Hedge::new(Duration::from_millis(100));
        let saved = (0..100).filter(|_| hedge.afford()).count();
        assert_eq!(saved, SAVED as usize);
        let mut hedged = 0;
        for _ in 0..1000 {
            hedge.observe(Duration::from_millis(1));
            hedged += usize::from(hedge.afford());
        }
        assert_eq!(hedged, 100);
    }
}
