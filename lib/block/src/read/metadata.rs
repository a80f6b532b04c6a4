//! Metadata of a block's metric families.

use mneme_model::{Metadata, MetricType};

use super::column;
use super::footer::Footer;
use super::labels::{self, TextColumn};
use super::pieces::Pieces;
use crate::Error;
use crate::codec::page::Unpacker;
use crate::write::MetadataRow;

/// Reads the whole table, whose bytes are `pieces`.
pub(crate) fn read(footer: &Footer, pieces: &Pieces) -> Result<Vec<MetadataRow>, Error> {
    let mut unpacker = Unpacker::new().map_err(|bad| footer.bad("file", 0, bad.0))?;
    let mut out = Vec::new();
    for group in 0..footer.groups() {
        let rows = footer.all_rows(group)?;
        let mut texts =
            |name: &str| TextColumn::read(footer, &*footer.chunk(group, name)?, &rows, pieces, &mut unpacker);
        let [metrics, helps, units] = [texts("metric")?, texts("help")?, texts("unit")?];
        let mut numbers = |name: &str, wide| {
            let chunk = footer.chunk(group, name)?;
            let mut values = Vec::new();
            for place in &chunk.pages {
                let page = labels::page(footer, &chunk, pieces, place, &mut unpacker)?;
                column::integers(&page, wide, &mut values)
                    .map_err(|bad| footer.bad(name, place.bytes.start, bad.0))?;
            }
            Ok::<_, Error>(values)
        };
        let (types, firsts, lasts) =
            (numbers("type", false)?, numbers("first", true)?, numbers("last", true)?);
        for (row, ((kind, first), last)) in (0u32..).zip(types.iter().zip(firsts).zip(lasts)) {
            let text = |column: &TextColumn| column.texts.get(column.id(row)).to_owned();
            out.push(MetadataRow {
                metric: text(&metrics),
                first,
                last,
                metadata: Metadata {
                    metric_type: MetricType::from_number(u64::try_from(*kind).unwrap_or(0)),
                    help: text(&helps),
                    unit: text(&units),
                },
            });
        }
    }
    Ok(out)
}
