//! The listener and its connections.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::body::Watched;
use super::stream::{Busy, TimedStream};
use super::{Config, Metrics};
use crate::drain::Drain;

/// How long to pause after an accept that failed for want of a resource, such as file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Streams under way on one HTTP/2 connection.
const MAX_STREAMS: u32 = 200;
/// Bytes of all headers of a request.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Why a port could not be taken.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address}: {source}; choose another address with --http or server.http_listen_address"
)]
pub struct BindError {
    address: String,
    source: io::Error,
}

/// A bound port.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
    metrics: Metrics,
}

impl Server {
    /// Takes the port; connections wait in the kernel's queue until [`Server::run`].
    ///
    /// # Errors
    /// The address is not ours to take.
    pub async fn bind(config: &Config, metrics: Metrics) -> Result<Self, BindError> {
        let wanted = &config.http_listen_address;
        let error = |source| BindError { address: wanted.clone(), source };
        let listener = TcpListener::bind(wanted.as_str()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Self { listener, address, config: config.clone(), metrics })
    }

    /// The address with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the drain starts, then accepts no more, lets the requests under way finish, for at most `grace`, and
    /// closes what is left.
    pub async fn run(self, router: Router, drain: Drain, grace: Duration) {
        let Self { listener, config, metrics, .. } = self;
        let permits = Arc::new(Semaphore::new(config.max_connections));
        let connections = Connections { builder: builder(&config), config, metrics, router };
        let graceful = GracefulShutdown::new();
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = drain.started() => break,
                Some(end) = tasks.join_next() => {
                    note_panic(end);
                    continue;
                }
                accepted = accept(&listener, &permits) => accepted,
            };
            match accepted {
                Ok((tcp, permit)) => {
                    tasks.spawn(connections.serve(tcp, permit, graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                connections = tasks.len(),
                ?grace,
                "closing connections whose requests did not end in time"
            );
        }
        tasks.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (tcp, _) = listener.accept().await?;
    Ok((tcp, permit))
}

fn note_panic(end: Result<(), tokio::task::JoinError>) {
    if let Err(error) = end
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

fn builder(config: &Config) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.idle_timeout)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .keep_alive_interval(config.idle_timeout)
        .keep_alive_timeout(config.write_timeout);
    builder
}

/// What every connection is served with.
struct Connections {
    builder: auto::Builder<TokioExecutor>,
    config: Config,
    metrics: Metrics,
    router: Router,
}

impl Connections {
    fn serve(
        &self,
        tcp: TcpStream,
        permit: OwnedSemaphorePermit,
        watcher: Watcher,
    ) -> impl Future<Output = ()> + Send + 'static {
        let open = Open::new(&self.metrics, permit);
        let busy = Busy::default();
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let stream = TimedStream::new(tcp, busy.clone(), self.config.idle_timeout, self.config.write_timeout);
        let router = self.router.clone();
        let service = service_fn(move |request| answer(router.clone(), busy.clone(), request));
        let builder = self.builder.clone();
        async move {
            let _open = open;
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "connection ended");
            }
        }
    }
}

async fn answer(
    router: Router,
    busy: Busy,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let guard = busy.enter();
    let (parts, body) = router.oneshot(request).await?.into_parts();
    Ok(Response::from_parts(parts, Watched::wrap(body, guard)))
}

/// An open connection, counted.
struct Open {
    metrics: Metrics,
    _permit: OwnedSemaphorePermit,
}

impl Open {
    fn new(metrics: &Metrics, permit: OwnedSemaphorePermit) -> Self {
        metrics.accepted.inc();
        metrics.connections.inc();
        Self { metrics: metrics.clone(), _permit: permit }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}
