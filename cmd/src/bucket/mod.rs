//! `mneme bucket`: what a bucket is worth.

mod check;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config;

/// What `bucket` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BucketCommand {
    /// Tell whether a bucket keeps the promises that Mneme relies on; fails if not. Writes a few small objects and deletes them.
    Check(CheckArgs),
}

/// Flags of `bucket check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The bucket, e.g. s3://my-bucket/mneme; without it, that of the config file
    pub(crate) url: Option<String>,
    /// YAML config file of the server, for endpoint and credentials
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Runs a command of `mneme bucket`.
///
/// # Errors
/// A bucket that cannot be reached or is unfit.
pub(crate) fn run(command: &BucketCommand) -> anyhow::Result<()> {
    let BucketCommand::Check(args) = command;
    let config = match &args.config {
        Some(file) => config::parse(file)?,
        None => config::Config::default(),
    };
    let url = match &args.url {
        Some(url) => url.clone(),
        None => config.bucket_url()?,
    };
    // As many racers at once as a server has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(check::run(&url, config.bucket.options()))
}
