//! Who is fetching what, so that nobody else does.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::EntryKey;
use crate::Error;

type Landed = Option<Result<Bytes, Error>>;
type Table = Mutex<HashMap<EntryKey, watch::Receiver<Landed>>>;

/// Entries on their way.
#[derive(Debug, Default)]
pub(super) struct Flights {
    table: Arc<Table>,
}

/// What a reader who misses an entry is to do.
pub(super) enum Turn {
    /// Fetch it.
    Claimed(Claim),
    /// Wait for who does.
    Waiting(Wait),
}

/// The duty to fetch an entry. Dropped without a result, it passes to one of those who wait.
#[derive(Debug)]
pub(super) struct Claim {
    table: Arc<Table>,
    pub(super) key: EntryKey,
    sender: watch::Sender<Landed>,
}

/// Waits for somebody's claim.
pub(super) struct Wait {
    receiver: watch::Receiver<Landed>,
}

impl Flights {
    /// Claims the entry, or waits for its claim.
    pub(super) fn turn(&self, key: &EntryKey) -> Turn {
        let mut table = self.table.lock();
        if let Some(receiver) = table.get(key) {
            return Turn::Waiting(Wait { receiver: receiver.clone() });
        }
        let (sender, receiver) = watch::channel(None);
        table.insert(key.clone(), receiver);
        Turn::Claimed(Claim { table: Arc::clone(&self.table), key: key.clone(), sender })
    }
}

impl Claim {
    /// Tells all who wait. The entry must be in memory before, so that who comes later finds it there.
    pub(super) fn land(self, result: Result<Bytes, Error>) {
        self.sender.send_replace(Some(result));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.table.lock().remove(&self.key);
    }
}

impl Wait {
    /// What came; `None` if the one who claimed it gave up: it is somebody else's turn.
    pub(super) async fn landed(mut self) -> Option<Result<Bytes, Error>> {
        // The value stays readable after its sender is gone.
        let landed = self.receiver.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}
