//! One part of a block: its files, opened as they are needed.

use mneme_model::labels::METRIC_NAME;
use mneme_model::{MatchOp, Matcher, TimestampMs};

use super::block::BlockReader;
use super::exemplars::{self, BlockExemplars};
use super::footer::Footer;
use super::pieces::Pieces;
use super::samples::{SamplesTable, Wanted};
use super::select::Select;
use super::series::BlockSeries;
use super::table::{Found, SeriesTable};
use crate::Error;
use crate::meta::{BlockMeta, FileKind, FileMeta, PartMeta};

/// A part that is read.
pub(crate) struct Part<'a> {
    block: &'a BlockReader,
    number: usize,
    meta: &'a PartMeta,
}

impl<'a> Part<'a> {
    pub(crate) fn new(block: &'a BlockReader, number: usize, meta: &'a PartMeta) -> Self {
        Self { block, number, meta }
    }

    /// Whether the part may hold matches in the range, as far as the manifest knows.
    pub(crate) fn may_match(&self, matchers: &[Matcher], start: TimestampMs, end: TimestampMs) -> bool {
        let (first, last) = (self.meta.first.metric_name(), self.meta.last.metric_name());
        let inside = |name: &str| first <= name && name <= last;
        self.meta.min_time <= end
            && start <= self.meta.max_time
            && matchers.iter().filter(|it| it.name() == METRIC_NAME).all(|it| match it.op() {
                MatchOp::Equal => inside(it.value()),
                MatchOp::Regex => it.set_values().is_none_or(|names| names.iter().any(|name| inside(name))),
                _ => first != last || it.matches(first),
            })
    }

    /// The series that match, with their samples. The bytes held are added to `held`.
    pub(crate) async fn select(&self, select: &Select, held: &mut u64) -> Result<Vec<BlockSeries>, Error> {
        let (table, floats, histograms) = futures::future::try_join3(
            self.series_table(),
            self.samples_table(FileKind::Samples),
            self.samples_table(FileKind::Histograms),
        )
        .await?;
        let mut table = table;
        let found = table.select(select).await?;
        drop(table);
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let sids: Vec<u32> = found.iter().map(|found| found.sid).collect();
        *held += found.iter().map(|found| found.labels.as_bytes().len() as u64 + 64).sum::<u64>();
        let wanted = Wanted {
            sids: &sids,
            start: select.start,
            end: select.end,
            window_ms: i64::from(self.block.meta().window_ms),
            budget: select.max_bytes.saturating_sub(*held),
        };
        let rows = |table: Option<SamplesTable>| async {
            match table {
                Some(mut table) => table.rows(self.block.reader(), self.block.options(), &wanted).await,
                None => Ok((Vec::new(), 0)),
            }
        };
        let ((floats, float_bytes), (histograms, histogram_bytes)) =
            futures::future::try_join(rows(floats), rows(histograms)).await?;
        *held += float_bytes + histogram_bytes;
        if *held > select.max_bytes {
            return Err(Error::TooLarge { bytes: *held, limit: select.max_bytes });
        }
        let mut series: Vec<BlockSeries> = found
            .into_iter()
            .map(|Found { labels, holes, .. }| BlockSeries {
                labels,
                floats: Vec::new(),
                histograms: Vec::new(),
                holes,
            })
            .collect();
        for (rows, is_floats) in [(floats, true), (histograms, false)] {
            for row in rows {
                let Some(series) = sids.binary_search(&row.head.sid).ok().and_then(|at| series.get_mut(at))
                else {
                    continue;
                };
                if is_floats { series.floats.push(row) } else { series.histograms.push(row) }
            }
        }
        // A series whose samples all lie outside of the range was kept by its first and last sample only.
        series.retain(|series| !series.floats.is_empty() || !series.histograms.is_empty());
        Ok(series)
    }

    /// The series that match, without a look at samples.
    pub(crate) async fn series(&self, select: &Select) -> Result<Vec<Found>, Error> {
        self.series_table().await?.select(select).await
    }

    /// The names of all labels.
    pub(crate) async fn label_names(&self) -> Result<Vec<String>, Error> {
        let mut table = self.series_table().await?;
        let (mut names, more) = table.names();
        if more {
            names.extend(table.rest_names().await?);
        }
        Ok(names)
    }

    /// All values of a label.
    pub(crate) async fn label_values(&self, name: &str) -> Result<Vec<String>, Error> {
        self.series_table().await?.values(name).await
    }

    /// The exemplars of the series that match.
    pub(crate) async fn exemplars(&self, select: &Select) -> Result<Vec<BlockExemplars>, Error> {
        let Some(meta) = self.meta.exemplars_file else { return Ok(Vec::new()) };
        // An exemplar may lie outside of its series' samples.
        let any_time = Select { start: TimestampMs::MIN, end: TimestampMs::MAX, ..select.clone() };
        let (mut table, (footer, _)) =
            futures::future::try_join(self.series_table(), self.tail(FileKind::Exemplars, meta)).await?;
        let found = table.select(&any_time).await?;
        let range = (select.start, select.end);
        exemplars::read(&footer, self.block.reader(), self.block.options(), &found, range).await
    }

    async fn series_table(&self) -> Result<SeriesTable<'a>, Error> {
        let meta = self.meta.series_file;
        let options = self.block.options();
        let (footer, pieces) = if meta.size <= options.whole_series_bytes {
            self.whole(FileKind::Series, meta).await?
        } else {
            self.tail(FileKind::Series, meta).await?
        };
        let deletions = self.block.deletions();
        Ok(SeriesTable { footer, pieces, reader: self.block.reader(), options, deletions })
    }

    async fn samples_table(&self, kind: FileKind) -> Result<Option<SamplesTable>, Error> {
        let Some(meta) = self.meta.file(kind) else { return Ok(None) };
        let (footer, pieces) = self.tail(kind, meta).await?;
        Ok(Some(SamplesTable { footer, pieces, histograms: kind == FileKind::Histograms }))
    }

    fn key(&self, kind: FileKind) -> String {
        let meta: &BlockMeta = self.block.meta();
        BlockMeta::key(self.block.tenant(), meta.id, self.number, kind)
    }

    async fn tail(&self, kind: FileKind, meta: FileMeta) -> Result<(Footer, Pieces), Error> {
        open(self.block, &self.key(kind), meta, meta.size.saturating_sub(u64::from(meta.tail))).await
    }

    async fn whole(&self, kind: FileKind, meta: FileMeta) -> Result<(Footer, Pieces), Error> {
        open(self.block, &self.key(kind), meta, 0).await
    }
}

/// Fetches a file from byte `from` on and reads its footer.
pub(crate) async fn open(
    block: &BlockReader,
    key: &str,
    meta: FileMeta,
    from: u64,
) -> Result<(Footer, Pieces), Error> {
    let mut pieces = Pieces::default();
    let all = from..meta.size;
    pieces.fetch(block.reader(), key, vec![all], block.options().coalesce_bytes).await?;
    let tail = meta.size.saturating_sub(u64::from(meta.tail))..meta.size;
    let footer = Footer::parse(key, meta, pieces.get(&tail).unwrap_or_default())?;
    Ok((footer, pieces))
}
