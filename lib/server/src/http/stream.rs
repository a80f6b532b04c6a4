//! A TCP stream that does not wait for ever for its peer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Requests under way on one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy(Arc<AtomicUsize>);

/// One request under way; its drop is the end.
#[derive(Debug)]
pub(super) struct BusyGuard(Arc<AtomicUsize>);

impl super::body::Watcher for BusyGuard {}

impl Busy {
    pub(super) fn enter(&self) -> BusyGuard {
        self.0.fetch_add(1, Ordering::AcqRel);
        BusyGuard(Arc::clone(&self.0))
    }

    fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Fails a read that waits longer than the idle timeout while no request is under way (hyper itself waits without end
/// for the first bytes of a connection), and a write that the peer does not take.
pub(super) struct TimedStream {
    tcp: TcpStream,
    busy: Busy,
    read: Limit,
    write: Limit,
}

impl TimedStream {
    pub(super) fn new(tcp: TcpStream, busy: Busy, idle: Duration, write: Duration) -> Self {
        Self { tcp, busy, read: Limit::new(idle), write: Limit::new(write) }
    }

    fn timed<T>(limit: &mut Limit, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                limit.disarm();
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(limit.poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

/// A time limit that starts with the first wait and is lifted by progress.
struct Limit {
    time: Duration,
    armed: bool,
    sleep: Pin<Box<Sleep>>,
}

impl Limit {
    fn new(time: Duration) -> Self {
        Self { time, armed: false, sleep: Box::pin(sleep(time)) }
    }

    fn disarm(&mut self) {
        self.armed = false;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.armed {
            self.sleep.as_mut().reset(Instant::now() + self.time);
            self.armed = true;
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.tcp).poll_read(cx, buf);
        if result.is_pending() && !this.busy.is_idle() {
            this.read.disarm();
            return result;
        }
        Self::timed(&mut this.read, cx, result)
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.tcp).poll_write(cx, buf);
        Self::timed(&mut this.write, cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.tcp).poll_write_vectored(cx, bufs);
        Self::timed(&mut this.write, cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
