//! Measures mneme beside Debian's victoria-metrics and prometheus: the same load by `mneme bench`, one server after the other.
//!
//! Flow: [`Plan`] says which loads -> [`measure`] runs them on each [`Peer`] -> [`table`] prints them as Markdown next to the goals.

pub(crate) mod bench;
pub mod blocks;
mod cpu;
mod measure;
mod memory;
mod plan;
mod server;
pub mod table;

pub use measure::{Measured, measure};
pub use plan::{Plan, Replay};
pub use server::Peer;
