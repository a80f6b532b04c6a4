//! The word that the process is ending, to whoever works in it.

use tokio::sync::watch;

/// Says that work should end. Dropping it says so too.
#[derive(Debug)]
pub struct Signal(watch::Sender<bool>);

/// Hears that work should end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Drain(watch::Receiver<bool>);

/// A signal and its hearer.
#[must_use]
pub fn channel() -> (Signal, Drain) {
    let (sender, receiver) = watch::channel(false);
    (Signal(sender), Drain(receiver))
}

impl Signal {
    /// From now on [`Drain::started`] returns.
    pub fn start(&self) {
        self.0.send_replace(true);
    }
}

impl Drain {
    /// Waits until the process begins to end.
    pub async fn started(&self) {
        let mut receiver = self.0.clone();
        // An error means that the signal is gone, and with it the process's main part.
        let _ = receiver.wait_for(|started| *started).await;
    }

    /// Whether the process is ending.
    #[must_use]
    pub fn has_started(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_hearer_hears_the_signal_or_its_end() {
        let (signal, drain) = channel();
        assert!(!drain.has_started());
        signal.start();
        drain.clone().started().await;
        assert!(drain.has_started());

        let (signal, drain) = channel();
        drop(signal);
        drain.started().await;
        assert!(drain.has_started());
    }
}
