//! From the writer's thread into the bucket.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use mneme_block::meta::{BlockMeta, FileKind};
use mneme_block::write::{Sink, WriterOptions, write_block};
use mneme_bucket::Bucket;
use mneme_model::TenantId;
use tokio::sync::mpsc;
use ulid::Ulid;

use super::source::BlockSource;
use super::tenant::Failure;

/// So many files are uploaded at once; one more waits, one more is being made. All of them are in memory.
const UPLOADS: usize = 2;

/// Writes a block's files into the bucket; `None` where it has no sample.
pub(super) async fn write(
    bucket: &Bucket,
    tenant: &TenantId,
    id: Ulid,
    mut source: BlockSource,
) -> Result<Option<BlockMeta>, Failure> {
    let (sender, receiver) = mpsc::channel(1);
    let mut sink = Uploads { tenant: tenant.clone(), id, sender };
    let writing =
        tokio::task::spawn_blocking(move || write_block(id, &WriterOptions::flush(), &mut source, &mut sink));
    let uploading = async move {
        let files = stream::unfold(receiver, |mut receiver: mpsc::Receiver<(String, Bytes)>| async move {
            receiver.recv().await.map(|file| (file, receiver))
        });
        let mut puts = files
            .map(|(key, bytes)| async move { bucket.put(&key, bytes).await })
            .buffer_unordered(UPLOADS)
            .boxed();
        while let Some(put) = puts.next().await {
            // The receiver goes with the stream, so that the writer stops.
            put?;
        }
        Ok::<(), mneme_bucket::Error>(())
    };
    let (written, uploaded) = tokio::join!(writing, uploading);
    uploaded.map_err(|error| Failure::Manifest(error.into()))?;
    Ok(written.map_err(|_| Failure::Panicked)??)
}

struct Uploads {
    tenant: TenantId,
    id: Ulid,
    sender: mpsc::Sender<(String, Bytes)>,
}

impl Sink for Uploads {
    fn put(&mut self, part: usize, kind: FileKind, bytes: Bytes) -> Result<(), mneme_block::Error> {
        let key = BlockMeta::key(&self.tenant, self.id, part, kind);
        let gone = |_| mneme_block::Error::Sink("an upload before it has failed".to_owned());
        self.sender.blocking_send((key, bytes)).map_err(gone)
    }
}
