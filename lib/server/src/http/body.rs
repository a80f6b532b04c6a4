//! A body that is watched until its end: a reply's, or a request's.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// What is told of a body; its drop is the body's end, complete or not.
pub(super) trait Watcher: Send + Unpin + 'static {
    /// So many more bytes went out.
    fn sent(&mut self, _bytes: usize) {}

    /// There is no more to come.
    fn ended(&mut self) {}
}

/// A body with its watcher.
pub(super) struct Watched<W> {
    body: Body,
    watcher: W,
}

impl<W: Watcher> Watched<W> {
    /// `body`, watched.
    pub(super) fn wrap(body: Body, watcher: W) -> Body {
        Body::new(Self { body, watcher })
    }
}

impl<W: Watcher> HttpBody for Watched<W> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.watcher.sent(data.remaining());
        }
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.watcher.ended();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
