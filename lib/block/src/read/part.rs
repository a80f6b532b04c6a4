//! One part of a block: its files, opened as they are needed.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use mneme_model::chunk::Chunk;
use mneme_model::labels::METRIC_NAME;
use mneme_model::{MatchOp, Matcher, TimestampMs};

use super::access::Access;
use super::block::BlockReader;
use super::cursor::PartCursor;
use super::exemplars::{self, BlockExemplars};
use super::footer::Footer;
use super::group::Row;
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

    /// The series that match, with their samples.
    pub(crate) async fn select(&self, select: &Arc<Select>) -> Result<Vec<BlockSeries>, Error> {
        let Some(opened) = self.find(select).await? else { return Ok(Vec::new()) };
        let file: Arc<str> = self.key(FileKind::Samples).into();
        let wanted = opened.wanted.clone();
        let Sampled { found, floats, histograms } = self.samples(opened).await?;
        let series = found.iter().map(|found| BlockSeries {
            labels: found.labels.clone(),
            file: Arc::clone(&file),
            floats: Vec::new(),
            histograms: Vec::new(),
            holes: found.holes.clone(),
        });
        let mut series: Vec<BlockSeries> = series.collect();
        for (sid, chunk) in floats.into_iter().flatten() {
            let at = wanted.place(sid);
            if let Some(series) = at.and_then(|at| series.get_mut(at)) {
                series.floats.push(chunk);
            }
        }
        for row in histograms {
            let at = wanted.place(row.head.sid);
            if let Some(series) = at.and_then(|at| series.get_mut(at)) {
                series.histograms.push(row);
            }
        }
        // A series whose samples all lie outside of the range was kept by its first and last sample only.
        series.retain(|series| !series.floats.is_empty() || !series.histograms.is_empty());
        Ok(series)
    }

    /// The series that match, to be read one after the other; `None`: there are none.
    pub(crate) async fn cursor(&self, select: &Arc<Select>) -> Result<Option<PartCursor>, Error> {
        let (table, floats, histograms) = futures::future::try_join3(
            self.series_table(),
            self.samples_table(FileKind::Samples),
            self.samples_table(FileKind::Histograms),
        )
        .await?;
        let access = self.block.access();
        let unnamed = table.unnamed(access, select, self.block.deletions()).await?;
        let Some(unnamed) = unnamed else { return Ok(None) };
        let wanted = self.wanted(Arc::clone(&unnamed.sids), select);
        let files = floats.into_iter().chain(histograms).collect();
        let (own, select) = (access.clone(), Arc::clone(select));
        let open = move || {
            let cursor = PartCursor::new(own, Arc::clone(&select), (unnamed, wanted), files)?;
            select.budget.take(cursor.bytes())?;
            Ok(Some(cursor))
        };
        access.compute(open).await
    }

    /// The samples of the series found.
    async fn samples(&self, opened: Opened) -> Result<Sampled, Error> {
        let Opened { found, wanted, floats, histograms } = opened;
        let (access, found) = (self.block.access(), Arc::new(found));
        let floats = async {
            match floats {
                Some(table) => table.floats(access, &wanted, Arc::clone(&found)).await,
                None => Ok(Vec::new()),
            }
        };
        let rows = async {
            match histograms {
                Some(table) => table.rows(access, &wanted).await,
                None => Ok(Vec::new()),
            }
        };
        let (floats, histograms) = futures::future::try_join(floats, rows).await?;
        Ok(Sampled { found, floats, histograms })
    }

    /// The series that match, and the tables that may have samples of them; `None`: there are none.
    async fn find(&self, select: &Arc<Select>) -> Result<Option<Opened>, Error> {
        let (table, floats, histograms) = futures::future::try_join3(
            self.series_table(),
            self.samples_table(FileKind::Samples),
            self.samples_table(FileKind::Histograms),
        )
        .await?;
        let found = table.select(self.block.access(), select, self.block.deletions()).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let labels = found.iter().map(|found| found.labels.as_bytes().len() as u64 + 64).sum::<u64>();
        select.budget.take(labels)?;
        let wanted = self.wanted(found.iter().map(|found| found.sid).collect(), select);
        Ok(Some(Opened { found, wanted, floats, histograms }))
    }

    /// The samples of these series (ascending) that are asked for.
    fn wanted(&self, sids: Arc<[u32]>, select: &Select) -> Wanted {
        let window_ms = i64::from(self.block.meta().window_ms);
        Wanted { sids, start: select.start, end: select.end, window_ms, budget: select.budget.clone() }
    }

    /// The series that match. Samples are only looked at where so much is deleted that none may be left.
    pub(crate) async fn series(&self, select: &Arc<Select>) -> Result<Vec<Found>, Error> {
        let table = self.series_table().await?;
        let found = table.select(self.block.access(), select, self.block.deletions()).await?;
        let doubtful: Vec<Found> = found.iter().filter(|it| it.is_doubtful).cloned().collect();
        if doubtful.is_empty() {
            return Ok(found);
        }
        let left = self.with_samples(doubtful, select).await?;
        Ok(found.into_iter().filter(|it| !it.is_doubtful || left.contains(&it.sid)).collect())
    }

    /// Those of these series (ascending) that have a sample in the range.
    async fn with_samples(&self, found: Vec<Found>, select: &Arc<Select>) -> Result<BTreeSet<u32>, Error> {
        let (access, range) = (self.block.access(), (select.start, select.end));
        let wanted = self.wanted(found.iter().map(|it| it.sid).collect(), select);
        let (found, mut left) = (Arc::new(found), BTreeSet::new());
        if let Some(table) = self.samples_table(FileKind::Samples).await? {
            let file = Arc::clone(&table.footer.key);
            let chunks = table.floats(access, &wanted, Arc::clone(&found)).await?;
            for (sid, chunk) in chunks.into_iter().flatten() {
                let one = BlockSeries { file: Arc::clone(&file), ..BlockSeries::of_floats(chunk) };
                if one.has_samples(range)? {
                    left.insert(sid);
                }
            }
        }
        if let Some(table) = self.samples_table(FileKind::Histograms).await? {
            for row in table.rows(access, &wanted).await? {
                let Some(one) = wanted.place(row.head.sid).and_then(|at| found.get(at)) else { continue };
                if BlockSeries::of_histograms(row, one.holes.clone()).has_samples(range)? {
                    left.insert(one.sid);
                }
            }
        }
        Ok(left)
    }

    /// The names of all labels.
    pub(crate) async fn label_names(&self) -> Result<Vec<String>, Error> {
        let mut table = self.series_table().await?;
        let (mut names, more) = table.names();
        if more {
            names.extend(table.rest_names(self.block.access()).await?);
        }
        Ok(names)
    }

    /// All values of a label.
    pub(crate) async fn label_values(&self, name: &str) -> Result<Vec<String>, Error> {
        self.series_table().await?.values(self.block.access(), name).await
    }

    /// The exemplars of the series that match.
    pub(crate) async fn exemplars(&self, select: &Select) -> Result<Vec<BlockExemplars>, Error> {
        let Some(meta) = self.meta.exemplars_file else { return Ok(Vec::new()) };
        // An exemplar may lie outside of its series' samples.
        let any_time = Arc::new(Select { start: TimestampMs::MIN, end: TimestampMs::MAX, ..select.clone() });
        let access = self.block.access();
        let (table, footer) =
            futures::future::try_join(self.series_table(), self.tail(FileKind::Exemplars, meta)).await?;
        let found = table.select(access, &any_time, self.block.deletions()).await?;
        let range = (select.start, select.end);
        exemplars::read(&footer, &*access.reader, access.options, &found, range).await
    }

    async fn series_table(&self) -> Result<SeriesTable, Error> {
        let (meta, access) = (self.meta.series_file, self.block.access());
        let key = self.key(FileKind::Series);
        let whole = (meta.size <= access.options.whole_series_bytes).then_some(0..meta.size);
        let from = if whole.is_some() { 0 } else { meta.size.saturating_sub(u64::from(meta.tail)) };
        let (footer, pieces) = open(access, &key, meta, from).await?;
        SeriesTable::new(footer, pieces, whole, access)
    }

    async fn samples_table(&self, kind: FileKind) -> Result<Option<SamplesTable>, Error> {
        let Some(meta) = self.meta.file(kind) else { return Ok(None) };
        let footer = self.tail(kind, meta).await?;
        Ok(Some(SamplesTable { footer, histograms: kind == FileKind::Histograms }))
    }

    fn key(&self, kind: FileKind) -> String {
        let meta: &BlockMeta = self.block.meta();
        BlockMeta::key(self.block.tenant(), meta.id, self.number, kind)
    }

    async fn tail(&self, kind: FileKind, meta: FileMeta) -> Result<Arc<Footer>, Error> {
        let from = meta.size.saturating_sub(u64::from(meta.tail));
        let (footer, _) = open(self.block.access(), &self.key(kind), meta, from).await?;
        Ok(footer)
    }
}

/// What a question found.
struct Opened {
    found: Vec<Found>,
    wanted: Wanted,
    floats: Option<SamplesTable>,
    histograms: Option<SamplesTable>,
}

/// Series with their samples.
struct Sampled {
    found: Arc<Vec<Found>>,
    /// Chunks of floats with their series ids, row group by row group.
    floats: Vec<Vec<(u32, Chunk)>>,
    /// Rows of histograms.
    histograms: Vec<Row>,
}

/// A file's footer and, where it was not known already, the file from byte `from` on.
pub(crate) async fn open(
    access: &Access,
    key: &str,
    meta: FileMeta,
    from: u64,
) -> Result<(Arc<Footer>, Pieces), Error> {
    let key: Arc<str> = key.into();
    if let Some(footer) = access.parsed.as_ref().and_then(|parsed| parsed.get(&key, "")) {
        return Ok((footer, Pieces::default()));
    }
    let mut pieces = Pieces::default();
    let all = from..meta.size;
    // The checksums are in what comes.
    let unchecked = |_, _: &[u8]| Ok(());
    pieces.fetch(&*access.reader, &key, vec![all], access.options.coalesce_bytes, unchecked).await?;
    let tail = meta.size.saturating_sub(u64::from(meta.tail))..meta.size;
    // A copy of the tail, so that a kept footer does not hold the whole file.
    let tail = pieces.get(&tail).map(|tail| Bytes::copy_from_slice(&tail)).unwrap_or_default();
    let name = Arc::clone(&key);
    let footer = Arc::new(access.compute(move || Footer::parse(&name, meta, tail)).await?);
    if let Some(data) = pieces.get(&(from..meta.size)) {
        footer.check(from, &data)?;
    }
    if let Some(parsed) = &access.parsed {
        parsed.put(&key, "", &footer, footer.memory());
    }
    Ok((footer, pieces))
}
