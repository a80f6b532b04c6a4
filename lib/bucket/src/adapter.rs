//! Any backend of the `object_store` crate as a [`Store`].

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::{Created, Error, Listing, Object, Store};

/// Wraps a backend of the `object_store` crate. It must create atomically (`PutMode::Create`).
#[derive(Clone, Debug)]
pub struct ObjectStoreAdapter {
    inner: Arc<dyn ObjectStore>,
}

impl ObjectStoreAdapter {
    /// The adapter of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner }
    }
}

#[async_trait]
impl Store for ObjectStoreAdapter {
    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        let result = self.inner.get(&path(key)?).await.map_err(|error| failed("get", key, &error))?;
        result.bytes().await.map_err(|error| failed("get", key, &error))
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let bytes = self
            .inner
            .get_range(&path(key)?, range.clone())
            .await
            .map_err(|error| failed("get", key, &error))?;
        // Stores cut a range at the object's end instead of refusing it.
        if bytes.len() as u64 != range.end.saturating_sub(range.start) {
            return Err(Error::Range { key: key.to_owned(), start: range.start, end: range.end });
        }
        Ok(bytes)
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        self.inner.head(&path(key)?).await.map(object).map_err(|error| failed("head", key, &error))
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        self.inner.put(&path(key)?, bytes.into()).await.map_err(|error| failed("put", key, &error))?;
        Ok(())
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        let path = match path(key) {
            Ok(path) => path,
            Err(error) => return Created::Unknown(error),
        };
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.inner.put_opts(&path, bytes.into(), options).await {
            Ok(_) => Created::Yes,
            Err(object_store::Error::AlreadyExists { .. }) => Created::Exists,
            Err(error) => Created::Unknown(failed("create", key, &error)),
        }
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        let prefix_path = if prefix.is_empty() { None } else { Path::parse(prefix).ok() };
        let prefix = prefix.to_owned();
        let stream = match after.and_then(|key| Path::parse(key).ok()) {
            Some(after) => self.inner.list_with_offset(prefix_path.as_ref(), &after),
            None => self.inner.list(prefix_path.as_ref()),
        };
        stream.map_ok(object).map_err(move |error| failed("list", &prefix, &error)).boxed()
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.inner.delete(&path(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("delete", key, &error)),
        }
    }
}

fn path(key: &str) -> Result<Path, Error> {
    Path::parse(key).map_err(|_| Error::InvalidKey { key: key.to_owned(), reason: "the store refuses it" })
}

fn object(meta: ObjectMeta) -> Object {
    Object { key: meta.location.into(), size: meta.size, modified_ms: meta.last_modified.timestamp_millis() }
}

fn failed(operation: &'static str, key: &str, error: &object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::NotFound { key: key.to_owned() },
        error => Error::Store { operation, key: key.to_owned(), reason: error.to_string() },
    }
}
