//! Keys that are being changed: one change at a time each, and nobody sees them until it is durable.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The set of held keys.
#[derive(Debug, Default)]
pub(super) struct Pending {
    keys: Mutex<HashSet<String>>,
    released: Notify,
}

/// A key held by one change; released on drop.
#[derive(Debug)]
pub(super) struct Held {
    pending: Arc<Pending>,
    key: String,
}

impl Pending {
    /// Waits until nobody holds `key`, then holds it. The caller's deadline bounds the wait.
    pub(super) async fn hold(pending: &Arc<Self>, key: &str) -> Held {
        loop {
            let released = pending.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if pending.keys.lock().insert(key.to_owned()) {
                return Held { pending: Arc::clone(pending), key: key.to_owned() };
            }
            released.await;
        }
    }

    /// Waits until nobody holds `key`. The caller's deadline bounds the wait.
    pub(super) async fn settled(&self, key: &str) {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if !self.is_held(key) {
                return;
            }
            released.await;
        }
    }

    pub(super) fn is_held(&self, key: &str) -> bool {
        self.keys.lock().contains(key)
    }

    pub(super) fn keys(&self) -> HashSet<String> {
        self.keys.lock().clone()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pending.keys.lock().remove(&self.key);
        self.pending.released.notify_waiters();
    }
}
