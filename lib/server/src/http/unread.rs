//! Replies to requests whose bodies were not read to their end.
//!
//! Such a connection is closed behind the reply, since nobody knows where the next request begins. The reply says so, or else its client
//! sends the next request on it and gets no answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::CONNECTION;
use http::{HeaderValue, Version};
use http_body::Body as _;

use super::body::{Watched, Watcher};

/// Whether a body was read to its end.
struct End(Arc<AtomicBool>);

impl Watcher for End {
    fn ended(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Adds `Connection: close` to a reply that is made before the request's body was read. HTTP/2 ends the request's stream instead.
pub(super) async fn close(request: Request, next: Next) -> Response {
    if request.version() > Version::HTTP_11 || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let ended = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| Watched::wrap(body, End(Arc::clone(&ended))));
    let mut response = next.run(request).await;
    if !ended.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
