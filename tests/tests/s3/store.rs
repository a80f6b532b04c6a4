//! The objects of the S3 server of these tests: `s3s` speaks the protocol, this keeps what it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures::TryStreamExt;
use mneme_tests::now_ms;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, ETag, ETagCondition, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput, UploadPartOutput,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

/// The only bucket.
pub(crate) const BUCKET: &str = "test-bucket";
/// Keys of one page of a listing: less than S3's 1,000, so that there are pages.
const PAGE: usize = 100;

/// S3 takes no smaller part, but the last.
const SMALLEST_PART: usize = 5 << 20;

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

/// The parts of an upload, by their numbers.
type Parts = BTreeMap<i32, Bytes>;

/// One bucket in memory. Every change is under one lock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    uploads: Arc<Mutex<BTreeMap<String, Parts>>>,
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
        let bytes = whole(input.body).await?;
        match input.if_none_match {
            None => self.store(&input.key, bytes),
            Some(ETagCondition::Any) => self.create(&input.key, bytes).await?,
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

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let CreateMultipartUploadInput { bucket, key, .. } = request.input;
        check_bucket(&bucket)?;
        let mut uploads = self.uploads.lock().unwrap();
        let id = format!("upload-{}-{key}", uploads.len());
        uploads.insert(id.clone(), Parts::new());
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let bytes = whole(input.body).await?;
        let tag = ETag::Strong(format!("{}-{}", input.part_number, bytes.len()));
        let mut uploads = self.uploads.lock().unwrap();
        let parts = uploads.get_mut(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        parts.insert(input.part_number, bytes);
        Ok(S3Response::new(UploadPartOutput { e_tag: Some(tag), ..UploadPartOutput::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let mut uploads = self.uploads.lock().unwrap();
        let parts = uploads.get(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let mut bytes = Vec::new();
        for (at, part) in wanted.iter().enumerate() {
            let found = part.part_number.and_then(|number| parts.get(&number));
            let found = found.ok_or_else(|| s3_error!(InvalidPart))?;
            if at + 1 < wanted.len() && found.len() < SMALLEST_PART {
                return Err(s3_error!(EntityTooSmall));
            }
            bytes.extend_from_slice(found);
        }
        self.store(&input.key, bytes.into());
        uploads.remove(&input.upload_id);
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong("tag".to_owned())),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.uploads.lock().unwrap().remove(&request.input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
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
        if input.delimiter.is_some() {
            let below = stored.keys().filter_map(|key| key.strip_prefix(&prefix)?.split_once('/'));
            let folders: BTreeSet<&str> = below.map(|(folder, _)| folder).collect();
            let common = |folder| CommonPrefix { prefix: Some(format!("{prefix}{folder}/")) };
            return Ok(S3Response::new(ListObjectsV2Output {
                name: Some(input.bucket),
                is_truncated: Some(false),
                common_prefixes: Some(folders.into_iter().map(common).collect()),
                prefix: Some(prefix),
                ..ListObjectsV2Output::default()
            }));
        }
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

/// The bytes of a body.
async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let mut bytes = Vec::new();
    if let Some(mut body) = body {
        while let Some(part) = body.try_next().await.map_err(|error| s3_error!(InternalError, "{error}"))? {
            bytes.extend_from_slice(&part);
        }
    }
    Ok(bytes.into())
}

fn check_bucket(bucket: &str) -> S3Result<()> {
    if bucket == BUCKET { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
}

fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}
