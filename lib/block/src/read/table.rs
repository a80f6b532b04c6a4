//! The series table of a part: which series match, and what they are called.

use std::collections::BTreeSet;
use std::ops::Range;

use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, LabelsBuilder, LabelsRef, MatchOp, Matcher, TimestampMs};
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use super::column;
use super::deletion::Deletion;
use super::footer::{Chunk, Footer};
use super::holes::Holes;
use super::labels::{self, ABSENT, TextColumn, TextLists, Texts};
use super::pieces::Pieces;
use super::select::{Projection, Select};
use super::{RangeReader, ReadOptions};
use crate::Error;
use crate::codec::page::Unpacker;

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
}

/// A row of the series table that may match.
#[derive(Clone, Debug)]
struct Candidate {
    row: u32,
    samples: u64,
    /// Time of its first sample.
    first: TimestampMs,
    /// Time of its last sample.
    last: TimestampMs,
    holes: Vec<(TimestampMs, TimestampMs)>,
}

/// An open series table.
pub(crate) struct SeriesTable<'a> {
    pub(crate) footer: Footer,
    pub(crate) pieces: Pieces,
    pub(crate) reader: &'a dyn RangeReader,
    pub(crate) options: ReadOptions,
    pub(crate) deletions: &'a [Deletion],
}

impl SeriesTable<'_> {
    /// The series that match and have samples in the range that are not all deleted, ascending.
    pub(crate) async fn select(&mut self, select: &Select) -> Result<Vec<Found>, Error> {
        if self.footer.groups() == 0 || select.matchers.iter().any(|it| !self.may_match(it)) {
            return Ok(Vec::new());
        }
        let rows = self.rows_of_name(&select.matchers)?;
        let Some(rows) = rows else { return Ok(Vec::new()) };
        let deletions: Vec<&Deletion> =
            self.deletions.iter().filter(|it| it.overlaps(select.start, select.end)).collect();
        let matchers = || select.matchers.iter().chain(deletions.iter().flat_map(|it| &it.matchers));
        let columns: BTreeSet<String> = matchers().filter_map(|it| self.column(it.name())).collect();
        let rest = matchers().any(|it| self.in_rest(it.name()));
        self.fetch(&["mint", "maxt", "nsamples"], &columns, rest, &rows).await?;
        let mut unpacker = self.unpacker()?;
        let mut selected = self.rows_of_range(&rows, select.start, select.end, &mut unpacker)?;
        for matcher in &select.matchers {
            self.keep_matching(matcher, &rows, &mut selected, &mut unpacker)?;
        }
        for deletion in deletions {
            self.delete(deletion, &rows, &mut selected, &mut unpacker)?;
        }
        let selected = remaining(selected, select.start, select.end);
        let labels = self.labels(&selected, &select.labels, &mut unpacker).await?;
        Ok(selected
            .into_iter()
            .zip(labels)
            .map(|((candidate, holes), labels)| Found {
                sid: candidate.row,
                labels,
                samples: candidate.samples,
                holes,
            })
            .collect())
    }

    /// Notes for the series that a deletion is of when it is.
    fn delete(
        &self,
        deletion: &Deletion,
        rows: &[Range<u32>],
        selected: &mut [Candidate],
        unpacker: &mut Unpacker,
    ) -> Result<(), Error> {
        let touched = selected.iter().filter(|it| deletion.overlaps(it.first, it.last));
        let mut touched: Vec<Candidate> = touched.cloned().collect();
        for matcher in &deletion.matchers {
            self.keep_matching(matcher, rows, &mut touched, unpacker)?;
        }
        for one in touched {
            if let Ok(at) = selected.binary_search_by_key(&one.row, |it| it.row) {
                selected[at].holes.push((deletion.start, deletion.end));
            }
        }
        Ok(())
    }

    /// The names of the labels that have columns, and whether there are more.
    pub(crate) fn names(&self) -> (Vec<String>, bool) {
        let own = self.footer.columns().filter(|column| !column.starts_with("l_rest."));
        let names = own.filter_map(|column| column.strip_prefix("l_").map(str::to_owned));
        (names.collect(), self.footer.has(REST[0]))
    }

    /// The names of the labels that have no column of their own.
    pub(crate) async fn rest_names(&mut self) -> Result<Vec<String>, Error> {
        let chunk = self.footer.chunk(0, REST[0])?;
        self.fetch_ranges(TextColumn::ranges(&chunk, &self.all_rows()?)).await?;
        let mut unpacker = self.unpacker()?;
        let keys = TextLists::read(&self.footer, &chunk, &self.pieces, &mut unpacker)?;
        Ok(texts(&keys.texts))
    }

    /// All values of a label, not sorted, some perhaps twice.
    pub(crate) async fn values(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let rows = self.all_rows()?;
        match self.column(name) {
            Some(column) => {
                let chunk = self.footer.chunk(0, &column)?;
                let mut unpacker = self.unpacker()?;
                if self.footer.is_all_dictionary(0, &column) && chunk.dictionary.is_some() {
                    self.fetch_ranges(chunk.dictionary.iter().cloned().collect()).await?;
                    let dictionary =
                        TextColumn::dictionary(&self.footer, &chunk, &self.pieces, &mut unpacker)?;
                    return Ok(texts(&dictionary));
                }
                self.fetch_ranges(TextColumn::ranges(&chunk, &rows)).await?;
                let column = TextColumn::read(&self.footer, &chunk, &rows, &self.pieces, &mut unpacker)?;
                Ok(texts(&column.texts))
            }
            None if self.in_rest(name) => {
                self.fetch(&[], &BTreeSet::new(), true, &rows).await?;
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

    async fn fetch_ranges(&mut self, ranges: Vec<Range<u64>>) -> Result<(), Error> {
        let key = std::sync::Arc::clone(&self.footer.key);
        self.pieces.fetch(self.reader, &key, ranges, self.options.coalesce_bytes).await
    }

    async fn fetch(
        &mut self,
        numbers: &[&str],
        columns: &BTreeSet<String>,
        rest: bool,
        rows: &[Range<u32>],
    ) -> Result<(), Error> {
        let mut ranges = Vec::new();
        for name in numbers.iter().copied().chain(columns.iter().map(String::as_str)) {
            ranges.extend(TextColumn::ranges(&self.footer.chunk(0, name)?, rows));
        }
        for name in REST.iter().filter(|_| rest) {
            ranges.extend(TextColumn::ranges(&self.footer.chunk(0, name)?, &self.all_rows()?));
        }
        self.fetch_ranges(ranges).await
    }

    /// The rows with samples in the time range, and how many samples they have.
    fn rows_of_range(
        &self,
        rows: &[Range<u32>],
        start: TimestampMs,
        end: TimestampMs,
        unpacker: &mut Unpacker,
    ) -> Result<Vec<Candidate>, Error> {
        let mint = self.numbers("mint", rows, unpacker)?;
        let maxt = self.numbers("maxt", rows, unpacker)?;
        let samples = self.numbers("nsamples", rows, unpacker)?;
        let all = mint.into_iter().zip(maxt).zip(samples);
        Ok(all
            .filter(|(((row, mint), (_, maxt)), _)| {
                let at = rows.partition_point(|range| range.end <= *row);
                *mint <= end && start <= *maxt && rows.get(at).is_some_and(|range| range.start <= *row)
            })
            .map(|(((row, first), (_, last)), (_, samples))| {
                let samples = u64::try_from(samples).unwrap_or(0);
                Candidate { row, samples, first, last, holes: Vec::new() }
            })
            .collect())
    }

    /// The numbers of the pages of `rows`, with their rows.
    fn numbers(
        &self,
        name: &str,
        rows: &[Range<u32>],
        unpacker: &mut Unpacker,
    ) -> Result<Vec<(u32, i64)>, Error> {
        let chunk = self.footer.chunk(0, name)?;
        let mut out = Vec::new();
        let mut values = Vec::new();
        for place in chunk.pages_of(rows) {
            let page = labels::page(&self.footer, &chunk, &self.pieces, place, unpacker)?;
            values.clear();
            column::integers(&page, true, &mut values)
                .map_err(|bad| self.footer.bad(name, place.bytes.start, bad.0))?;
            out.extend(place.rows.clone().zip(values.iter().copied()));
        }
        Ok(out)
    }

    fn keep_matching(
        &self,
        matcher: &Matcher,
        rows: &[Range<u32>],
        selected: &mut Vec<Candidate>,
        unpacker: &mut Unpacker,
    ) -> Result<(), Error> {
        if selected.is_empty() {
            return Ok(());
        }
        if let Some(name) = self.column(matcher.name()) {
            let chunk = self.footer.chunk(0, &name)?;
            let rows = within(rows, selected.first().map(|it| it.row), selected.last().map(|it| it.row));
            let column = TextColumn::read(&self.footer, &chunk, &rows, &self.pieces, unpacker)?;
            // Each value is looked at once at most: the answer is kept.
            let mut known: Vec<Option<bool>> = vec![None; column.texts.len()];
            let empty = matcher.matches_empty();
            selected.retain(|it| match column.id(it.row) {
                ABSENT => empty,
                id => match known.get_mut(id as usize) {
                    Some(answer) => *answer.get_or_insert_with(|| matcher.matches(column.texts.get(id))),
                    None => false,
                },
            });
        } else if self.in_rest(matcher.name()) {
            let rest = self.rest(unpacker)?;
            selected.retain(|it| matcher.matches(rest.get(it.row, matcher.name()).unwrap_or("")));
        } else if !matcher.matches_empty() {
            selected.clear();
        }
        Ok(())
    }

    fn rest(&self, unpacker: &mut Unpacker) -> Result<Rest, Error> {
        let mut read = |name| {
            let chunk: Chunk = self.footer.chunk(0, name)?;
            TextLists::read(&self.footer, &chunk, &self.pieces, unpacker)
        };
        Ok(Rest { keys: read(REST[0])?, values: read(REST[1])? })
    }

    async fn labels(
        &mut self,
        selected: &[(Candidate, Holes)],
        projection: &Projection,
        unpacker: &mut Unpacker,
    ) -> Result<Vec<Labels>, Error> {
        if selected.is_empty() {
            return Ok(Vec::new());
        }
        let (mut names, has_rest) = self.names();
        names.retain(|name| projection.wants(name));
        // Labels are ordered by the bytes of their names.
        names.sort_unstable();
        let columns = names.iter().map(|name| format!("l_{name}")).collect();
        let rest = has_rest
            && match projection {
                Projection::All => true,
                Projection::Only(wanted) => wanted.iter().any(|name| self.in_rest(name)),
            };
        let end = |it: Option<&'_ (Candidate, Holes)>| it.map(|(candidate, _)| candidate.row);
        let (first, last) = (end(selected.first()), end(selected.last()));
        let rows = within(&self.all_rows()?, first, last);
        self.fetch(&[], &columns, rest, &rows).await?;
        let mut read = Vec::with_capacity(names.len());
        for name in &names {
            let chunk = self.footer.chunk(0, &format!("l_{name}"))?;
            let column = TextColumn::read(&self.footer, &chunk, &rows, &self.pieces, unpacker)?;
            read.push((name.as_str(), column));
        }
        let rest = if rest { Some(self.rest(unpacker)?) } else { None };
        let mut buffer = String::new();
        let mut out = Vec::with_capacity(selected.len());
        for row in selected.iter().map(|(candidate, _)| candidate.row) {
            let own = read.iter().filter_map(|(name, column)| match column.id(row) {
                ABSENT => None,
                id => Some((*name, column.texts.get(id))),
            });
            let labels = match &rest {
                None => LabelsRef::write_sorted(&mut buffer, own)
                    .map(LabelsRef::to_owned)
                    .map_err(|error| self.footer.bad("l_", 0, &error.to_string()))?,
                Some(rest) => {
                    let mut builder = LabelsBuilder::new();
                    let more = rest.row(row).filter(|(name, _)| projection.wants(name));
                    for (name, value) in own.chain(more) {
                        builder.set(name, value);
                    }
                    builder.build()
                }
            };
            out.push(labels);
        }
        Ok(out)
    }
}

/// Labels without a column.
struct Rest {
    keys: TextLists,
    values: TextLists,
}

impl Rest {
    fn row(&self, row: u32) -> impl Iterator<Item = (&str, &str)> {
        self.keys.row(row).zip(self.values.row(row))
    }

    fn get(&self, row: u32, name: &str) -> Option<&str> {
        self.row(row).find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// Those that have anything left in the range.
fn remaining(selected: Vec<Candidate>, start: TimestampMs, end: TimestampMs) -> Vec<(Candidate, Holes)> {
    let with_holes = selected.into_iter().map(|mut it| {
        let holes = Holes::new(std::mem::take(&mut it.holes));
        (it, holes)
    });
    with_holes.filter(|(it, holes)| !holes.cover(it.first.max(start), it.last.min(end))).collect()
}

/// The parts of `rows` between the first and the last row selected.
fn within(rows: &[Range<u32>], first: Option<u32>, last: Option<u32>) -> Vec<Range<u32>> {
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let cut = rows.iter().map(|range| range.start.max(first)..range.end.min(last.saturating_add(1)));
    cut.filter(|range| range.start < range.end).collect()
}

fn texts(texts: &Texts) -> Vec<String> {
    (0..texts.len() as u32).map(|id| texts.get(id).to_owned()).collect()
}
