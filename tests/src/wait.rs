//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Asks `condition` until it gives a value; panics with `what` after `deadline`.
pub fn until<T>(what: &str, deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} in vain for: {what}");
        // The only pause in the tests: between two looks at a condition.
        std::thread::sleep(Duration::from_millis(20));
    }
}
