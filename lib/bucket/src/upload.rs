//! An object that is written while it is being made: in parts, none of which is seen before the last is there.

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use crate::key::check_key;
use crate::{Bucket, Error, Operation};

/// So many parts of one object are under way at once; one more is being put together.
const AT_ONCE: usize = 2;

/// Where a part lies in its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Counted from 0.
    pub number: usize,
    /// Its first byte's place in the object.
    pub offset: u64,
}

/// An upload that was begun. Dropped before its end, the process gives back what it holds for it.
struct Upload<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    id: String,
}

impl Bucket {
    /// Writes an object from pieces as they come, and returns its size: an object of one part ([`crate::Options::part_bytes`]) by one
    /// [`Bucket::put`], a larger one part by part, of which three are in memory at most. Nothing is there before all of it is, and it is
    /// durable on return; each request is retried. `key` must be one that nobody writes twice: whether the last request took effect is
    /// told by the object's size.
    ///
    /// # Errors
    /// The first error of `pieces`, or what the store says; what was begun is then given up. Whether the object is there is unknown if
    /// the store failed.
    pub async fn put_stream(
        &self,
        key: &str,
        pieces: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<u64, Error> {
        check_key(key)?;
        let mut parts = Box::pin(in_parts(pieces, self.options().part_bytes.max(1)).fuse());
        let first = parts.try_next().await?.unwrap_or_default();
        let Some(second) = parts.try_next().await? else {
            let size = first.len() as u64;
            self.put(key, first).await?;
            return Ok(size);
        };
        let store = &self.shared.store;
        let id = self.repeat(Operation::Put, key, 0, || store.begin_upload(key)).await?;
        let upload = Upload { bucket: self, key, id };
        let written = upload.write(stream::iter([Ok(first), Ok(second)]).chain(parts)).await;
        if let Err(error) = &written {
            upload.abort(error).await;
        }
        written
    }
}

impl Upload<'_> {
    async fn write(&self, parts: impl Stream<Item = Result<Bytes, Error>> + Send) -> Result<u64, Error> {
        let mut size = 0;
        let numbered = parts.enumerate().map(move |(number, bytes)| {
            let bytes = bytes?;
            let part = Part { number, offset: size };
            size += bytes.len() as u64;
            Ok::<_, Error>((part, bytes))
        });
        let written = numbered
            .map(|part| async move {
                let (part, bytes) = part?;
                let end = part.offset + bytes.len() as u64;
                Ok::<_, Error>((self.part(part, bytes).await?, end))
            })
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        let size = written.last().map_or(0, |(_, end)| *end);
        self.finish(written.into_iter().map(|(name, _)| name).collect(), size).await?;
        Ok(size)
    }

    async fn part(&self, part: Part, bytes: Bytes) -> Result<String, Error> {
        let (store, len) = (&self.bucket.shared.store, bytes.len());
        let request = || store.put_part(self.key, &self.id, part, bytes.clone());
        let name = self.bucket.repeat(Operation::Put, self.key, len as u64, request).await?;
        self.bucket.stats().bytes(Operation::Put, self.key, len);
        Ok(name)
    }

    /// An answer that was lost shows in the object: then the upload is not there any more.
    async fn finish(&self, parts: Vec<String>, size: u64) -> Result<(), Error> {
        let (store, key) = (&self.bucket.shared.store, self.key);
        let request = || async {
            let Err(error) = store.finish_upload(key, &self.id, parts.clone()).await else { return Ok(()) };
            match store.head(key).await {
                Ok(object) if object.size == size => Ok(()),
                // Only a store that was asked in vain may be asked again.
                Err(failed) if failed.is_transient() => Err(failed),
                _ => Err(error),
            }
        };
        self.bucket.repeat(Operation::Put, key, size, request).await
    }

    async fn abort(&self, why: &Error) {
        let store = &self.bucket.shared.store;
        let request = || store.abort_upload(self.key, &self.id);
        if let Err(error) = self.bucket.repeat(Operation::Delete, self.key, 0, request).await {
            let key = self.key;
            tracing::warn!(key, %why, %error, "an upload cannot be given up: its parts stay until the store removes them");
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        self.bucket.shared.store.forget_upload(&self.id);
    }
}

/// The same bytes in parts of `size`; the last one may be smaller. An object without bytes has one part without bytes.
fn in_parts(
    pieces: impl Stream<Item = Result<Bytes, Error>> + Send,
    size: usize,
) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    let begin = (Box::pin(pieces.fuse()), Waiting::default());
    stream::try_unfold(begin, move |(mut pieces, mut waiting)| async move {
        while waiting.len < size {
            let Some(piece) = pieces.try_next().await? else { break };
            waiting.len += piece.len();
            waiting.pieces.push(piece);
        }
        Ok((waiting.len > 0).then(|| (waiting.take(size), (pieces, waiting))))
    })
}

/// Pieces that are not a part yet.
#[derive(Default)]
struct Waiting {
    pieces: Vec<Bytes>,
    len: usize,
}

impl Waiting {
    /// The first `most` bytes, or all.
    fn take(&mut self, most: usize) -> Bytes {
        let most = most.min(self.len);
        self.len -= most;
        if let [only] = self.pieces.as_mut_slice()
            && only.len() == most
        {
            return self.pieces.pop().unwrap_or_default();
        }
        let mut part = Vec::with_capacity(most);
        let mut rest = Vec::new();
        for mut piece in self.pieces.drain(..) {
            part.extend_from_slice(&piece.split_to(piece.len().min(most - part.len())));
            if !piece.is_empty() {
                rest.push(piece);
            }
        }
        self.pieces = rest;
        part.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn cut(pieces: &[usize], size: usize) -> Vec<usize> {
        let bytes: Vec<u8> = (0..pieces.iter().sum::<usize>()).map(|n| n as u8).collect();
        let mut rest = Bytes::from(bytes.clone());
        let pieces: Vec<_> = pieces.iter().map(|len| Ok(rest.split_to(*len))).collect();
        let parts: Vec<Bytes> = in_parts(stream::iter(pieces), size).try_collect().await.unwrap();
        assert_eq!(parts.concat(), bytes);
        parts.iter().map(Bytes::len).collect()
    }

    #[tokio::test]
    async fn parts_are_equal_but_the_last_whatever_the_pieces_are() {
        assert_eq!(cut(&[], 10).await, [0; 0]);
        assert_eq!(cut(&[3, 0, 4], 10).await, [7]);
        assert_eq!(cut(&[10], 10).await, [10]);
        assert_eq!(cut(&[10, 1], 10).await, [10, 1]);
        assert_eq!(cut(&[25, 5, 1], 10).await, [10, 10, 10, 1]);
        assert_eq!(cut(&[7, 7, 7], 10).await, [10, 10, 1]);
    }
}
