//! The one binary: arguments, config, wiring, drain, command-line tools.
//!
//! `mneme serve` loads a [`config::Config`], builds an `App` and runs it until a signal; `mneme config` checks a
//! file or prints the reference; `mneme bench` is the load generator, `mneme bucket` checks a bucket, `mneme wal`
//! looks at the write-ahead log.

mod bench;
mod block;
mod bucket;
mod build;
mod cli;
mod config;
mod manifest;
mod serve;
mod stdout;
mod wal;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mneme_server::telemetry::{self, Identity};

use cli::{Cli, Command, ConfigCommand};

/// Memory that a burst took goes back to the system, and small allocations are cheap; glibc's allocator keeps arenas.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the last spans may take to reach the collector after a drain.
const SPANS_END: Duration = Duration::from_secs(3);
/// The same where `serve` ended otherwise, such as by a second signal.
const SPANS_CUT_OFF: Duration = Duration::from_millis(300);
/// How long blocking work may still run once `serve` is done.
const RUNTIME_END: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(args) => config::load(&args).map_err(anyhow::Error::from).and_then(serve),
        Command::Config { command: ConfigCommand::Check { file } } => config::check(&file),
        Command::Config { command: ConfigCommand::Docs } => config::print_docs(),
        Command::Bench { command } => bench::run(&command),
        Command::Bucket { command } => bucket::run(&command),
        Command::Wal { command } => wal::run(&command),
        Command::Manifest { command } => manifest::run(&command),
        Command::Block { command } => block::run(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mneme: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: config::Config) -> anyhow::Result<()> {
    use_small_pages();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("mneme")
        .max_blocking_threads(blocking_threads())
        .build()?;
    let identity = Identity { version: build::VERSION, instance: &config.instance };
    let spans = telemetry::init(&config.telemetry, identity, runtime.handle())?;
    let result = runtime.block_on(serve::run(config));
    if let Some(spans) = spans {
        spans.shutdown(if result.is_ok() { SPANS_END } else { SPANS_CUT_OFF });
    }
    runtime.shutdown_timeout(RUNTIME_END);
    result
}

/// Threads for what blocks: requests decoded, files written and synced, checkpoints and blocks made. Work goes round among all that
/// there are, and each keeps the memory that it worked with: as many as a start could use cost some 80 MB for good. At least twice as
/// many as flushes at once, which wait for files to be written.
fn blocking_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (4 * cores).max(16)
}

/// Huge pages hold memory that nothing asked for, from tens of megabytes at the start on, and save no CPU (docs/decisions/0011).
#[cfg(target_os = "linux")]
fn use_small_pages() {
    // A kernel without the call has nothing to switch off.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
fn use_small_pages() {}
