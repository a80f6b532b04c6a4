//! Wire messages: Prometheus remote write 1 and 2, and the internal services between roles.
