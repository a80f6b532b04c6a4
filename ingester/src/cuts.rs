//! Cuts the WAL regularly, and early when memory is short.

use std::time::Duration;

use mneme_model::Cut;
use tokio::time::Instant;

use crate::Error;
use crate::ingester::Shared;
use crate::tail::note_joins;

/// Between two early cuts at least.
const EARLY_PAUSE: Duration = Duration::from_secs(10);

/// Appends a cut when nobody did for an interval.
pub(crate) struct Cutter {
    interval: Duration,
    newest: Cut,
    since: Instant,
}

impl Cutter {
    /// The first cut is due an interval from now.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, newest: Cut::default(), since: Instant::now() }
    }

    /// Appends a cut if one is due, or `early` if there was none just now; somebody else's counts as well.
    pub(crate) async fn cut_if_due(&mut self, shared: &Shared, early: bool) -> Result<(), Error> {
        let mut log = shared.log.lock().await;
        if log.cut() > self.newest {
            let first_look = self.newest == Cut::default();
            self.newest = log.cut();
            if !first_look {
                self.since = Instant::now();
            }
        }
        let interval = if early { self.interval.min(EARLY_PAUSE) } else { self.interval };
        if self.since.elapsed() < interval {
            return Ok(());
        }
        let appended = log.append_cut(shared.clock.now_ms(), &shared.attempts).await;
        note_joins(shared, &log);
        self.newest = appended?;
        self.since = Instant::now();
        tracing::info!(cut = %self.newest, early, "the write-ahead log is cut");
        shared.tell_cut(self.newest);
        Ok(())
    }
}

/// Appends a cut and tells it: everything acknowledged until now is stamped below.
pub(crate) async fn cut_now(shared: &Shared) -> Result<Cut, Error> {
    let mut log = shared.log.lock().await;
    let appended = log.append_cut(shared.clock.now_ms(), &shared.attempts).await;
    note_joins(shared, &log);
    let cut = appended?;
    shared.tell_cut(cut);
    Ok(cut)
}

impl Shared {
    /// Tells a cut to whoever waits for it.
    pub(crate) fn tell_cut(&self, cut: Cut) {
        self.metrics.cut.set(i64::try_from(cut.0).unwrap_or(i64::MAX));
        self.cuts.send_if_modified(|newest| {
            let newer = cut > *newest;
            *newest = cut.max(*newest);
            newer
        });
    }
}
