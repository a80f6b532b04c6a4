//! Which cut is complete, and what to do with writers that hold one up.

use std::sync::Arc;
use std::time::Duration;

use mneme_model::Cut;
use tokio::time::Instant;

use crate::Error;
use crate::checkpoint::Places;
use crate::ingester::Shared;
use crate::tail::catch_up;
use crate::writer::SharedWriter;

/// A writer that holds a cut up for so long is sealed.
const LONGEST_HOLD: Duration = Duration::from_secs(30);

/// The newest cut that is complete: nothing will be stamped below it any more, and what was is handed to the heads.
/// `newest` is the newest one in the log.
pub(crate) async fn newest_complete(shared: &Shared, newest: Cut) -> Cut {
    let mut complete = newest;
    for writer in shared.writers.all() {
        let mut writer = writer.lock().await;
        if writer.is_past(newest) {
            writer.holds_up = None;
            continue;
        }
        complete = complete.min(writer.newest_bound());
        match writer.holds_up {
            Some((cut, _)) if cut <= newest => {}
            _ => writer.holds_up = Some((newest, Instant::now())),
        }
    }
    complete
}

/// Where reading goes on behind a complete cut, whose entry in the log is number `log`; and the writers that are finished.
pub(crate) async fn places(shared: &Shared, cut: Cut, log: u64) -> (Places, Vec<SharedWriter>) {
    let mut places = Places { log, ..Places::default() };
    let mut finished = Vec::new();
    for shared_writer in shared.writers.all() {
        let writer = shared_writer.lock().await;
        if writer.id.0 > log {
            continue;
        }
        match writer.first_since(cut) {
            Some(first) => drop(places.writers.insert(writer.id, first)),
            None if writer.sealed => finished.push(Arc::clone(&shared_writer)),
            // It joined before the cut's entry and is past the cut without a segment: it cannot be.
            None => drop(places.writers.insert(writer.id, writer.position + 1)),
        }
    }
    (places, finished)
}

/// Seals the writers that have held a cut up for too long: a process that ended, or one that cannot reach the log. It is always
/// safe: a writer that meets its seal joins again.
pub(crate) async fn seal_holders(shared: &Arc<Shared>) -> Result<(), Error> {
    for shared_writer in shared.writers.all() {
        let writer = Arc::clone(&shared_writer).lock_owned().await;
        let Some((cut, since)) = writer.holds_up else { continue };
        if writer.is_past(cut) || since.elapsed() < LONGEST_HOLD {
            continue;
        }
        // Perhaps it only does not deliver.
        let writer = catch_up(shared, writer, None).await?;
        if writer.is_past(cut) {
            continue;
        }
        let (id, position) = (writer.id, writer.position);
        let (now, attempts) = (shared.clock.now_ms(), &*shared.attempts);
        let newest = *shared.cuts.borrow();
        let seq = mneme_wal::seal(&shared.bucket, id, position, newest, now, attempts).await?;
        shared.metrics.sealed_writers.inc();
        tracing::warn!(writer = %id, seq, %cut, "a writer held up a cut of the write-ahead log for {LONGEST_HOLD:?} and is sealed");
        drop(catch_up(shared, writer, None).await?);
    }
    Ok(())
}
