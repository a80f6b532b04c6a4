//! The series table of a part: which series match, and what they are called.

mod find;
mod render;
mod rest;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, MatchOp, Matcher};
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use super::access::Access;
use super::deletion::Deletion;
use super::footer::Footer;
use super::holes::Holes;
use super::labels::{TextColumn, TextLists, Texts};
use super::numbers::NumberColumn;
use super::parsed::ParsedCache;
use super::pieces::Pieces;
use super::select::Select;
use crate::Error;
use crate::codec::page::Unpacker;
use find::Candidate;
pub(crate) use render::Names;
use render::WantedLabels;
use rest::Rest;

/// A map of the labels that have no column of their own.
const REST: [&str; 2] = ["l_rest.key_value.key", "l_rest.key_value.value"];

/// A series that matches.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its row in the series table.
    pub(crate) sid: u32,
    /// The labels asked for.
    pub(crate) labels: Labels,
    /// Samples, floats and histograms together, deleted ones included.
    pub(crate) samples: u64,
    /// When its samples are deleted.
    pub(crate) holes: Holes,
    /// Whether it may be that none of its samples in the range is left.
    pub(crate) is_doubtful: bool,
}

/// An open series table. Cheap to clone as long as nothing is held.
#[derive(Clone)]
pub(crate) struct SeriesTable {
    pub(crate) footer: Arc<Footer>,
    pub(crate) pieces: Pieces,
    /// The whole file, where it is small enough to be fetched at once.
    pub(crate) whole: Option<Range<u64>>,
    /// What was parsed, where columns are parsed whole; else none is kept.
    parsed: Option<Arc<ParsedCache>>,
    texts: HashMap<String, Arc<TextColumn>>,
    numbers: HashMap<&'static str, Arc<NumberColumn>>,
}

/// The series that match.
struct Matching {
    table: SeriesTable,
    selected: Vec<(Candidate, Holes)>,
    wanted: WantedLabels,
    /// From the first to the last of them.
    rows: Vec<Range<u32>>,
}

/// The series that match, and what they are called.
pub(crate) struct Unnamed {
    /// Their rows, ascending.
    pub(crate) sids: Arc<[u32]>,
    /// Of those of which something is deleted.
    pub(crate) holes: HashMap<u32, Holes>,
    pub(crate) names: Names,
}

/// Tables with more series are read page by page, and what was read of them is not kept parsed.
const MAX_PARSED_SERIES: u32 = 1 << 16;

/// Columns of numbers that say whether a series is in a range.
const RANGE: [&str; 3] = ["mint", "maxt", "nsamples"];

impl SeriesTable {
    pub(crate) fn new(
        footer: Arc<Footer>,
        pieces: Pieces,
        whole: Option<Range<u64>>,
        access: &Access,
    ) -> Result<Self, Error> {
        let small = footer.groups() == 1 && footer.rows(0)? <= MAX_PARSED_SERIES;
        let parsed = access.parsed.clone().filter(|_| whole.is_some() && small);
        Ok(Self { footer, pieces, whole, parsed, texts: HashMap::new(), numbers: HashMap::new() })
    }

    /// The series that match and have samples in the range that are not all deleted, ascending.
    pub(crate) async fn select(
        self,
        access: &Access,
        select: &Arc<Select>,
        deletions: &Arc<[Deletion]>,
    ) -> Result<Vec<Found>, Error> {
        let Some(matching) = self.matching(access, select, deletions).await? else { return Ok(Vec::new()) };
        let Matching { mut table, selected, wanted, rows } = matching;
        let asked = Arc::clone(select);
        let label = move || {
            let labels = table.labels(&selected, &asked.labels, &wanted, &rows)?;
            let found = selected.into_iter().zip(labels).map(|((candidate, holes), labels)| Found {
                sid: candidate.row,
                labels,
                samples: candidate.samples,
                is_doubtful: candidate.is_doubtful(&holes, (asked.start, asked.end)),
                holes,
            });
            Ok(found.collect())
        };
        access.compute(label).await
    }

    /// The same series, to be named later; `None`: there are none.
    pub(crate) async fn unnamed(
        self,
        access: &Access,
        select: &Arc<Select>,
        deletions: &Arc<[Deletion]>,
    ) -> Result<Option<Unnamed>, Error> {
        let Some(matching) = self.matching(access, select, deletions).await? else { return Ok(None) };
        let Matching { mut table, selected, wanted, rows } = matching;
        let asked = Arc::clone(select);
        let read = move || {
            let names = table.columns_of_names(&asked.labels, &wanted, &rows)?;
            let sids = selected.iter().map(|(candidate, _)| candidate.row).collect();
            let with_holes = selected.into_iter().filter(|(_, holes)| !holes.is_empty());
            let holes = with_holes.map(|(candidate, holes)| (candidate.row, holes)).collect();
            Ok(Some(Unnamed { sids, holes, names }))
        };
        access.compute(read).await
    }

    /// The series that match, whose labels were fetched.
    async fn matching(
        mut self,
        access: &Access,
        select: &Arc<Select>,
        deletions: &Arc<[Deletion]>,
    ) -> Result<Option<Matching>, Error> {
        if self.footer.groups() == 0 || select.matchers.iter().any(|it| !self.may_match(it)) {
            return Ok(None);
        }
        let Some(rows) = self.rows_of_name(&select.matchers)? else { return Ok(None) };
        let within = deletions.iter().filter(|it| it.overlaps(select.start, select.end));
        let matchers = || select.matchers.iter().chain(within.clone().flat_map(|it| &it.matchers));
        let columns: BTreeSet<String> = matchers().filter_map(|it| self.column(it.name())).collect();
        let rest = matchers().any(|it| self.in_rest(it.name()));
        self.fetch(access, &RANGE, &columns, rest, &rows).await?;
        let (asked, deletions) = (Arc::clone(select), Arc::clone(deletions));
        let find = move || {
            let selected = self.find(&asked, &deletions, &rows)?;
            Ok((self, selected))
        };
        let (mut table, selected) = access.compute(find).await?;
        if selected.is_empty() {
            return Ok(None);
        }
        let wanted = table.wanted_labels(&select.labels);
        let end = |it: Option<&(Candidate, Holes)>| it.map(|(candidate, _)| candidate.row);
        let rows = within_rows(&table.all_rows()?, end(selected.first()), end(selected.last()));
        let columns = wanted.names.iter().map(|name| format!("l_{name}")).collect();
        table.fetch(access, &[], &columns, wanted.rest, &rows).await?;
        Ok(Some(Matching { table, selected, wanted, rows }))
    }

    /// The names of the labels that have columns, and whether there are more.
    pub(crate) fn names(&self) -> (Vec<String>, bool) {
        let own = self.footer.columns().filter(|column| !column.starts_with("l_rest."));
        let names = own.filter_map(|column| column.strip_prefix("l_").map(str::to_owned));
        (names.collect(), self.footer.has(REST[0]))
    }

    /// The names of the labels that have no column of their own.
    pub(crate) async fn rest_names(&mut self, access: &Access) -> Result<Vec<String>, Error> {
        let chunk = self.footer.chunk(0, REST[0])?;
        self.fetch_ranges(access, TextColumn::ranges(&chunk, &self.all_rows()?)).await?;
        let mut unpacker = self.unpacker()?;
        let keys = TextLists::read(&self.footer, &chunk, &self.pieces, &mut unpacker)?;
        Ok(texts(&keys.texts))
    }

    /// All values of a label, not sorted, some perhaps twice.
    pub(crate) async fn values(&mut self, access: &Access, name: &str) -> Result<Vec<String>, Error> {
        let rows = self.all_rows()?;
        match self.column(name) {
            Some(column) => {
                let chunk = self.footer.chunk(0, &column)?;
                let mut unpacker = self.unpacker()?;
                if self.footer.is_all_dictionary(0, &column) && chunk.dictionary.is_some() {
                    self.fetch_ranges(access, chunk.dictionary.iter().cloned().collect()).await?;
                    let dictionary =
                        TextColumn::dictionary(&self.footer, &chunk, &self.pieces, &mut unpacker)?;
                    return Ok(texts(&dictionary));
                }
                self.fetch_ranges(access, TextColumn::ranges(&chunk, &rows)).await?;
                let column = TextColumn::read(&self.footer, &chunk, &rows, &self.pieces, &mut unpacker)?;
                Ok(texts(&column.texts))
            }
            None if self.in_rest(name) => {
                self.fetch(access, &[], &BTreeSet::new(), true, &rows).await?;
                let mut unpacker = self.unpacker()?;
                let rest = self.rest(&mut unpacker)?;
                let all = 0..self.footer.rows(0)?;
                Ok(all.filter_map(|row| rest.get(row, name).map(str::to_owned)).collect())
            }
            None => Ok(Vec::new()),
        }
    }

    fn all_rows(&self) -> Result<[Range<u32>; 1], Error> {
        self.footer.all_rows(0)
    }

    fn unpacker(&self) -> Result<Unpacker, Error> {
        Unpacker::new().map_err(|bad| self.footer.bad("file", 0, bad.0))
    }

    /// The column of a label's values.
    fn column(&self, name: &str) -> Option<String> {
        let column = format!("l_{name}");
        self.footer.has(&column).then_some(column)
    }

    fn in_rest(&self, name: &str) -> bool {
        self.footer.has(REST[0]) && self.column(name).is_none()
    }

    /// Whether a series may match, as far as the footer knows.
    fn may_match(&self, matcher: &Matcher) -> bool {
        match self.column(matcher.name()) {
            Some(column) => {
                matcher.op() != MatchOp::Equal
                    || matcher.value().is_empty()
                    || self.footer.may_hold(0, &column, matcher.value())
            }
            None => self.in_rest(matcher.name()) || matcher.matches_empty(),
        }
    }

    /// The rows whose pages may hold the metric names asked for; `None` if there are none.
    fn rows_of_name(&self, matchers: &[Matcher]) -> Result<Option<Vec<Range<u32>>>, Error> {
        let all = self.all_rows()?.to_vec();
        let Some(column) = self.column(METRIC_NAME) else { return Ok(Some(all)) };
        let Some(ColumnIndexMetaData::BYTE_ARRAY(bounds)) = self.footer.page_bounds(0, &column) else {
            return Ok(Some(all));
        };
        let chunk = self.footer.chunk(0, &column)?;
        let wanted = |at: usize| {
            let (Some(least), Some(greatest)) = (bounds.min_value(at), bounds.max_value(at)) else {
                return true;
            };
            matchers.iter().filter(|it| it.name() == METRIC_NAME).all(|it| match it.op() {
                // A bound that was cut short is still a bound.
                MatchOp::Equal if !it.value().is_empty() => {
                    least <= it.value().as_bytes() && it.value().as_bytes() <= greatest
                }
                MatchOp::Regex => it.set_values().is_none_or(|values| {
                    values.iter().any(|value| {
                        value.is_empty() || (least <= value.as_bytes() && value.as_bytes() <= greatest)
                    })
                }),
                _ => true,
            })
        };
        let mut rows: Vec<Range<u32>> = Vec::new();
        for (_, page) in chunk.pages.iter().enumerate().filter(|(at, _)| wanted(*at)) {
            match rows.last_mut() {
                Some(last) if last.end == page.rows.start => last.end = page.rows.end,
                _ => rows.push(page.rows.clone()),
            }
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    async fn fetch_ranges(&mut self, access: &Access, ranges: Vec<Range<u64>>) -> Result<(), Error> {
        // The same range as the first time, which caches of ranges know.
        let ranges = match &self.whole {
            Some(all) if ranges.iter().any(|range| self.pieces.get(range).is_none()) => vec![all.clone()],
            _ => ranges,
        };
        let gap = access.options.coalesce_bytes;
        self.pieces.fetch_checked(&*access.reader, &self.footer, ranges, gap).await
    }

    /// Fetches what is needed of columns and is not kept parsed.
    async fn fetch(
        &mut self,
        access: &Access,
        numbers: &[&'static str],
        columns: &BTreeSet<String>,
        rest: bool,
        rows: &[Range<u32>],
    ) -> Result<(), Error> {
        let mut ranges = Vec::new();
        for name in numbers {
            match self.parsed.as_ref().and_then(|parsed| parsed.get(&self.footer.key, name)) {
                Some(column) => drop(self.numbers.insert(name, column)),
                None => ranges.extend(TextColumn::ranges(&*self.footer.chunk(0, name)?, rows)),
            }
        }
        for name in columns {
            match self.parsed.as_ref().and_then(|parsed| parsed.get(&self.footer.key, name)) {
                Some(column) => drop(self.texts.insert(name.clone(), column)),
                None => ranges.extend(TextColumn::ranges(&*self.footer.chunk(0, name)?, rows)),
            }
        }
        for name in REST.iter().filter(|_| rest) {
            ranges.extend(TextColumn::ranges(&*self.footer.chunk(0, name)?, &self.all_rows()?));
        }
        if ranges.is_empty() {
            return Ok(());
        }
        self.fetch_ranges(access, ranges).await
    }

    /// The column of texts, of these rows at least, whose pages were fetched.
    fn text_column(
        &mut self,
        name: &str,
        rows: &[Range<u32>],
        unpacker: &mut Unpacker,
    ) -> Result<Arc<TextColumn>, Error> {
        if let Some(column) = self.texts.get(name) {
            return Ok(Arc::clone(column));
        }
        let chunk = self.footer.chunk(0, name)?;
        let Some(parsed) = &self.parsed else {
            return TextColumn::read(&self.footer, &chunk, rows, &self.pieces, unpacker).map(Arc::new);
        };
        let all = self.all_rows()?;
        let column = Arc::new(TextColumn::read(&self.footer, &chunk, &all, &self.pieces, unpacker)?);
        parsed.put(&self.footer.key, name, &column, column.memory());
        self.texts.insert(name.to_owned(), Arc::clone(&column));
        Ok(column)
    }

    /// The column of numbers, of these rows at least, whose pages were fetched.
    fn number_column(
        &mut self,
        name: &'static str,
        rows: &[Range<u32>],
        unpacker: &mut Unpacker,
    ) -> Result<Arc<NumberColumn>, Error> {
        if let Some(column) = self.numbers.get(name) {
            return Ok(Arc::clone(column));
        }
        let chunk = self.footer.chunk(0, name)?;
        let Some(parsed) = &self.parsed else {
            return NumberColumn::read(&self.footer, &chunk, rows, &self.pieces, unpacker).map(Arc::new);
        };
        let all = self.all_rows()?;
        let column = Arc::new(NumberColumn::read(&self.footer, &chunk, &all, &self.pieces, unpacker)?);
        parsed.put(&self.footer.key, name, &column, column.memory());
        Ok(column)
    }

    fn rest(&self, unpacker: &mut Unpacker) -> Result<Rest, Error> {
        let mut read = |name| {
            let chunk = self.footer.chunk(0, name)?;
            TextLists::read(&self.footer, &chunk, &self.pieces, unpacker)
        };
        Ok(Rest { keys: read(REST[0])?, values: read(REST[1])? })
    }
}

/// The parts of `rows` between the first and the last row selected.
fn within_rows(rows: &[Range<u32>], first: Option<u32>, last: Option<u32>) -> Vec<Range<u32>> {
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let cut = rows.iter().map(|range| range.start.max(first)..range.end.min(last.saturating_add(1)));
    cut.filter(|range| range.start < range.end).collect()
}

fn texts(texts: &Texts) -> Vec<String> {
    (0..texts.len() as u32).map(|id| texts.get(id).to_owned()).collect()
}
