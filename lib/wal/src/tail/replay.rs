//! All writers' chains at once.

use std::collections::BTreeMap;

use futures::stream::{BoxStream, StreamExt};
use mneme_bucket::Bucket;
use mneme_model::WriterId;

use super::{Tail, TailEvent};
use crate::Error;

/// How many writers' chains are read at once.
const WRITERS_AT_ONCE: usize = 4;

/// Reads the chains of `positions` (writer, and the number after which to start) to their ends: each writer's events in
/// order, the writers' mixed. The stream is lazy: what is not taken is not fetched, but for a few segments per writer.
///
/// An error ends its writer's part of the stream: after [`Error::UnknownFormat`] nothing may be served, the bucket's errors
/// may be tried again from the positions reached.
pub fn replay(
    bucket: &Bucket,
    positions: &BTreeMap<WriterId, u64>,
) -> BoxStream<'static, Result<TailEvent, Error>> {
    let tails: Vec<Tail> =
        positions.iter().map(|(writer, after)| Tail::new(bucket.clone(), *writer, *after)).collect();
    futures::stream::iter(tails)
        .map(|tail| until_end(tail).boxed())
        .flatten_unordered(WRITERS_AT_ONCE)
        .boxed()
}

fn until_end(tail: Tail) -> impl futures::Stream<Item = Result<TailEvent, Error>> {
    futures::stream::unfold(Some(tail), |tail| async move {
        let mut tail = tail?;
        match tail.next().await {
            Ok(Some(event)) => Some((Ok(event), Some(tail))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}
