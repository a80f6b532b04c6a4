//! A checkpoint into a head.

use std::ops::Range;

use bytes::Bytes;
use mneme_head::Head;
use mneme_wal::Error;

use super::CheckpointReader;
use super::directory::TenantEntry;
use super::page::Record;

/// Adds a run of pages, whose stored bytes are given, to a head. The head is locked meanwhile.
///
/// # Errors
/// [`Error::Corrupt`]; what came before the broken place is in the head, which does no harm: everything is merged.
pub(crate) fn load(
    head: &Head,
    checkpoint: &CheckpointReader,
    pages: Range<usize>,
    stored: &Bytes,
) -> Result<(), Error> {
    let newest = mneme_model::Cut(checkpoint.header.cut.0.saturating_sub(1));
    let mut appender = head.appender();
    checkpoint.read(pages, stored, |tenant: &TenantEntry, record| {
        match record {
            Record::Series { labels, chunks, exemplars } => {
                let newest = chunks.iter().map(|(cut, _)| *cut).max().unwrap_or(newest);
                let series = appender.series(&tenant.tenant, labels, newest);
                for (cut, chunk) in chunks {
                    let _outcome =
                        appender.chunk(series, cut, chunk).map_err(|_| "a chunk cannot be read")?;
                }
                for (cut, exemplar) in exemplars {
                    appender.stamped_exemplar(series, cut, exemplar);
                }
            }
            Record::Metadata { metric, metadata } => {
                appender.metadata(&tenant.tenant, metric, metadata);
            }
        }
        Ok(())
    })
}
