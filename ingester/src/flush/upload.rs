//! From the writer's thread into the bucket, while files are being made.

use std::collections::HashMap;

use bytes::Bytes;
use futures::stream::{self, FuturesUnordered, StreamExt};
use mneme_block::meta::{BlockMeta, FileKind};
use mneme_block::write::{Sink, WriterOptions, write_block};
use mneme_bucket::{Bucket, Error};
use mneme_model::TenantId;
use tokio::sync::mpsc;
use ulid::Ulid;

use super::source::BlockSource;
use super::tenant::Failure;

/// So many pieces of a file wait for the bucket, then the writer does. The files of a small block never let it wait.
const PIECES: usize = 4;
/// So many begun files wait.
const FILES: usize = 8;

/// A file that is being made: its key, and its bytes as they come. Without an end before the writer's, it is torn.
type Begun = (String, mpsc::Receiver<Option<Bytes>>);

/// Writes a block's files into the bucket; `None` where it has no sample. Of each open file a few parts are in memory.
pub(super) async fn write(
    bucket: &Bucket,
    tenant: &TenantId,
    id: Ulid,
    mut source: BlockSource,
) -> Result<Option<BlockMeta>, Failure> {
    let (begin, begun) = mpsc::channel(FILES);
    let mut sink = Uploads { tenant: tenant.clone(), id, begin, open: HashMap::new() };
    let writing = tokio::task::spawn_blocking(move || {
        let written = write_block(id, &WriterOptions::flush(), &mut source, &mut sink);
        drop(sink);
        written
    });
    let (written, uploaded) = tokio::join!(writing, upload(bucket, begun));
    uploaded.map_err(|error| Failure::Manifest(error.into()))?;
    Ok(written.map_err(|_| Failure::Panicked)??)
}

/// Uploads files side by side until no more are begun. The first failure ends all: the writer finds its receivers gone.
async fn upload(bucket: &Bucket, mut begun: mpsc::Receiver<Begun>) -> Result<(), Error> {
    let mut uploads = FuturesUnordered::new();
    let mut more = true;
    while more || !uploads.is_empty() {
        tokio::select! {
            file = begun.recv(), if more => match file {
                Some((key, pieces)) => uploads.push(put(bucket, key, pieces)),
                None => more = false,
            },
            Some(done) = uploads.next() => done?,
        }
    }
    Ok(())
}

async fn put(bucket: &Bucket, key: String, pieces: mpsc::Receiver<Option<Bytes>>) -> Result<(), Error> {
    let torn = Error::Store {
        operation: "put",
        key: key.clone(),
        reason: "the writer ended before the file was whole".to_owned(),
    };
    let pieces = stream::unfold((pieces, Some(torn)), |(mut pieces, torn)| async move {
        match (pieces.recv().await, torn) {
            (Some(Some(piece)), torn) => Some((Ok(piece), (pieces, torn))),
            (None, Some(torn)) => Some((Err(torn), (pieces, None))),
            (Some(None), _) | (None, None) => None,
        }
    });
    bucket.put_stream(&key, pieces).await.map(drop)
}

/// The writer's side.
struct Uploads {
    tenant: TenantId,
    id: Ulid,
    begin: mpsc::Sender<Begun>,
    open: HashMap<(usize, FileKind), mpsc::Sender<Option<Bytes>>>,
}

impl Uploads {
    fn send(&mut self, part: usize, kind: FileKind, piece: Option<Bytes>) -> Result<(), mneme_block::Error> {
        let gone = || mneme_block::Error::Sink("an upload has failed".to_owned());
        let sender = match self.open.get(&(part, kind)) {
            Some(sender) => sender,
            None => {
                let (sender, receiver) = mpsc::channel(PIECES);
                let key = BlockMeta::key(&self.tenant, self.id, part, kind);
                self.begin.blocking_send((key, receiver)).map_err(|_| gone())?;
                self.open.entry((part, kind)).or_insert(sender)
            }
        };
        sender.blocking_send(piece).map_err(|_| gone())
    }
}

impl Sink for Uploads {
    fn write(&mut self, part: usize, kind: FileKind, bytes: Bytes) -> Result<(), mneme_block::Error> {
        self.send(part, kind, Some(bytes))
    }

    fn finish(&mut self, part: usize, kind: FileKind) -> Result<(), mneme_block::Error> {
        self.send(part, kind, None)?;
        self.open.remove(&(part, kind));
        Ok(())
    }
}
