//! What series are called.

use std::ops::Range;

use mneme_model::{Labels, LabelsBuilder, LabelsRef};

use super::SeriesTable;
use super::find::Candidate;
use crate::Error;
use crate::read::holes::Holes;
use crate::read::labels::ABSENT;
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
        let mut unpacker = self.unpacker()?;
        let mut read = Vec::with_capacity(wanted.names.len());
        for name in &wanted.names {
            let column = self.text_column(&format!("l_{name}"), rows, &mut unpacker)?;
            read.push((name.as_str(), column));
        }
        let rest = if wanted.rest { Some(self.rest(&mut unpacker)?) } else { None };
        let mut columns: Vec<_> =
            read.iter().map(|(name, column)| (*name, &column.texts, column.ascending())).collect();
        let mut buffer = String::new();
        let mut out = Vec::with_capacity(selected.len());
        for row in selected.iter().map(|(candidate, _)| candidate.row) {
            let own = columns.iter_mut().filter_map(|(name, texts, ids)| match ids.id(row) {
                ABSENT => None,
                id => Some((*name, texts.get(id))),
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
