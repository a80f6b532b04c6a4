//! What every role stands on: HTTP, errors to statuses, drain, tasks, clock, telemetry, config.
//!
//! - [`Status`] an error on its way to a caller. [`Clock`] the time of day as a part.
//! - [`http`] the listener, and what is around every route. [`ops`] the operators' endpoints.
//! - [`Readiness`] whether the process serves. [`drain`] the word that it ends. [`Tasks`] named tasks, awaited.
//! - [`config`] a YAML file to values, errors with their place, the reference as Markdown.
//! - [`metrics`] the registry. [`telemetry`] log lines.
//!
//! The flow of a process: load the config, bind [`http::Server`], serve [`ops::router`] with an empty [`http::Late`], build the
//! roles, set their routes, [`Readiness::ready`], wait for a signal or [`Tasks::failed`], drain.

mod clock;
pub mod config;
pub mod drain;
pub mod http;
pub mod metrics;
pub mod ops;
mod readiness;
mod status;
mod tasks;
pub mod telemetry;

pub use clock::{Clock, SharedClock, SystemClock};
pub use drain::Drain;
pub use readiness::{Readiness, State};
pub use status::{Kind, Status};
pub use tasks::{Cause, Failure, TaskResult, Tasks};
