//! What a store said over HTTP, where the library's errors say less.

use std::sync::Arc;

use http::{Extensions, HeaderMap, StatusCode};
use parking_lot::Mutex;

/// Goes with a request as an extension and comes back with the head of its last response. Stores without HTTP leave it empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply(Arc<Mutex<Option<(StatusCode, HeaderMap)>>>);

impl Reply {
    /// Extensions that carry it.
    pub(crate) fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(self.clone());
        extensions
    }

    pub(super) fn note(&self, status: StatusCode, headers: &HeaderMap) {
        *self.0.lock() = Some((status, headers.clone()));
    }

    /// The status, if there was a response.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.0.lock().as_ref().map(|(status, _)| *status)
    }

    /// A header of the response.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.0.lock();
        let (_, headers) = head.as_ref()?;
        Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
    }
}
