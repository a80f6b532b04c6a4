//! Any backend of the `object_store` crate as a [`Store`].

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions,
};

use crate::cloud::{Provider, Reply};
use crate::{Created, Error, Habits, Listing, Object, Part, Store};

/// Words by which the clouds say that it is not the object that is missing.
const NO_BUCKET: [&str; 4] = [
    "NoSuchBucket",
    "ContainerNotFound",
    "The specified bucket does not exist",
    "The specified container does not exist",
];
/// Where Azure says what is wrong: a HEAD has no other place for it.
const AZURE_CODE: &str = "x-ms-error-code";
/// Its codes for a create whose object is there. Its other conflicts (a container that is being deleted, a lease) say nothing of that.
const AZURE_EXISTS: [&str; 2] = ["BlobAlreadyExists", "ConditionNotMet"];

/// Wraps a backend of the `object_store` crate. It must create atomically (`PutMode::Create`).
#[derive(Clone, Debug)]
pub struct ObjectStoreAdapter {
    inner: Arc<dyn ObjectStore>,
    uploads: Uploads,
    /// Whose habits it has; `None`: the library's own.
    provider: Option<Provider>,
}

/// The same store, as one that takes objects in parts.
#[derive(Clone)]
struct Uploads(Arc<dyn MultipartStore>);

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uploads")
    }
}

impl ObjectStoreAdapter {
    /// The adapter of `inner`.
    #[must_use]
    pub fn new<T: ObjectStore + MultipartStore>(inner: Arc<T>) -> Self {
        Self { inner: inner.clone(), uploads: Uploads(inner), provider: None }
    }

    /// The same for a cloud, with what is particular to its answers.
    pub(crate) fn of(self, provider: Provider) -> Self {
        Self { provider: Some(provider), ..self }
    }

    pub(crate) fn shared(self) -> Arc<dyn Store> {
        Arc::new(self)
    }

    async fn fetch(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, Error> {
        let reply = Reply::default();
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            extensions: reply.extensions(),
            ..GetOptions::default()
        };
        let path = path(key)?;
        let result = self.inner.get_opts(&path, options).await;
        let result = result.map_err(|error| unread("get", key, &error, &reply))?;
        result.bytes().await.map_err(|error| unread("get", key, &error, &reply))
    }

    /// Whether a create that failed as if the object were there tells that it is.
    fn tells_existence(&self, reply: &Reply) -> bool {
        match self.provider {
            // There a 409 is a conflict of two requests and says nothing of the object.
            Some(Provider::S3) => reply.status() != Some(StatusCode::CONFLICT),
            Some(Provider::Azure) => match reply.header(AZURE_CODE) {
                Some(code) => AZURE_EXISTS.contains(&code.as_str()),
                None => reply.status() == Some(StatusCode::PRECONDITION_FAILED),
            },
            Some(Provider::Gcs) | None => true,
        }
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: PutMode, reply: &Reply) -> object_store::Result<()> {
        let options = PutOptions { mode, extensions: reply.extensions(), ..PutOptions::default() };
        let path = Path::parse(key)?;
        self.inner.put_opts(&path, bytes.into(), options).await.map(|_| ())
    }
}

#[async_trait]
impl Store for ObjectStoreAdapter {
    async fn get(&self, key: &str) -> Result<Bytes, Error> {
        self.fetch(key, None).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let outside = || Error::Range { key: key.to_owned(), start: range.start, end: range.end };
        if range.start > range.end {
            return Err(outside());
        }
        if range.is_empty() {
            // HTTP has no range of no bytes.
            return if range.end <= self.head(key).await?.size { Ok(Bytes::new()) } else { Err(outside()) };
        }
        match self.fetch(key, Some(range.clone())).await {
            Ok(bytes) if bytes.len() as u64 == range.end - range.start => Ok(bytes),
            // Some stores shorten a range that is too long, some refuse it, each in its own words.
            Ok(_) | Err(Error::Store { .. }) if self.head(key).await?.size < range.end => Err(outside()),
            Ok(bytes) => {
                let reason =
                    format!("{} bytes came for the range {}..{}", bytes.len(), range.start, range.end);
                Err(Error::Store { operation: "get", key: key.to_owned(), reason })
            }
            Err(error) => Err(error),
        }
    }

    async fn head(&self, key: &str) -> Result<Object, Error> {
        let reply = Reply::default();
        let options = GetOptions { head: true, extensions: reply.extensions(), ..GetOptions::default() };
        let result = self.inner.get_opts(&path(key)?, options).await;
        result.map(|result| object(result.meta)).map_err(|error| unread("head", key, &error, &reply))
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        let reply = Reply::default();
        let written = self.write(key, bytes, PutMode::Overwrite, &reply).await;
        written.map_err(|error| failed("put", key, &error, &reply))
    }

    async fn begin_upload(&self, key: &str) -> Result<String, Error> {
        let reply = Reply::default();
        let options =
            PutMultipartOptions { extensions: reply.extensions(), ..PutMultipartOptions::default() };
        let begun = self.uploads.0.create_multipart_opts(&path(key)?, options).await;
        begun.map_err(|error| failed("begin the upload", key, &error, &reply))
    }

    async fn put_part(&self, key: &str, upload: &str, part: Part, bytes: Bytes) -> Result<String, Error> {
        let id = upload.to_owned();
        let written = self.uploads.0.put_part(&path(key)?, &id, part.number, bytes.into()).await;
        written
            .map(|part| part.content_id)
            .map_err(|error| failed("put a part", key, &error, &Reply::default()))
    }

    async fn finish_upload(&self, key: &str, upload: &str, parts: Vec<String>) -> Result<(), Error> {
        let (id, parts) =
            (upload.to_owned(), parts.into_iter().map(|content_id| PartId { content_id }).collect());
        let finished = self.uploads.0.complete_multipart(&path(key)?, &id, parts).await;
        finished.map(|_| ()).map_err(|error| failed("finish the upload", key, &error, &Reply::default()))
    }

    async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), Error> {
        match self.uploads.0.abort_multipart(&path(key)?, &upload.to_owned()).await {
            Err(error) if is_absent(&error, &Reply::default()) => Ok(()),
            aborted => aborted.map_err(|error| failed("abort the upload", key, &error, &Reply::default())),
        }
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Created {
        let reply = Reply::default();
        let error = match self.write(key, bytes, PutMode::Create, &reply).await {
            Ok(()) => return Created::Yes,
            Err(error) => error,
        };
        match error {
            object_store::Error::AlreadyExists { .. } if self.tells_existence(&reply) => Created::Exists,
            error => Created::Unknown(failed("create", key, &error, &reply)),
        }
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Listing {
        let prefix_path = if prefix.is_empty() { None } else { Path::parse(prefix).ok() };
        let prefix = prefix.to_owned();
        let stream = match after.and_then(|key| Path::parse(key).ok()) {
            // Its offset is not to be relied on: some of its services list everything whatever it is, one nothing.
            Some(after) if self.provider == Some(Provider::Azure) => {
                let later = move |meta: &ObjectMeta| std::future::ready(meta.location > after);
                self.inner.list(prefix_path.as_ref()).try_filter(later).boxed()
            }
            Some(after) => self.inner.list_with_offset(prefix_path.as_ref(), &after),
            None => self.inner.list(prefix_path.as_ref()),
        };
        let failed = move |error| failed("list", &prefix, &error, &Reply::default());
        stream.map_ok(object).map_err(failed).boxed()
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let listed = self.inner.list_with_delimiter(Some(&path(prefix)?)).await;
        let listed = listed.map_err(|error| failed("list", prefix, &error, &Reply::default()))?;
        Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.inner.delete(&path(key)?).await {
            Err(error) if is_absent(&error, &Reply::default()) => Ok(()),
            Err(error) if self.provider == Some(Provider::Azure) && is_denied_in_batch(&error) => {
                Err(Error::Denied { operation: "delete", key: key.to_owned(), reason: error.to_string() })
            }
            deleted => deleted.map_err(|error| failed("delete", key, &error, &Reply::default())),
        }
    }

    async fn habits(&self, key: &str) -> Result<Habits, Error> {
        if self.provider != Some(Provider::S3) {
            return Ok(Habits::default());
        }
        let reply = Reply::default();
        let written = self.write(key, Bytes::from_static(b"mneme check"), PutMode::Overwrite, &reply).await;
        written.map_err(|error| failed("put", key, &error, &reply))?;
        let version = reply.header("x-amz-version-id").is_some_and(|version| version != "null");
        Ok(Habits { versioned: Some(version), expiry: reply.header("x-amz-expiration") })
    }
}

fn path(key: &str) -> Result<Path, Error> {
    Path::parse(key).map_err(|_| Error::InvalidKey { key: key.to_owned(), reason: "the store refuses it" })
}

fn object(meta: ObjectMeta) -> Object {
    Object { key: meta.location.into(), size: meta.size, modified_ms: meta.last_modified.timestamp_millis() }
}

/// Whether it is the object that is not there, and not the bucket.
fn is_absent(error: &object_store::Error, reply: &Reply) -> bool {
    let object_store::Error::NotFound { source, .. } = error else { return false };
    let (words, code) = (source.to_string(), reply.header(AZURE_CODE).unwrap_or_default());
    !NO_BUCKET.iter().any(|no_bucket| words.contains(no_bucket) || code == *no_bucket)
}

/// Whether a deletion is not permitted: the library deletes from Azure by batches, and has their statuses in words only.
fn is_denied_in_batch(error: &object_store::Error) -> bool {
    let words = error.to_string();
    ["(code: 401)", "(code: 403)"].iter().any(|status| words.contains(status))
}

/// Of a read.
fn unread(operation: &'static str, key: &str, error: &object_store::Error, reply: &Reply) -> Error {
    if is_absent(error, reply) {
        Error::NotFound { key: key.to_owned() }
    } else {
        failed(operation, key, error, reply)
    }
}

/// Of anything else: that something is not there is a failure.
fn failed(operation: &'static str, key: &str, error: &object_store::Error, reply: &Reply) -> Error {
    let (key, mut reason) = (key.to_owned(), error.to_string());
    if let Some(code) = reply.header(AZURE_CODE).filter(|code| !reason.contains(code.as_str())) {
        reason = format!("{reason}: {code}");
    }
    let denied = matches!(reply.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN));
    match error {
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            Error::Denied { operation, key, reason }
        }
        _ if denied => Error::Denied { operation, key, reason },
        _ => Error::Store { operation, key, reason },
    }
}
