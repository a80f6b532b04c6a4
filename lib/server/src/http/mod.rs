//! The HTTP listener: HTTP/1 and cleartext HTTP/2 on one port, bounded, timed and drained.
//!
//! [`Server::bind`] takes the port before any work is done; [`Server::run`] serves a router until the drain.
//! [`observed`] puts around each router what all of them need: metrics, a log line, compression, caught panics.

mod body;
mod config;
mod cors;
mod late;
mod metrics;
mod observe;
mod server;
mod stream;
mod unread;

pub use config::Config;
pub use cors::cors;
pub use late::Late;
pub use metrics::Metrics;
pub use observe::observed;
pub use server::{BindError, Server};
