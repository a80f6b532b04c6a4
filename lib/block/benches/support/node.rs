//! The corpus of a real node_exporter, where it is.

use std::collections::HashMap;
use std::path::Path;

use mneme_model::Labels;

use crate::source::{Column, Columns};

/// All series of the corpus, scraped once a second.
pub(crate) fn series() -> Option<Columns> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/node_10m.prom.zst");
    let packed = std::fs::read(path).ok()?;
    let mut decoder = zstd::stream::read::Decoder::new(packed.as_slice()).ok()?;
    decoder.window_log_max(27).ok()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut decoder, &mut text).ok()?;
    let mut all: HashMap<&str, Column> = HashMap::new();
    let mut t = 0i64;
    for line in text.lines() {
        if let Some(time) = line.strip_prefix("# SNAPSHOT ") {
            t = time.trim().parse().ok()?;
        } else if !line.starts_with('#') && !line.is_empty() {
            let (series, value) = line.rsplit_once(' ')?;
            let column = all.entry(series).or_insert_with(|| Column {
                labels: labels(series),
                t: Vec::new(),
                v: Vec::new(),
            });
            column.t.push(t);
            column.v.push(value.parse().ok()?);
        }
    }
    Some(Columns::new(all.into_values().collect()))
}

/// `name{a="b",c="d"}`; the corpus has no escapes.
fn labels(series: &str) -> Labels {
    let (name, rest) = series.split_once('{').unwrap_or((series, ""));
    let pairs = rest.trim_end_matches('}').split("\",").filter_map(|pair| pair.split_once("=\""));
    let pairs = pairs.map(|(name, value)| (name, value.trim_end_matches('"')));
    Labels::from_pairs(pairs.chain([("__name__", name), ("instance", "node:9100")]))
}
