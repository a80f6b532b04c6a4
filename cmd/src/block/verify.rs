//! `mneme block verify`.

use std::sync::Arc;

use anyhow::ensure;
use mneme_block::meta::BlockMeta;
use mneme_block::read::Select;
use mneme_model::chunk::RawSamples;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{MatchOp, Matcher};
use ulid::Ulid;

use super::{Opened, REMEDY};
use crate::stdout::line;

/// Reads all samples; says of each block whether it holds what the manifest says.
pub(super) async fn run(opened: &Opened, only: Option<Ulid>) -> anyhow::Result<()> {
    let (mut blocks, mut wrong) = (0, 0);
    for block in opened.blocks(only).await? {
        blocks += 1;
        match check(opened, &block).await {
            Ok(()) => line(&format!(
                "{} ok: {} series, {} samples",
                block.id,
                block.series,
                block.samples + block.histograms
            )),
            Err(error) => {
                wrong += 1;
                line(&format!("{} WRONG: {error:#}", block.id));
            }
        }
    }
    ensure!(wrong == 0, "{wrong} of {blocks} blocks are wrong: {REMEDY}");
    Ok(())
}

async fn check(opened: &Opened, block: &Arc<BlockMeta>) -> anyhow::Result<()> {
    let reader = opened.reader(block);
    let (mut floats, mut histograms, mut series) = (0u64, 0u64, 0u64);
    // Metric by metric, so that one metric is in memory at a time.
    let mut names: Vec<Matcher> = reader
        .label_values(METRIC_NAME, &[], i64::MIN, i64::MAX)
        .await?
        .iter()
        .map(|name| Matcher::equal(METRIC_NAME, name))
        .collect();
    names.push(Matcher::new(MatchOp::Equal, METRIC_NAME, "")?);
    for name in names {
        for found in reader.select(&Select::new(vec![name], i64::MIN, i64::MAX)).await? {
            let mut samples = RawSamples::default();
            found.read_raw(i64::MIN, i64::MAX, &mut samples)?;
            series += 1;
            floats += samples.t.len() as u64;
            histograms += samples.histograms.len() as u64;
        }
    }
    ensure!(floats == block.samples, "{floats} floats, the manifest says {}", block.samples);
    ensure!(
        histograms == block.histograms,
        "{histograms} histograms, the manifest says {}",
        block.histograms
    );
    ensure!(series <= block.series, "{series} series, the manifest says {}", block.series);
    let exemplars = reader.exemplars(&Select::new(Vec::new(), i64::MIN, i64::MAX)).await?;
    let exemplars: usize = exemplars.iter().map(|one| one.exemplars.len()).sum();
    ensure!(
        exemplars as u64 == block.exemplars,
        "{exemplars} exemplars, the manifest says {}",
        block.exemplars
    );
    reader.metadata().await?;
    Ok(())
}
