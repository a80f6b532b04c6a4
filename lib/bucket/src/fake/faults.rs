//! What goes wrong, and how often.

use std::time::Duration;

use super::random::Random;

/// How often each fault happens, per thousand requests. At most one of the faults of a request is drawn, and a delay beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// An error, and nothing happened: refused, throttled, or a body that broke off half-way (a store that is atomic keeps
    /// nothing of it).
    pub error_before: u16,
    /// An error, but it happened.
    pub error_after: u16,
    /// It happened, but no answer ever comes.
    pub lost_reply: u16,
    /// "Exists" or "conflict", although nothing is there and nothing happened (409 of two writers at once).
    pub conflict: u16,
    /// An error, and it happens a few requests later, perhaps long after the caller went on.
    pub late: u16,
    /// Of a put or create: an error, and the first half of the bytes is the object. **No store that Mneme runs on does
    /// this**: S3, GCS and Azure keep nothing of a body that breaks off, and a local directory names a file only once it is
    /// whole. It shows what a file gateway in between, or a flipped disk, would do.
    pub torn: u16,
    /// Of a read: somebody (a cleaner, a truncation) deletes the object just before. Only for places where deletion behind a
    /// reader is allowed to happen.
    pub deleted: u16,
    /// Of a range read: fewer bytes than were asked for, as a success (a body that broke off and nobody counted).
    pub short_range: u16,
    /// Of a range read: more bytes than were asked for, as a success (the rest of the object: a store that does not know
    /// ranges).
    pub long_range: u16,
    /// Of a listing: each object that was created within the last few requests is missing or not, by chance. Stores of today
    /// do not do this (S3 did until 2020).
    pub unlisted: u16,
    /// Of a listing: in any order.
    pub disordered: u16,
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
            torn: 0,
            deleted: 0,
            short_range: 0,
            long_range: 0,
            unlisted: 0,
            disordered: 0,
            delay: 0,
            longest_delay: Duration::ZERO,
        }
    }

    /// A third of all requests go wrong, in every way in which a store that keeps its promises can; half of them are slow.
    #[must_use]
    pub fn nasty() -> Self {
        Self {
            error_before: 80,
            error_after: 80,
            lost_reply: 40,
            conflict: 80,
            late: 60,
            disordered: 300,
            delay: 500,
            longest_delay: Duration::from_millis(200),
            ..Self::none()
        }
    }

    /// [`Self::nasty`], and of the range reads that are answered some with too few bytes or too many.
    #[must_use]
    pub fn nasty_ranges() -> Self {
        Self { short_range: 100, long_range: 100, ..Self::nasty() }
    }

    /// Every request is refused: a store that is down, or a full disk as far as writes go.
    #[must_use]
    pub fn down() -> Self {
        Self { error_before: 1000, ..Self::none() }
    }

    /// Every answer is right and takes up to `longest`.
    #[must_use]
    pub fn slow(longest: Duration) -> Self {
        Self { delay: 1000, longest_delay: longest, ..Self::none() }
    }

    pub(super) fn draw(&self, random: &mut Random) -> Fault {
        let mut point = random.below(1000) as u16;
        for (share, fault) in [
            (self.error_before, Fault::ErrorBefore),
            (self.error_after, Fault::ErrorAfter),
            (self.lost_reply, Fault::LostReply),
            (self.conflict, Fault::Conflict),
            (self.late, Fault::Late(1 + random.below(6))),
            (self.torn, Fault::Torn),
            (self.deleted, Fault::Deleted),
            (self.unlisted, Fault::Unlisted),
            (self.disordered, Fault::Disordered),
            (self.short_range, Fault::ShortRange),
            (self.long_range, Fault::LongRange),
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
    Torn,
    Deleted,
    Unlisted,
    Disordered,
    ShortRange,
    LongRange,
}
