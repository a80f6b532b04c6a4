//! Stops what takes too long.

use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use mneme_promql::Cancel;

/// One evaluation under watch.
pub(super) struct Watch {
    cancel: Cancel,
    until: Instant,
}

impl Watch {
    /// From now on for so long.
    pub(super) fn start(patience: Duration) -> Self {
        let watch = Self { cancel: Cancel::new(), until: Instant::now() + patience };
        let told = watcher().send((watch.cancel.clone(), watch.until));
        told.expect("the watcher lives as long as the process");
        watch
    }

    pub(super) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// How long ago the end should have come.
    pub(super) fn late(&self) -> Duration {
        self.until.elapsed()
    }
}

/// One thread for all: what it was told last is what runs.
fn watcher() -> &'static Sender<(Cancel, Instant)> {
    static WATCHER: OnceLock<Sender<(Cancel, Instant)>> = OnceLock::new();
    WATCHER.get_or_init(|| {
        let (tell, told) = mpsc::channel::<(Cancel, Instant)>();
        std::thread::spawn(move || {
            let Ok(mut watched) = told.recv() else { return };
            loop {
                let left = watched.1.saturating_duration_since(Instant::now());
                match told.recv_timeout(left) {
                    Ok(next) => watched = next,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        watched.0.cancel();
                        let Ok(next) = told.recv() else { return };
                        watched = next;
                    }
                }
            }
        });
        tell
    })
}
