//! The messages of remote write 1.0.

use mneme_model::MetricType;

use super::series::push;
use super::{Error, ExemplarRef, FamilyMetadata, MetadataRef, RawHistogram, Sample, Series, SeriesProblem};
use crate::wire::Reader;

/// `prometheus.TimeSeries`.
pub(super) fn read_series<'a>(mut message: Reader<'a>, series: &mut Series<'a>) -> Result<(), Error> {
    series.clear();
    while let Some((field, value)) = message.field()? {
        let at = &message;
        match field {
            1 => match read_label(value.message(field, at)?)? {
                Ok(label) => push(&mut series.labels, label, "labels of a series", at)?,
                Err(problem) => series.problem = series.problem.or(Some(problem)),
            },
            2 => {
                push(
                    &mut series.samples,
                    read_sample(value.message(field, at)?)?,
                    "samples of a series",
                    at,
                )?;
            }
            3 => read_exemplar(value.message(field, at)?, series)?,
            4 => push(
                &mut series.histograms,
                RawHistogram(value.message(field, at)?, 0),
                "samples of a series",
                at,
            )?,
            _ => {}
        }
    }
    Ok(())
}

/// `prometheus.Label`. What is not UTF-8 is the series' problem, not the message's.
fn read_label(mut message: Reader<'_>) -> Result<Result<(&str, &str), SeriesProblem>, Error> {
    let mut parts = [Reader::default(); 2];
    while let Some((field, value)) = message.field()? {
        match field {
            1 => parts[0] = value.message(field, &message)?,
            2 => parts[1] = value.message(field, &message)?,
            _ => {}
        }
    }
    let utf8 = |error: Error| SeriesProblem::Utf8 { offset: error.offset };
    let [name, text] = parts;
    Ok(name.text().and_then(|name| Ok((name, text.text()?))).map_err(utf8))
}

/// `prometheus.Sample`, which 2.0's begins with.
pub(super) fn read_sample(mut message: Reader<'_>) -> Result<Sample, Error> {
    let mut sample = Sample::default();
    while let Some((field, value)) = message.field()? {
        match field {
            1 => sample.v = value.double(field, &message)?,
            2 => sample.t = value.int64(field, &message)?,
            3 => sample.st = value.int64(field, &message)?,
            _ => {}
        }
    }
    Ok(sample)
}

/// `prometheus.Exemplar`.
fn read_exemplar<'a>(mut message: Reader<'a>, series: &mut Series<'a>) -> Result<(), Error> {
    let start = series.exemplar_labels.len();
    let mut exemplar = ExemplarRef::default();
    while let Some((field, value)) = message.field()? {
        let at = &message;
        match field {
            1 => match read_label(value.message(field, at)?)? {
                Ok(label) => push(&mut series.exemplar_labels, label, "labels of exemplars", at)?,
                Err(problem) => exemplar.problem = exemplar.problem.or(Some(problem)),
            },
            2 => exemplar.value = value.double(field, at)?,
            3 => exemplar.timestamp = value.int64(field, at)?,
            _ => {}
        }
    }
    exemplar.labels = start..series.exemplar_labels.len();
    push(&mut series.exemplars, exemplar, "exemplars of a series", &message)
}

/// `prometheus.MetricMetadata`.
pub(super) fn read_metadata(mut message: Reader<'_>) -> Result<FamilyMetadata<'_>, Error> {
    let mut family = "";
    let mut metadata = MetadataRef::default();
    while let Some((field, value)) = message.field()? {
        match field {
            1 => metadata.metric_type = MetricType::from_number(value.varint(field, &message)?),
            2 => family = value.message(field, &message)?.text()?,
            4 => metadata.help = value.message(field, &message)?.text()?,
            5 => metadata.unit = value.message(field, &message)?.text()?,
            _ => {}
        }
    }
    Ok(FamilyMetadata { family, metadata })
}
