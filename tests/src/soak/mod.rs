//! A long load of which a share of the series is replaced all the time, beside the process' memory.
//!
//! Flow: [`Plan`] says how long and how much -> [`run`] starts mneme, sends by `mneme bench write` and takes a [`Look`] every ten
//! seconds -> [`judge`] says what was wrong -> [`table`] prints the looks as Markdown.
//!
//! What holds the memory of recent data is the budget (`ingester.max_head_bytes`): near it, data goes into blocks. So memory goes up
//! and down, and its highest must stay where it is.

mod judge;
mod look;
mod plan;
mod run;
pub mod table;

pub use judge::judge;
pub use look::Look;
pub use plan::Plan;
pub use run::{Soaked, run};
