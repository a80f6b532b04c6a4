//! `manifest verify`.

use std::collections::BTreeSet;

use anyhow::ensure;
use futures::TryStreamExt;
use mneme_block::manifest::Manifests;
use mneme_model::TenantId;

use super::{VerifyArgs, read_only};
use crate::stdout;

/// Looks at everything that tenants' manifests rest on; prints a line for each thing that is wrong, and a summary for each tenant.
///
/// # Errors
/// Where anything is wrong, or the bucket cannot be read.
pub(super) async fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let manifests = read_only(&args.bucket).await?;
    let tenants = match &args.tenant {
        Some(tenant) => BTreeSet::from([TenantId::new(tenant)?]),
        None => tenants(&manifests).await?,
    };
    let mut problems = 0;
    for tenant in tenants {
        let verified = manifests.verify(&tenant).await?;
        verified.problems.iter().for_each(|problem| stdout::line(&problem.to_string()));
        problems += verified.problems.len();
        stdout::line(&format!(
            "tenant {tenant}: {} versions, {} blocks, {} files of {} bytes, {} blocks that no version lists: {} problems",
            verified.versions,
            verified.blocks,
            verified.files,
            verified.bytes,
            verified.orphans,
            verified.problems.len()
        ));
    }
    ensure!(problems == 0, "{problems} problems");
    Ok(())
}

/// All tenants that have anything in the bucket, by a listing of it all.
async fn tenants(manifests: &Manifests) -> anyhow::Result<BTreeSet<TenantId>> {
    let mut found = BTreeSet::new();
    let mut listing = manifests.bucket().list("tenants", None);
    while let Some(object) = listing.try_next().await? {
        let name = object.key.split('/').nth(1).unwrap_or_default();
        match TenantId::new(name) {
            Ok(tenant) => drop(found.insert(tenant)),
            Err(error) => stdout::line(&format!("{}: not a tenant's: {error}", object.key)),
        }
    }
    Ok(found)
}
