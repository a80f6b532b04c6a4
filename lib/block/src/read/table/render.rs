//! What series are called.

use std::ops::Range;
use std::sync::Arc;

use mneme_model::{Labels, LabelsBuilder, LabelsRef};

use super::SeriesTable;
use super::find::Candidate;
use super::rest::Rest;
use crate::Error;
use crate::read::footer::Footer;
use crate::read::holes::Holes;
use crate::read::labels::{ABSENT, TextColumn};
use crate::read::select::Projection;

/// The labels to read.
pub(super) struct WantedLabels {
    /// Those with columns, sorted.
    pub(super) names: Vec<String>,
    /// Whether some have none.
    pub(super) rest: bool,
}

impl SeriesTable {
    /// Which labels' columns have to be read.
    pub(super) fn wanted_labels(&self, projection: &Projection) -> WantedLabels {
        let (mut names, has_rest) = self.names();
        names.retain(|name| projection.wants(name));
        // Labels are ordered by the bytes of their names.
        names.sort_unstable();
        let rest = has_rest
            && match projection {
                Projection::All => true,
                Projection::Only(wanted) => wanted.iter().any(|name| self.in_rest(name)),
            };
        WantedLabels { names, rest }
    }

    /// The labels of the series selected.
    pub(super) fn labels(
        &mut self,
        selected: &[(Candidate, Holes)],
        projection: &Projection,
        wanted: &WantedLabels,
        rows: &[Range<u32>],
    ) -> Result<Vec<Labels>, Error> {
        let names = self.columns_of_names(projection, wanted, rows)?;
        names.render(selected.iter().map(|(candidate, _)| candidate.row))
    }

    /// The labels of these rows, whose pages were fetched.
    pub(super) fn columns_of_names(
        &mut self,
        projection: &Projection,
        wanted: &WantedLabels,
        rows: &[Range<u32>],
    ) -> Result<Names, Error> {
        let mut unpacker = self.unpacker()?;
        let mut columns = Vec::with_capacity(wanted.names.len());
        for name in &wanted.names {
            columns.push((name.clone(), self.text_column(&format!("l_{name}"), rows, &mut unpacker)?));
        }
        let rest = if wanted.rest { Some(self.rest(&mut unpacker)?) } else { None };
        let of_columns = columns.iter().map(|(_, column)| column.memory()).sum::<u64>();
        // What is kept parsed is counted there.
        let memory = if self.parsed.is_some() { 0 } else { of_columns };
        let memory = memory + rest.as_ref().map_or(0, Rest::memory);
        Ok(Names { footer: Arc::clone(&self.footer), columns, rest, projection: projection.clone(), memory })
    }
}

/// What the series of a table are called.
pub(crate) struct Names {
    footer: Arc<Footer>,
    /// Sorted by name.
    columns: Vec<(String, Arc<TextColumn>)>,
    rest: Option<Rest>,
    projection: Projection,
    memory: u64,
}

impl Names {
    /// The labels of some series, by their rows, which ascend.
    pub(crate) fn render(&self, rows: impl Iterator<Item = u32>) -> Result<Vec<Labels>, Error> {
        let columns = self.columns.iter();
        let mut columns: Vec<_> =
            columns.map(|(name, column)| (name.as_str(), &column.texts, column.ascending())).collect();
        let mut buffer = String::new();
        let mut out = Vec::with_capacity(rows.size_hint().0);
        for row in rows {
            let own = columns.iter_mut().filter_map(|(name, texts, ids)| match ids.id(row) {
                ABSENT => None,
                id => Some((*name, texts.get(id))),
            });
            let labels = match &self.rest {
                None => LabelsRef::write_sorted(&mut buffer, own)
                    .map(LabelsRef::to_owned)
                    .map_err(|error| self.footer.bad("l_", 0, &error.to_string()))?,
                Some(rest) => {
                    let mut builder = LabelsBuilder::new();
                    let more = rest.row(row).filter(|(name, _)| self.projection.wants(name));
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

    /// Bytes held, but for what is kept for other questions as well.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }
}
