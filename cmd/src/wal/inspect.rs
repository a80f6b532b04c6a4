//! `wal inspect`.

use anyhow::{Context, bail};
use bytes::Bytes;
use mneme_bucket::Bucket;
use mneme_wal::{Header, Kind, Section, SectionEntry};

use super::place::{self, Place};
use super::{InspectArgs, ls, records};
use crate::stdout;

/// Prints one segment.
///
/// # Errors
/// What is wrong with it; everything that can be read is printed before.
pub(super) async fn run(bucket: &Bucket, args: &InspectArgs) -> anyhow::Result<()> {
    let key = Place::parse(&args.segment)?.key();
    let bytes = bucket.get(&key).await?;
    let header = place::decode(&key, &bytes)?;
    stdout::line(&describe(&key, &header, bytes.len()));
    let mut broken = 0;
    for entry in &header.sections {
        stdout::line(&table_line(entry));
        if let Err(error) = section(entry, &bytes, args.records) {
            broken += 1;
            stdout::line(&format!("    BROKEN: {error:#}"));
        }
    }
    if broken > 0 {
        bail!("{key}: {broken} of {} sections are broken", header.sections.len());
    }
    Ok(())
}

fn describe(key: &str, header: &Header, len: usize) -> String {
    let kind = if header.kind == Kind::Seal { "seal" } else { "segment" };
    format!(
        "{key}: {kind} of {len} bytes\n  writer {}, seq {}, cut {}, written {} ms, attempt {:032x}\n  {} sections: {}",
        header.writer,
        header.seq,
        header.cut,
        header.time,
        header.attempt,
        header.sections.len(),
        ls::counts(header)
    )
}

fn table_line(entry: &SectionEntry) -> String {
    let SectionEntry { partition, compressed, offset, len, raw_len, counts, .. } = entry;
    let stored =
        if *compressed { format!("{len} bytes of zstd for {raw_len}") } else { format!("{len} bytes") };
    format!(
        "  partition {partition}: {stored} at {offset}: {} series, {} floats, {} histograms, {} exemplars, {} metadata",
        counts.series, counts.floats, counts.histograms, counts.exemplars, counts.metadata
    )
}

fn section(entry: &SectionEntry, segment: &Bytes, print: bool) -> anyhow::Result<()> {
    let section = Section::parse(entry.extract(segment)?).context("uncompressed section")?;
    if print {
        records::print(&section).context("uncompressed section")
    } else {
        section.verify().context("uncompressed section")
    }
}
