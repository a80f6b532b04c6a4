//! What reading blocks stands on.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::{ParsedCache, RangeReader, ReadOptions};
use crate::Error;

/// Where the bytes come from, what is kept of them, and who computes. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    /// Gives ranges of files.
    pub reader: Arc<dyn RangeReader>,
    /// Trade-offs.
    pub options: ReadOptions,
    /// What was parsed before; `None`: everything is parsed each time.
    pub parsed: Option<Arc<ParsedCache>>,
    /// Threads that unpack and decode; `None`: whoever asks does it himself, which is right for tools and tests only.
    pub workers: Option<Arc<dyn Workers>>,
}

/// Work that takes long enough to hold up others on the same thread.
pub type Work = Box<dyn FnOnce() + Send>;

/// Threads that compute.
#[async_trait]
pub trait Workers: Send + Sync {
    /// Has the work done, and comes back when it is. Work whose asker has gone need not be begun.
    ///
    /// # Errors
    /// Why it was not done, for people.
    async fn run(&self, work: Work) -> Result<(), String>;
}

impl Access {
    /// Nothing is kept, and whoever asks computes.
    #[must_use]
    pub fn new(reader: Arc<dyn RangeReader>, options: ReadOptions) -> Self {
        Self { reader, options, parsed: None, workers: None }
    }

    /// Computes on a worker's thread. Dropping the future gives up work that was not begun.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(workers) = &self.workers else { return work() };
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(move || {
            if !sender.is_closed() {
                let _ = sender.send(work());
            }
        });
        workers.run(work).await.map_err(Error::NotDone)?;
        receiver.await.map_err(|_| Error::NotDone("the work failed unexpectedly".to_owned()))?
    }
}
