//! A flush on demand.

use mneme_model::{Cut, TenantId};
use tokio::sync::{mpsc, oneshot};

use crate::Ingester;

/// So many may wait.
const WAITING: usize = 16;

/// What a flush did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Everything stamped below this cut is in blocks, except for the tenants that failed.
    pub cut: Cut,
    /// Tenants that had something to flush.
    pub tenants: u64,
    /// Blocks committed.
    pub blocks: u64,
    /// Series in them; one that is in two blocks counts twice.
    pub series: u64,
    /// Samples in them, floats and histograms.
    pub samples: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Tenants that could not be flushed, with the reasons.
    pub failed: Vec<(TenantId, String)>,
}

/// A question for the task that flushes.
pub(crate) struct Request {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) done: oneshot::Sender<Result<FlushReport, String>>,
}

/// Where requests wait.
pub(crate) struct Requests {
    sender: mpsc::Sender<Request>,
    /// Taken by the task that flushes.
    receiver: tokio::sync::Mutex<mpsc::Receiver<Request>>,
}

impl Requests {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self { sender, receiver: tokio::sync::Mutex::new(receiver) }
    }

    /// The next one.
    pub(crate) async fn next(&self) -> Request {
        match self.receiver.lock().await.recv().await {
            Some(request) => request,
            // The sender lives as long as we do.
            None => std::future::pending().await,
        }
    }
}

impl Ingester {
    /// Asks for a flush of everything acknowledged until now, of one tenant or of all. The answer comes once it is done; whoever does
    /// not wait for it drops the receiver.
    ///
    /// # Errors
    /// What to tell the caller: not ready, or too many flushes wait.
    pub fn request_flush(
        &self,
        tenant: Option<TenantId>,
    ) -> Result<oneshot::Receiver<Result<FlushReport, String>>, String> {
        if !self.is_ready() {
            return Err("the write-ahead log is being replayed".to_owned());
        }
        let (done, receiver) = oneshot::channel();
        let full = |_| format!("{WAITING} flushes wait already");
        self.shared.requests.sender.try_send(Request { tenant, done }).map_err(full)?;
        Ok(receiver)
    }

    /// Asks for a flush and waits for its end.
    ///
    /// # Errors
    /// What to tell the caller: not ready, too many waiting, a cut that is not complete in time, or a process that ends.
    pub async fn flush(&self, tenant: Option<TenantId>) -> Result<FlushReport, String> {
        let receiver = self.request_flush(tenant)?;
        receiver.await.unwrap_or_else(|_| Err("the process is shutting down".to_owned()))
    }
}
