//! What goes wrong, and how often.

use std::time::Duration;

use crate::attempt::mix;

/// How often each fault happens, per thousand requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// An error, and nothing happened.
    pub error_before: u16,
    /// An error, but it happened.
    pub error_after: u16,
    /// It happened, but no answer ever comes.
    pub lost_reply: u16,
    /// "Exists" or "conflict", although nothing is there and nothing happened.
    pub conflict: u16,
    /// An error, and it happens a few requests later.
    pub late: u16,
    /// The answer takes up to `longest_delay`.
    pub delay: u16,
    /// See `delay`.
    pub longest_delay: Duration,
}

impl Faults {
    /// A store that behaves.
    #[must_use]
    pub fn none() -> Self {
        Self {
            error_before: 0,
            error_after: 0,
            lost_reply: 0,
            conflict: 0,
            late: 0,
            delay: 0,
            longest_delay: Duration::ZERO,
        }
    }

    /// A third of all requests go wrong, in every way; half of them are slow.
    #[must_use]
    pub fn nasty() -> Self {
        Self {
            error_before: 80,
            error_after: 80,
            lost_reply: 40,
            conflict: 80,
            late: 60,
            delay: 500,
            longest_delay: Duration::from_millis(200),
        }
    }

    pub(super) fn draw(&self, random: &mut Random) -> Fault {
        let mut point = random.below(1000) as u16;
        for (share, fault) in [
            (self.error_before, Fault::ErrorBefore),
            (self.error_after, Fault::ErrorAfter),
            (self.lost_reply, Fault::LostReply),
            (self.conflict, Fault::Conflict),
            (self.late, Fault::Late(1 + random.below(6))),
        ] {
            if point < share {
                return fault;
            }
            point -= share;
        }
        Fault::None
    }

    pub(super) fn draw_delay(&self, random: &mut Random) -> Duration {
        let slow = random.below(1000) < u64::from(self.delay);
        let longest = u64::try_from(self.longest_delay.as_micros()).unwrap_or(u64::MAX);
        if slow && longest > 0 { Duration::from_micros(random.below(longest)) } else { Duration::ZERO }
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    ErrorBefore,
    ErrorAfter,
    LostReply,
    Conflict,
    /// After so many further requests.
    Late(u64),
}

/// SplitMix64.
#[derive(Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    /// `0..n`, for n > 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state) % n
    }
}
