//! A task that panics must not leave anybody waiting.

use std::sync::Arc;

use super::shared::Shared;
use crate::AppendError;

/// Fails the writer when the task that holds it panics: nobody would go on with its work.
pub(super) struct FailOnPanic {
    shared: Arc<Shared>,
    task: &'static str,
}

impl FailOnPanic {
    pub(super) fn new(shared: &Arc<Shared>, task: &'static str) -> Self {
        Self { shared: Arc::clone(shared), task }
    }
}

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let error = AppendError::Failed(format!("the {} panicked", self.task));
            tracing::error!(%error, "the write-ahead log stops");
            self.shared.fail(&error);
        }
    }
}
