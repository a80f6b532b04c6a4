//! The messages of remote write 2.0.

use mneme_model::MetricType;

use super::series::push;
use super::symbols::Symbols;
use super::{Error, ExemplarRef, MetadataRef, RawHistogram, Series, v1};
use crate::wire::{Reader, varints};

/// `io.prometheus.write.v2.TimeSeries`.
pub(super) fn read_series<'a>(
    message: Reader<'a>,
    symbols: &Symbols<'a>,
    series: &mut Series<'a>,
) -> Result<(), Error> {
    read_unresolved(message, symbols, series)?;
    resolve(symbols, series);
    Ok(())
}

/// The labels of a series that was read without.
pub(super) fn resolve<'a>(symbols: &Symbols<'a>, series: &mut Series<'a>) {
    series.labels.clear();
    series.problem = symbols.resolve(&series.refs, &mut series.labels);
}

/// All of a series but its labels, of which only the references are read.
pub(super) fn read_unresolved<'a>(
    mut message: Reader<'a>,
    symbols: &Symbols<'a>,
    series: &mut Series<'a>,
) -> Result<(), Error> {
    series.clear();
    let mut created = 0;
    while let Some((field, value)) = message.field()? {
        let at = &message;
        match field {
            1 => varints(value, field, at, |r| push(&mut series.refs, r, "label references", at))?,
            2 => push(
                &mut series.samples,
                v1::read_sample(value.message(field, at)?)?,
                "samples of a series",
                at,
            )?,
            3 => push(
                &mut series.histograms,
                RawHistogram(value.message(field, at)?, 0),
                "samples of a series",
                at,
            )?,
            4 => read_exemplar(value.message(field, at)?, symbols, series)?,
            5 => read_metadata(value.message(field, at)?, symbols, series)?,
            // `created_timestamp` of the protocol's release candidates, which Prometheus 3.0 to 3.7 send: one for the whole series.
            6 => created = value.int64(field, at)?,
            _ => {}
        }
    }
    if created != 0 {
        series.samples.iter_mut().filter(|sample| sample.st == 0).for_each(|sample| sample.st = created);
        series.histograms.iter_mut().for_each(|histogram| histogram.1 = created);
    }
    Ok(())
}

/// `io.prometheus.write.v2.Exemplar`.
fn read_exemplar<'a>(
    mut message: Reader<'a>,
    symbols: &Symbols<'a>,
    series: &mut Series<'a>,
) -> Result<(), Error> {
    let mut exemplar = ExemplarRef::default();
    let mut refs = std::mem::take(&mut series.exemplar_refs);
    refs.clear();
    while let Some((field, value)) = message.field()? {
        let at = &message;
        match field {
            1 => varints(value, field, at, |r| push(&mut refs, r, "label references", at))?,
            2 => exemplar.value = value.double(field, at)?,
            3 => exemplar.timestamp = value.int64(field, at)?,
            _ => {}
        }
    }
    let start = series.exemplar_labels.len();
    exemplar.problem = symbols.resolve(&refs, &mut series.exemplar_labels);
    exemplar.labels = start..series.exemplar_labels.len();
    series.exemplar_refs = refs;
    push(&mut series.exemplars, exemplar, "exemplars of a series", &message)
}

/// `io.prometheus.write.v2.Metadata`. All of its fields unset is as good as none.
fn read_metadata<'a>(
    mut message: Reader<'a>,
    symbols: &Symbols<'a>,
    series: &mut Series<'a>,
) -> Result<(), Error> {
    let (mut metric_type, mut help, mut unit) = (0, 0, 0);
    while let Some((field, value)) = message.field()? {
        match field {
            1 => metric_type = value.varint(field, &message)?,
            3 => help = value.varint(field, &message)?,
            4 => unit = value.varint(field, &message)?,
            _ => {}
        }
    }
    if (metric_type, help, unit) == (0, 0, 0) {
        return Ok(());
    }
    match (symbols.get(help), symbols.get(unit)) {
        (Ok(help), Ok(unit)) => {
            series.metadata =
                Some(MetadataRef { metric_type: MetricType::from_number(metric_type), help, unit });
        }
        (Err(problem), _) | (_, Err(problem)) => series.metadata_problem = Some(problem),
    }
    Ok(())
}
