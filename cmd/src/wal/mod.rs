//! `mneme wal`: looks at the write-ahead log of a bucket without changing it, also while a server is running on it.

mod inspect;
mod ls;
mod place;
mod records;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mneme_bucket::Bucket;

use crate::config;

/// What `wal` does.
#[derive(Debug, Subcommand)]
pub(crate) enum WalCommand {
    /// List the writers and their segments: number, cut, bytes, records, seals.
    Ls(LsArgs),
    /// Show one segment: header, partition table, and its records on demand.
    Inspect(InspectArgs),
    /// Read everything and report what is torn, flipped, foreign or gone, with key and offset; fails if anything is.
    Verify(VerifyArgs),
}

/// Where the log lies.
#[derive(Args, Debug)]
pub(crate) struct BucketArgs {
    /// The bucket, e.g. file:///var/lib/mneme/bucket; it is only read
    #[arg(long, value_name = "URL")]
    pub(crate) bucket: String,
    /// YAML config file of the server, for a cloud's endpoint and credentials
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Flags of `wal ls`.
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// Only this writer's segments
    #[arg(long, value_name = "N")]
    pub(crate) writer: Option<u64>,
    /// Only the writers, one line each
    #[arg(long, conflicts_with = "writer")]
    pub(crate) writers: bool,
}

/// Flags of `wal inspect`.
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
    /// The segment: WRITER/SEQ as `ls` shows it, or its key
    pub(crate) segment: String,
    /// Also print every record
    #[arg(long)]
    pub(crate) records: bool,
}

/// Flags of `wal verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) bucket: BucketArgs,
}

/// Runs a command of `mneme wal`.
///
/// # Errors
/// A bucket that cannot be read; for `inspect` and `verify` also what is wrong in it.
pub(crate) fn run(command: &WalCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            WalCommand::Ls(args) => ls::run(&open(&args.bucket).await?, args).await,
            WalCommand::Inspect(args) => inspect::run(&open(&args.bucket).await?, args).await,
            WalCommand::Verify(args) => verify::run(&open(&args.bucket).await?).await,
        }
    })
}

async fn open(args: &BucketArgs) -> anyhow::Result<Bucket> {
    let options = config::bucket_options(args.config.as_deref())?;
    Ok(Bucket::open_read_only(&args.bucket, options).await?)
}
