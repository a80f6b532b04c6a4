//! `manifest show`.

use mneme_model::TenantId;

use super::{ShowArgs, line, read_only, version};
use crate::stdout;

/// Prints a version.
///
/// # Errors
/// The bucket's; a version that cannot be read or is not there.
pub(super) async fn run(args: &ShowArgs) -> anyhow::Result<()> {
    let manifests = read_only(&args.tenant.bucket).await?;
    let tenant = TenantId::new(&args.tenant.tenant)?;
    let manifest = version(&manifests, &tenant, args.version).await?;
    let content = manifest.content();
    if args.json {
        stdout::line(&serde_json::to_string_pretty(content)?);
        return Ok(());
    }
    stdout::line(&format!(
        "tenant {tenant}, version {}: committed {} ms, {} bytes, {} blocks of {} bytes",
        manifest.version(),
        manifest.time(),
        manifest.size(),
        content.block_count(),
        content.block_bytes()
    ));
    let shard_size = content.shard_size.map_or_else(|| "undecided".to_owned(), |size| size.to_string());
    stdout::line(&format!("floor {}, shard size {shard_size}", content.floor));
    for (partition, cut) in content.marks.iter() {
        stdout::line(&format!("mark {partition}: cut {cut}"));
    }
    for tombstone in &content.tombstones {
        stdout::line(&format!("tombstone {}", serde_json::to_string(tombstone)?));
    }
    for block in &content.blocks {
        stdout::line(&format!("block {}", line(block)));
    }
    for list in &content.lists {
        let (id, blocks, bytes) = (list.id, list.blocks, list.bytes);
        stdout::line(&format!(
            "list {id}: {}..={} ms, {blocks} blocks of {bytes} bytes",
            list.min_time, list.max_time
        ));
    }
    Ok(())
}
