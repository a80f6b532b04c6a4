//! `mneme block export`.

use std::fs::File;
use std::io::BufWriter;

use anyhow::{Context, ensure};
use mneme_block::read::Select;
use mneme_block::write::LongTable;
use mneme_model::chunk::RawSamples;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{MatchOp, Matcher};

use super::{ExportArgs, Opened, REMEDY};
use crate::stdout::line;

/// Writes the float samples of blocks as a long table.
pub(super) async fn run(opened: &Opened, args: &ExportArgs) -> anyhow::Result<()> {
    ensure!(args.long, "there is no other form than --long");
    let path = args.out.display();
    let file = File::create(&args.out).with_context(|| format!("cannot write {path}"))?;
    let mut table = LongTable::new(BufWriter::new(file))?;
    let (mut samples, mut buffer) = (0, RawSamples::default());
    for block in opened.blocks(args.block).await? {
        let reader = opened.reader(&block).without(opened.deletions(&block)?);
        let names = reader.label_values(METRIC_NAME, &[], i64::MIN, i64::MAX).await.context(REMEDY)?;
        let mut metrics: Vec<Matcher> = names.iter().map(|name| Matcher::equal(METRIC_NAME, name)).collect();
        metrics.push(Matcher::new(MatchOp::Equal, METRIC_NAME, "")?);
        for metric in metrics {
            let select = Select::new(vec![metric], i64::MIN, i64::MAX);
            for series in reader.select(&select).await.context(REMEDY)? {
                buffer.clear();
                series.read_raw(i64::MIN, i64::MAX, &mut buffer).context(REMEDY)?;
                table.push(&series.labels, &buffer.t, &buffer.v)?;
                samples += buffer.t.len();
            }
        }
    }
    table.finish()?;
    line(&format!("{samples} samples in {path}"));
    Ok(())
}
