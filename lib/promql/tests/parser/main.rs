//! The front end against Prometheus's behaviour: its corpus, its error texts, its printer.

mod corpus;
mod errors;
mod limits;
mod printing;
mod structure;
