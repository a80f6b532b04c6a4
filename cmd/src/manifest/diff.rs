//! `manifest diff`.

use mneme_block::manifest::Diff;
use mneme_model::TenantId;

use super::{DiffArgs, line, read_only, version};
use crate::stdout;

/// Prints what a version has different from an earlier one: a line for each thing, with `+` and `-`.
///
/// # Errors
/// The bucket's; versions that cannot be read or are not there.
pub(super) async fn run(args: &DiffArgs) -> anyhow::Result<()> {
    let manifests = read_only(&args.tenant.bucket).await?;
    let tenant = TenantId::new(&args.tenant.tenant)?;
    let old = version(&manifests, &tenant, Some(args.from)).await?;
    let new = version(&manifests, &tenant, args.to).await?;
    let diff = Diff::between(&old, &new).await?;
    stdout::line(&format!("tenant {tenant}, version {} -> {}", old.version(), new.version()));
    for (partition, from, to) in &diff.marks {
        stdout::line(&format!("mark {partition}: cut {from} -> {to}"));
    }
    if let Some((from, to)) = diff.floor {
        stdout::line(&format!("floor {from} -> {to}"));
    }
    if let Some((from, to)) = diff.shard_size {
        stdout::line(&format!("shard size {from:?} -> {to:?}"));
    }
    for tombstone in &diff.tombstones_removed {
        stdout::line(&format!("- tombstone {}", serde_json::to_string(tombstone)?));
    }
    for tombstone in &diff.tombstones_added {
        stdout::line(&format!("+ tombstone {}", serde_json::to_string(tombstone)?));
    }
    diff.removed.iter().for_each(|block| stdout::line(&format!("- block {}", line(block))));
    diff.added.iter().for_each(|block| stdout::line(&format!("+ block {}", line(block))));
    Ok(())
}
