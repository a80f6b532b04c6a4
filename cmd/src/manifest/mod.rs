//! `mneme manifest`: looks at tenants' manifests, also while a server is running on the bucket, and goes back to an older version.

mod diff;
mod rollback;
mod show;
mod verify;

use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use mneme_block::manifest::{Manifest, Manifests};
use mneme_block::meta::BlockMeta;
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::TenantId;

/// What `manifest` does.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Show a version: marks, floor, tombstones, blocks, lists.
    Show(ShowArgs),
    /// Show what is different between two versions.
    Diff(DiffArgs),
    /// Read all versions and lists and look at all files that they name; fails if anything is broken or gone.
    Verify(VerifyArgs),
    /// Make a new version with the blocks and tombstones of an older one. Blocks that flushes brought since are kept: no sample is lost.
    Rollback(RollbackArgs),
}

/// Whose manifest, or whose blocks.
#[derive(Args, Debug)]
pub(crate) struct TenantArgs {
    /// The bucket, e.g. file:///var/lib/mneme/bucket
    #[arg(long, value_name = "URL")]
    pub(crate) bucket: String,
    /// The tenant
    #[arg(long, value_name = "ID", default_value = "anonymous")]
    pub(crate) tenant: String,
}

/// Flags of `manifest show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// The version; the newest without it
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<u64>,
    /// Print the version's body as JSON, as it is stored
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `manifest diff`.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// The earlier version
    pub(crate) from: u64,
    /// The later version; the newest without it
    pub(crate) to: Option<u64>,
}

/// Flags of `manifest verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The bucket; it is only read
    #[arg(long, value_name = "URL")]
    pub(crate) bucket: String,
    /// Only this tenant; all without it
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
}

/// Flags of `manifest rollback`.
#[derive(Args, Debug)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// The version to go back to
    #[arg(long, value_name = "N")]
    pub(crate) to: u64,
    /// Pass over versions that cannot be read; what a flush committed in them is lost
    #[arg(long)]
    pub(crate) over_broken: bool,
}

/// Runs a command of `mneme manifest`.
///
/// # Errors
/// A bucket or manifest that cannot be read; for `verify` also what is wrong; for `rollback` why it cannot be.
pub(crate) fn run(command: &ManifestCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            ManifestCommand::Show(args) => show::run(args).await,
            ManifestCommand::Diff(args) => diff::run(args).await,
            ManifestCommand::Verify(args) => verify::run(args).await,
            ManifestCommand::Rollback(args) => rollback::run(args).await,
        }
    })
}

async fn read_only(url: &str) -> anyhow::Result<Manifests> {
    let bucket = Bucket::open_read_only(url, Options::default()).await?;
    Ok(Manifests::new(bucket, Arc::new(AttemptIds::random())))
}

/// A version; the newest without a number.
async fn version(manifests: &Manifests, tenant: &TenantId, number: Option<u64>) -> anyhow::Result<Manifest> {
    match number {
        None => Ok(manifests.newest(tenant).await?),
        Some(number) => {
            let found = manifests.at(tenant, number).await?;
            found.with_context(|| {
                format!("tenant {tenant} has no version {number}: versions live a day past their successor")
            })
        }
    }
}

/// A block in one line.
fn line(block: &BlockMeta) -> String {
    let BlockMeta { id, level, resolution_ms, min_time, max_time, series, samples, histograms, .. } = block;
    let (parts, bytes) = (block.parts.len(), block.size());
    let resolution = if *resolution_ms == 0 { "raw".to_owned() } else { format!("{resolution_ms} ms") };
    format!(
        "{id}: level {level}, {resolution}, {min_time}..={max_time} ms, {series} series, {samples} floats, {histograms} histograms, \
         {parts} parts, {bytes} bytes"
    )
}
