//! `wal ls`.

use std::collections::BTreeMap;

use mneme_bucket::Bucket;
use mneme_model::WriterId;
use mneme_wal::{Header, Kind, Log};

use super::LsArgs;
use super::place::{self, Place};
use crate::stdout;

/// Prints the writers and their segments. What cannot be read is said in its line.
///
/// # Errors
/// The bucket's; a log that cannot be read.
pub(super) async fn run(bucket: &Bucket, args: &LsArgs) -> anyhow::Result<()> {
    let mut log = Log::new(bucket.clone());
    log.refresh().await?;
    stdout::line(&format!("log: {} entries, cut {}", log.position(), log.cut()));
    let (places, _) = place::list(bucket).await?;
    let mut chains: BTreeMap<u64, Vec<(Place, u64)>> = BTreeMap::new();
    for (place, size) in places {
        chains.entry(place.writer).or_default().push((place, size));
    }
    for (writer, info) in log.writers() {
        if args.writer.is_some_and(|wanted| wanted != writer.0) {
            continue;
        }
        let segments = chains.remove(&writer.0).unwrap_or_default();
        stdout::line(&summary(
            *writer,
            &info.instance,
            info.joined,
            &segments,
            sealed(bucket, &segments).await,
        ));
        if !args.writers {
            for (place, size) in &segments {
                stdout::line(&line(bucket, place, *size).await);
            }
        }
    }
    Ok(())
}

/// Whether the newest object is a seal.
async fn sealed(bucket: &Bucket, segments: &[(Place, u64)]) -> bool {
    let Some((place, size)) = segments.last() else { return false };
    place::header(bucket, &place.key(), *size).await.is_ok_and(|header| header.kind == Kind::Seal)
}

fn summary(writer: WriterId, instance: &str, joined: i64, segments: &[(Place, u64)], sealed: bool) -> String {
    let bytes: u64 = segments.iter().map(|(_, size)| size).sum();
    let range = match (segments.first(), segments.last()) {
        (Some((first, _)), Some((last, _))) => format!("{}..={}", first.seq, last.seq),
        _ => "none".to_owned(),
    };
    let sealed = if sealed { ", sealed" } else { "" };
    let count = segments.len();
    format!(
        "writer {writer}: instance {instance:?}, joined {joined} ms, objects {range} ({count}), {bytes} bytes{sealed}"
    )
}

async fn line(bucket: &Bucket, place: &Place, size: u64) -> String {
    let Place { writer, seq } = place;
    match place::header(bucket, &place.key(), size).await {
        Ok(header) if header.kind == Kind::Seal => format!("  {writer}/{seq}: seal, cut {}", header.cut),
        Ok(header) => format!(
            "  {writer}/{seq}: cut {}, {size} bytes, {} sections, {}",
            header.cut,
            header.sections.len(),
            counts(&header)
        ),
        Err(error) => format!("  {writer}/{seq}: {size} bytes, UNREADABLE: {error:#}"),
    }
}

/// What all sections hold.
pub(super) fn counts(header: &Header) -> String {
    let sum = |count: fn(&mneme_wal::Counts) -> u32| -> u64 {
        header.sections.iter().map(|section| u64::from(count(&section.counts))).sum()
    };
    let (series, floats) = (sum(|c| c.series), sum(|c| c.floats));
    let (histograms, exemplars, metadata) =
        (sum(|c| c.histograms), sum(|c| c.exemplars), sum(|c| c.metadata));
    format!(
        "{series} series, {floats} floats, {histograms} histograms, {exemplars} exemplars, {metadata} metadata"
    )
}
