//! The messages of remote write 1.0.

use mneme_model::MetricType;

use super::series::push;
use super::{Error, ExemplarRef, FamilyMetadata, MetadataRef, RawHistogram, Sample, Series, SeriesProblem};
use crate::wire::{Reader, Value};

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
            _ => read_value(field, value, at, series)?,
        }
    }
    Ok(())
}

/// What follows a series' labels; `false` where another label follows. `series` is filled without labels.
#[inline]
pub(super) fn read_values<'a>(mut message: Reader<'a>, series: &mut Series<'a>) -> Result<bool, Error> {
    series.clear();
    if let Some(sample) = only_sample(message.bytes()) {
        series.samples.push(sample);
        return Ok(true);
    }
    while let Some((field, value)) = message.field()? {
        if field == 1 {
            return Ok(false);
        }
        read_value(field, value, &message, series)?;
    }
    Ok(true)
}

/// A field of a series that is no label.
fn read_value<'a>(
    field: u32,
    value: Value<'a>,
    at: &Reader<'a>,
    series: &mut Series<'a>,
) -> Result<(), Error> {
    match field {
        2 => {
            let sample = read_sample(value.message(field, at)?)?;
            push(&mut series.samples, sample, "samples of a series", at)
        }
        3 => read_exemplar(value.message(field, at)?, series),
        4 => {
            let histogram = RawHistogram(value.message(field, at)?, 0);
            push(&mut series.histograms, histogram, "samples of a series", at)
        }
        _ => Ok(()),
    }
}

/// The sample that the bytes are, if they are one, written as every sender writes it: value (left out if 0), then a time after 1970.
#[inline]
fn only_sample(bytes: &[u8]) -> Option<Sample> {
    let [0x12, len, sample @ ..] = bytes else { return None };
    let (value, rest) = match sample {
        [0x09, rest @ ..] => rest.split_first_chunk::<8>()?,
        rest => (&[0; 8], rest),
    };
    let [0x10, varint @ ..] = rest else { return None };
    if usize::from(*len) != sample.len() || varint.len() > 9 {
        return None;
    }
    let (last, before) = varint.split_last()?;
    let more = |byte: &u8| *byte >= 0x80;
    if more(last) || !before.iter().all(more) {
        return None;
    }
    let t = varint.iter().rev().fold(0u64, |t, byte| t << 7 | u64::from(byte & 0x7f));
    Some(Sample { t: t.cast_signed(), v: f64::from_bits(u64::from_le_bytes(*value)), st: 0 })
}

/// The length of the labels that a series' message begins with: its key, if no label follows later.
#[inline]
pub(super) fn labels_len(message: &[u8]) -> usize {
    let mut at = 0;
    while let Some(len) = label_len(message.get(at..).unwrap_or_default()) {
        at += len;
    }
    at
}

/// The length of the label field that the bytes begin with, its tag included; `None` if they do not begin with one.
#[inline]
fn label_len(bytes: &[u8]) -> Option<usize> {
    let whole = match bytes {
        [0x0a, len, ..] if *len < 0x80 => 2 + usize::from(*len),
        [0x0a, low, high, ..] if *high < 0x80 => 3 + usize::from(low & 0x7f) + (usize::from(*high) << 7),
        [0x0a, ..] => {
            let mut reader = Reader::new(bytes);
            reader.field().ok()??;
            reader.offset()
        }
        _ => return None,
    };
    (whole <= bytes.len()).then_some(whole)
}

/// The labels of a key, and the bytes of each, until the first that is no label in UTF-8.
pub(super) fn key_labels(key: &[u8]) -> impl Iterator<Item = (&[u8], (&str, &str))> {
    let mut rest = key;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at_checked(label_len(rest)?)?;
        rest = behind;
        let (_, value) = Reader::new(piece).field().ok()??;
        let label = read_label(value.message(1, &Reader::default()).ok()?).ok()?.ok()?;
        Some((piece, label))
    })
}

/// `prometheus.Label`. What is not UTF-8 is the series' problem, not the message's.
#[inline]
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
#[inline]
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
