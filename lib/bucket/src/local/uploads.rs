//! Files of objects that come in parts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::unfinished::Draft;
use crate::Error;

/// The uploads that are under way.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    files: Mutex<HashMap<String, Arc<Growing>>>,
    next: AtomicU64,
}

/// A file that is being written; gone once it has its name. Its temporary name goes with the last who holds this.
#[derive(Debug)]
pub(super) struct Growing(RwLock<Option<Draft>>);

impl Uploads {
    /// Notes the file; returns the upload's name.
    pub(super) fn begin(&self, draft: Draft) -> String {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        self.files.lock().insert(name.clone(), Arc::new(Growing(RwLock::new(Some(draft)))));
        name
    }

    pub(super) fn find(&self, key: &str, upload: &str) -> Result<Arc<Growing>, Error> {
        self.files.lock().get(upload).cloned().ok_or_else(|| gone(key))
    }

    pub(super) fn forget(&self, upload: &str) {
        self.files.lock().remove(upload);
    }
}

impl Growing {
    /// Works on the file, beside others.
    pub(super) fn with<T>(
        &self,
        key: &str,
        work: impl FnOnce(&Draft) -> Result<T, Error>,
    ) -> Result<T, Error> {
        work(self.0.read().as_ref().ok_or_else(|| gone(key))?)
    }

    /// Works on the file alone, which is then done with.
    pub(super) fn finish(
        &self,
        key: &str,
        work: impl FnOnce(&mut Draft) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut file = self.0.write();
        work(file.as_mut().ok_or_else(|| gone(key))?)?;
        *file = None;
        Ok(())
    }
}

fn gone(key: &str) -> Error {
    Error::NotFound { key: key.to_owned() }
}
