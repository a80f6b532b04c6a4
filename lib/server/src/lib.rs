//! What every role stands on: HTTP, errors to statuses, drain, tasks, clock, telemetry, config.

mod clock;
mod status;

pub use clock::{Clock, SharedClock, SystemClock};
pub use status::{Kind, Status};
