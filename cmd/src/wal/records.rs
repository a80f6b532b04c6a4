//! The records of a section, one line each.

use std::collections::HashMap;

use mneme_model::{AnyHistogram, LabelsRef};
use mneme_wal::{DecodeError, Section};

use crate::stdout;

/// Prints the records, up to the first one that cannot be read. A reference whose definition stands in an earlier segment is shown as its
/// number alone.
///
/// # Errors
/// The first one met.
pub(super) fn print(section: &Section) -> Result<(), DecodeError> {
    let mut names: HashMap<u32, String> = HashMap::new();
    for definition in section.definitions() {
        let definition = definition?;
        let name = format!("{} of tenant {}", text(definition.labels), definition.tenant);
        stdout::line(&format!("    series {}: {name}", definition.reference));
        names.insert(definition.reference, text(definition.labels));
    }
    let of = |reference: u32| names.get(&reference).map_or_else(String::new, |name| format!(" {name}"));
    for float in section.floats() {
        let (reference, t, value, bits) = (float.reference, float.t, float.value, float.value.to_bits());
        stdout::line(&format!(
            "    float {reference}{}: {value} ({bits:016x}) at {t}{}",
            of(reference),
            start(float.st)
        ));
    }
    let mut histogram = AnyHistogram::default();
    for record in section.histograms() {
        let record = record?;
        record.read(&mut histogram)?;
        let (reference, t, starts) = (record.reference, record.t, start(record.st));
        stdout::line(&format!("    histogram {reference}{}: {histogram:?} at {t}{starts}", of(reference)));
    }
    for exemplar in section.exemplars() {
        let exemplar = exemplar?;
        let (reference, value, t) = (exemplar.reference, exemplar.value, exemplar.t);
        stdout::line(&format!(
            "    exemplar {reference}{}: {} {value} at {t}",
            of(reference),
            text(exemplar.labels)
        ));
    }
    for metadata in section.metadata() {
        let metadata = metadata?;
        stdout::line(&format!(
            "    metadata {} of tenant {}: {:?}, unit {:?}, help {:?}",
            metadata.metric, metadata.tenant, metadata.metric_type, metadata.unit, metadata.help
        ));
    }
    section.verify()
}

fn start(st: i64) -> String {
    if st == 0 { String::new() } else { format!(" since {st}") }
}

fn text(labels: LabelsRef<'_>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(","))
}
