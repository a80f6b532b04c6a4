//! `mneme block`: looks at the blocks of a tenant without changing them, also while a server is running on the bucket.

mod export;
mod inspect;
mod ls;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use mneme_block::manifest::{Manifest, Manifests, Tombstone};
use mneme_block::meta::BlockMeta;
use mneme_block::read::{BlockReader, BucketRanges, Deletion, ReadOptions};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::TenantId;
use ulid::Ulid;

use crate::manifest::TenantArgs;

/// What `block` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BlockCommand {
    /// List the blocks of the newest manifest, one line each.
    Ls(TenantArgs),
    /// Show one block: parts, windows, files, label names.
    Inspect(InspectArgs),
    /// Read every sample of every block and compare with what the manifest says; fails if anything is broken, gone or miscounted.
    Verify(VerifyArgs),
    /// Write the float samples of blocks as one Parquet table of (metric, labels, ts, v), without what was deleted.
    Export(ExportArgs),
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

/// What to do where a block cannot be read.
const REMEDY: &str =
    "put the files back from another copy of the bucket; `mneme block verify` names all that are wrong";

/// A tenant's newest manifest in a bucket.
struct Opened {
    bucket: Bucket,
    manifest: Manifest,
}

impl Opened {
    async fn new(args: &TenantArgs) -> anyhow::Result<Self> {
        let url = &args.bucket;
        let bucket = Bucket::open_read_only(url, Options::default()).await.with_context(|| {
            format!("cannot open the bucket {url}; --bucket takes the URL that the server has (bucket.url)")
        })?;
        let tenant = TenantId::new(&args.tenant)?;
        let manifests = Manifests::new(bucket.clone(), Arc::new(AttemptIds::random()));
        let manifest = manifests.newest(&tenant).await.with_context(|| {
            format!(
                "the manifest of tenant {tenant} in {url}; `mneme manifest verify` says what is wrong with it"
            )
        })?;
        ensure!(
            manifest.version() > 0,
            "{url} has no manifest of tenant {tenant}: nothing of it was flushed yet, or it has another name; give it with --tenant"
        );
        Ok(Self { bucket, manifest })
    }

    /// The blocks of the manifest; only one if it is named.
    async fn blocks(&self, only: Option<Ulid>) -> anyhow::Result<Vec<Arc<BlockMeta>>> {
        let mut blocks = self.manifest.all_blocks().await?;
        if let Some(id) = only {
            blocks.retain(|block| block.id == id);
            blocks.first().with_context(|| {
                format!(
                    "the newest manifest lists no block {id}; `mneme block ls` names those that there are"
                )
            })?;
        }
        Ok(blocks)
    }

    /// What the manifest's tombstones take out of a block.
    fn deletions(&self, block: &BlockMeta) -> anyhow::Result<Vec<Deletion>> {
        let open = |it: &&Tombstone| !block.carried_out.contains(&it.id);
        let tombstones = self.manifest.content().tombstones.iter().filter(open);
        tombstones.map(|it| it.deletion().with_context(|| format!("tombstone {}", it.id))).collect()
    }

    fn reader(&self, meta: &Arc<BlockMeta>) -> BlockReader {
        let ranges = Arc::new(BucketRanges(self.bucket.clone()));
        BlockReader::new(self.manifest.tenant().clone(), Arc::clone(meta), ranges, ReadOptions::default())
    }
}
