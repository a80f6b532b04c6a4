//! What every role stands on: HTTP, errors to statuses, drain, tasks, clock, telemetry, config.
