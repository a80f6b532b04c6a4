//! Whole systems under real clients and faults: how tests start processes, write into them and compare answers.
//!
//! A test is one story in `tests/*.rs`. It starts [`Mneme`] and, where it needs them, Debian's [`Prometheus`] and
//! [`NodeExporter`] on free loopback ports, waits for conditions by [`wait::until`], and every process ends with the test.

pub mod built;
pub mod chunked_read;
pub mod compare;
mod debian;
pub mod http;
pub mod ledger;
mod mneme;
pub mod peers;
mod process;
pub mod random_query;
mod say;
pub mod soak;
pub mod wait;
pub mod write;

pub use debian::{NodeExporter, Prometheus, free_port, has_debian};
pub use mneme::{Finished, Mneme, run_mneme};
pub use process::Process;
pub use say::say;

/// Milliseconds since 1970, for samples of now as a sender would write them.
#[expect(clippy::disallowed_methods, reason = "tests of whole processes live in the machine's time")]
#[must_use]
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
