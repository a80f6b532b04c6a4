//! The objects of the S3 server of these tests: `s3s` speaks the protocol, this keeps what it is given.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures::TryStreamExt;
use mneme_tests::now_ms;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, ETag, ETagCondition, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

/// The only bucket.
pub(crate) const BUCKET: &str = "test-bucket";
/// Keys of one page of a listing: less than S3's 1,000, so that there are pages.
const PAGE: usize = 100;

/// What the server does besides what it should.
#[derive(Debug, Default)]
pub(crate) struct Mischief {
    /// Creates look first and write later: several may win.
    pub(crate) creates_are_not_atomic: bool,
    /// So many creates are answered 409 and do nothing.
    pub(crate) conflicts: AtomicUsize,
    /// So many creates are done, but answered 503.
    pub(crate) lost_answers: AtomicUsize,
    /// The bucket keeps old versions.
    pub(crate) versioned: bool,
    /// Objects below the prefix are deleted after a day.
    pub(crate) expiring: Option<&'static str>,
}

/// One bucket in memory. Every change is under one lock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    stored: Arc<Mutex<BTreeMap<String, Stored>>>,
    pub(crate) mischief: Arc<Mischief>,
}

#[derive(Clone, Debug)]
struct Stored {
    bytes: Bytes,
    modified_ms: i64,
}

impl Objects {
    pub(crate) fn with(mischief: Mischief) -> Self {
        Self { mischief: Arc::new(mischief), ..Self::default() }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.stored.lock().unwrap().keys().cloned().collect()
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        check_bucket(bucket)?;
        self.stored.lock().unwrap().get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey))
    }

    fn store(&self, key: &str, bytes: Bytes) {
        let modified_ms = now_ms();
        self.stored.lock().unwrap().insert(key.to_owned(), Stored { bytes, modified_ms });
    }

    async fn create(&self, key: &str, bytes: Bytes) -> S3Result<()> {
        if take(&self.mischief.conflicts) {
            return Err(s3_error!(ConditionalRequestConflict));
        }
        if self.mischief.creates_are_not_atomic {
            if self.stored.lock().unwrap().contains_key(key) {
                return Err(s3_error!(PreconditionFailed));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.store(key, bytes);
            return Ok(());
        }
        let mut stored = self.stored.lock().unwrap();
        if stored.contains_key(key) {
            return Err(s3_error!(PreconditionFailed));
        }
        stored.insert(key.to_owned(), Stored { bytes, modified_ms: now_ms() });
        drop(stored);
        if take(&self.mischief.lost_answers) { Err(s3_error!(SlowDown)) } else { Ok(()) }
    }
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        check_bucket(&input.bucket)?;
        let mut bytes = Vec::new();
        if let Some(mut body) = input.body {
            while let Some(part) =
                body.try_next().await.map_err(|error| s3_error!(InternalError, "{error}"))?
            {
                bytes.extend_from_slice(&part);
            }
        }
        match input.if_none_match {
            None => self.store(&input.key, bytes.into()),
            Some(ETagCondition::Any) => self.create(&input.key, bytes.into()).await?,
            Some(_) => return Err(s3_error!(NotImplemented)),
        }
        let expires = self.mischief.expiring.is_some_and(|prefix| input.key.starts_with(prefix));
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong("tag".to_owned())),
            version_id: self.mischief.versioned.then(|| "v1".to_owned()),
            expiration: expires
                .then(|| r#"expiry-date="Fri, 23 Dec 2033 00:00:00 GMT", rule-id="tidy""#.to_owned()),
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let found = self.find(&input.bucket, &input.key)?;
        let whole = found.bytes.len() as u64;
        let range = match input.range {
            Some(range) => Some(range.check(whole).map_err(|_| s3_error!(InvalidRange))?),
            None => None,
        };
        let bytes = match &range {
            Some(range) => found.bytes.slice(range.start as usize..range.end as usize),
            None => found.bytes.clone(),
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(bytes.len() as i64),
            content_range: range.map(|range| format!("bytes {}-{}/{whole}", range.start, range.end - 1)),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            e_tag: Some(ETag::Strong("tag".to_owned())),
            last_modified: Some(found.modified()),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let found = self.find(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(found.bytes.len() as i64),
            e_tag: Some(ETag::Strong("tag".to_owned())),
            last_modified: Some(found.modified()),
            ..HeadObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        check_bucket(&request.input.bucket)?;
        self.stored.lock().unwrap().remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        check_bucket(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.or(input.start_after).unwrap_or_default();
        let stored = self.stored.lock().unwrap();
        let mut found = stored
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix) && key.as_str() > after.as_str())
            .map(|(key, stored)| Object {
                key: Some(key.clone()),
                size: Some(stored.bytes.len() as i64),
                last_modified: Some(stored.modified()),
                e_tag: Some(ETag::Strong("tag".to_owned())),
                ..Object::default()
            });
        let contents: Vec<Object> = found.by_ref().take(PAGE).collect();
        let more = found.next().is_some();
        let last = contents.last().and_then(|object| object.key.clone());
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(prefix),
            key_count: Some(contents.len() as i32),
            max_keys: Some(PAGE as i32),
            is_truncated: Some(more),
            next_continuation_token: last.filter(|_| more),
            contents: Some(contents),
            ..ListObjectsV2Output::default()
        }))
    }
}

impl Stored {
    fn modified(&self) -> Timestamp {
        Timestamp::from(UNIX_EPOCH + Duration::from_millis(self.modified_ms as u64))
    }
}

fn check_bucket(bucket: &str) -> S3Result<()> {
    if bucket == BUCKET { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
}

fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}
