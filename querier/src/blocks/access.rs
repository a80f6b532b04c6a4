//! What a process reads blocks with.

use std::sync::Arc;

use mneme_block::read::{Access, ParsedCache, RangeReader, ReadOptions};
use prometheus::Registry;

use super::decoders::Decoders;
use crate::Config;
use crate::querier::concurrency;

/// Threads that read tables and a cache of what was parsed, for all tenants, over what gives the bytes.
///
/// # Errors
/// Threads that cannot be started, metrics that are registered already.
pub fn block_access(
    config: &Config,
    reader: Arc<dyn RangeReader>,
    registry: &Registry,
) -> Result<Access, String> {
    let parsed = Arc::new(ParsedCache::new(config.parsed_blocks_cache_bytes));
    parsed.register(registry).map_err(|error| format!("metrics of blocks: {error}"))?;
    let decoders = Decoders::new(concurrency(config.max_concurrent), config.timeout)
        .map_err(|error| format!("threads that decode blocks: {error}"))?;
    let options = ReadOptions::default();
    Ok(Access { reader, options, parsed: Some(parsed), workers: Some(Arc::new(decoders)) })
}
