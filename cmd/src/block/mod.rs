//! `mneme block`: looks at the blocks of a tenant without changing them, also while a server is running on the bucket.

mod export;
mod inspect;
mod ls;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use mneme_block::manifest::{Manifest, Manifests};
use mneme_block::meta::BlockMeta;
use mneme_block::read::{BlockReader, BucketRanges, ReadOptions};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::TenantId;
use ulid::Ulid;

/// What `block` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BlockCommand {
    /// List the blocks of the newest manifest, one line each.
    Ls(TenantArgs),
    /// Show one block: parts, windows, files, label names.
    Inspect(InspectArgs),
    /// Read every sample of every block and compare with what the manifest says; fails if anything is broken, gone or miscounted.
    Verify(VerifyArgs),
    /// Write the float samples of blocks as one Parquet table of (metric, labels, ts, v).
    Export(ExportArgs),
}

/// Whose blocks.
#[derive(Args, Debug)]
pub(crate) struct TenantArgs {
    /// The bucket, e.g. file:///var/lib/mneme/bucket; it is only read
    #[arg(long, value_name = "URL")]
    pub(crate) bucket: String,
    /// The tenant
    #[arg(long, value_name = "ID", default_value = "anonymous")]
    pub(crate) tenant: String,
}

/// Flags of `block inspect`.
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// The block, as `ls` names it
    pub(crate) block: Ulid,
}

/// Flags of `block verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// Only this block; all without it
    #[arg(long, value_name = "ULID")]
    pub(crate) block: Option<Ulid>,
}

/// Flags of `block export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// Only this block; all without it. What several blocks hold is written once for each
    #[arg(long, value_name = "ULID")]
    pub(crate) block: Option<Ulid>,
    /// A row per sample: the only form there is
    #[arg(long, required = true)]
    pub(crate) long: bool,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Runs a command of `mneme block`.
///
/// # Errors
/// A bucket or manifest that cannot be read, a block that is not there; for `verify` also what is wrong.
pub(crate) fn run(command: &BlockCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            BlockCommand::Ls(args) => ls::run(&Opened::new(args).await?).await,
            BlockCommand::Inspect(args) => inspect::run(&Opened::new(&args.tenant).await?, args.block).await,
            BlockCommand::Verify(args) => verify::run(&Opened::new(&args.tenant).await?, args.block).await,
            BlockCommand::Export(args) => export::run(&Opened::new(&args.tenant).await?, args).await,
        }
    })
}

/// A tenant's newest manifest in a bucket.
struct Opened {
    bucket: Bucket,
    manifest: Manifest,
}

impl Opened {
    async fn new(args: &TenantArgs) -> anyhow::Result<Self> {
        let bucket = Bucket::open_read_only(&args.bucket, Options::default()).await?;
        let tenant = TenantId::new(&args.tenant)?;
        let manifests = Manifests::new(bucket.clone(), Arc::new(AttemptIds::random()));
        let manifest = manifests.newest(&tenant).await?;
        Ok(Self { bucket, manifest })
    }

    /// The blocks of the manifest; only one if it is named.
    async fn blocks(&self, only: Option<Ulid>) -> anyhow::Result<Vec<Arc<BlockMeta>>> {
        let mut blocks = self.manifest.all_blocks().await?;
        if let Some(id) = only {
            blocks.retain(|block| block.id == id);
            blocks.first().with_context(|| format!("the newest manifest lists no block {id}"))?;
        }
        Ok(blocks)
    }

    fn reader(&self, meta: &Arc<BlockMeta>) -> BlockReader {
        let ranges = Arc::new(BucketRanges(self.bucket.clone()));
        BlockReader::new(self.manifest.tenant().clone(), Arc::clone(meta), ranges, ReadOptions::default())
    }
}
