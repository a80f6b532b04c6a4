//! `manifest rollback`.

use std::sync::Arc;

use mneme_block::manifest::{Manifests, RollbackOptions};
use mneme_bucket::{AttemptIds, Bucket, Options};
use mneme_model::TenantId;
use mneme_server::{Clock, SystemClock};

use super::RollbackArgs;
use crate::stdout;

/// Goes back, and says what came of it. A directory is locked: a server on it must be stopped first.
///
/// # Errors
/// The bucket's; why it cannot be.
pub(super) async fn run(args: &RollbackArgs) -> anyhow::Result<()> {
    let tenant = TenantId::new(&args.tenant.tenant)?;
    let bucket = Bucket::open(&args.tenant.bucket, Options::default()).await?;
    let manifests = Manifests::new(bucket, Arc::new(AttemptIds::random()));
    let options = RollbackOptions {
        to: args.to,
        over_broken: args.over_broken,
        version_age: mneme_block::manifest::VERSION_AGE,
    };
    let rolled = manifests.rollback(&tenant, options, SystemClock.now_ms()).await?;
    for (number, reason) in &rolled.broken {
        stdout::line(&format!("version {number} was passed over: {reason}"));
    }
    for block in &rolled.kept {
        stdout::line(&format!("block {block} is kept: a flush brought it after version {}", args.to));
    }
    stdout::line(&format!(
        "tenant {tenant}: version {} is as version {} was",
        rolled.manifest.version(),
        args.to
    ));
    Ok(())
}
