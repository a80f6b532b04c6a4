//! A long load of which a share of the series is replaced all the time, beside the process' memory.
//!
//! Flow: [`Plan`] says how long and how much -> [`run`] starts mneme, sends by `mneme bench write` and takes a [`Look`] every ten
//! seconds -> [`judge`] says what was wrong -> [`table`] prints the looks as Markdown.
//!
//! Until there are blocks, recent data is all data: what holds its memory is the budget (`ingester.max_head_bytes`), over which
//! samples go into local files. So a soak must spill to say anything, and the memory of series, which cannot be spilled, may grow.

mod judge;
mod look;
mod plan;
mod run;
pub mod table;

pub use judge::judge;
pub use look::Look;
pub use plan::Plan;
pub use run::{Soaked, run};
