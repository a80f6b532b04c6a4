//! The load generator: `mneme bench write` sends a load by remote write to any receiver and measures what it costs, `verify` reads it
//! back and compares it bit by bit, `query` times a list of queries.
//!
//! Vocabulary: a *target* is one scraped process; a *slot* is a place for a series, which churn fills with one *generation* of a pod
//! after the other; a *step* is one scrape of everything; a *batch* is the slots that travel in one request.
//! Everything sent is a function of the flags: [`workload::Workload`] says which series there are, [`signal::Signal`] what they show.

mod args;
mod batch;
mod client;
mod encode;
mod expect;
mod kube;
mod latency;
mod mix;
mod mixed;
mod page;
mod query;
mod query_list;
mod replay;
mod report;
mod schedule;
mod send;
mod server_process;
mod signal;
mod snapshot;
mod verify;
mod wire;
mod workload;
mod write;

pub(crate) use args::BenchCommand;

/// Runs a command of `mneme bench`.
///
/// # Errors
/// What ended it; for `verify` also a difference.
pub(crate) fn run(command: &BenchCommand) -> anyhow::Result<()> {
    match command {
        BenchCommand::Write(args) => write::run(args),
        BenchCommand::Verify(args) => verify::run(args),
        BenchCommand::Query(args) => query::run(args),
    }
}
