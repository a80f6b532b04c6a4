//! Reads chunks that may overlap and repeat samples as one ascending series.

use std::cmp::Ordering;
use std::sync::Arc;

use super::counter_resets::{keep, set_counter_resets};
use super::histogram_view::View;
use super::{
    Chunk, Encoding, Error, FloatSample, HistogramChunkBuilder, HistogramSample, float_columns, to_float,
};
use crate::histogram::AnyHistogram;
use crate::{HistogramPoint, Samples, TimestampMs, is_stale_nan, prefer_value};

/// Appends the samples of `start..=end` of all `chunks` of one series to `out`, as one ascending series.
///
/// Of several samples at one time one is kept, whatever the order of the chunks (DESIGN section 5): non-stale wins over
/// stale, then a histogram over a float, then among floats the larger bits, among histograms [`prefer_histogram`], then
/// the larger start timestamp.
///
/// Counter reset hints of histograms are those of [`set_counter_resets`], known from the start of the chunks on.
///
/// `out`'s samples must be before `start`. On an error `out` may hold some of the samples.
pub fn merge(chunks: &[Chunk], start: TimestampMs, end: TimestampMs, out: &mut Samples) -> Result<(), Error> {
    let histograms =
        chunks.iter().filter(|chunk| chunk.encoding == Encoding::Histogram && chunk.overlaps(start, end));
    let Some(known_from) = histograms.map(|chunk| chunk.min_time).min() else {
        return merge_samples(chunks, start, end, out);
    };
    let mut samples = Samples::default();
    merge_samples(chunks, known_from.min(start), end, &mut samples)?;
    set_counter_resets(&mut samples);
    keep(samples, start, end, out);
    Ok(())
}

/// [`merge`] of several series at once: of each all its chunks, into the output of the same place. Floats of two series are decoded by
/// turns, which is faster than one series after the other.
///
/// On an error the outputs may hold some of the samples; which series is broken [`merge`] tells.
pub fn merge_each(
    series: &[&[Chunk]],
    start: TimestampMs,
    end: TimestampMs,
    outs: &mut [Samples],
) -> Result<(), Error> {
    let wanted = |chunk: &&Chunk| chunk.count > 0 && chunk.overlaps(start, end);
    let is_plain = |chunks: &[Chunk]| {
        chunks.iter().filter(wanted).all(|chunk| chunk.encoding == Encoding::Float)
            && chunks.iter().filter(wanted).is_sorted_by(|a, b| a.max_time < b.min_time)
    };
    let plain: Vec<&[Chunk]> =
        series.iter().map(|chunks| if is_plain(chunks) { *chunks } else { &[] }).collect();
    float_columns::read_each(&plain, start, end, outs)?;
    for ((chunks, plain), out) in series.iter().zip(&plain).zip(outs) {
        if plain.is_empty() {
            merge(chunks, start, end, out)?;
        }
    }
    Ok(())
}

fn merge_samples(
    chunks: &[Chunk],
    start: TimestampMs,
    end: TimestampMs,
    out: &mut Samples,
) -> Result<(), Error> {
    let wanted = |chunk: &&Chunk| chunk.count > 0 && chunk.overlaps(start, end);
    if chunks.iter().filter(wanted).is_sorted_by(|a, b| a.max_time < b.min_time) {
        return chunks.iter().filter(wanted).try_for_each(|chunk| chunk.read(start, end, out));
    }
    let mut sorted: Vec<&Chunk> = chunks.iter().filter(wanted).collect();
    sorted.sort_by_key(|chunk| chunk.min_time);
    let mut rest = sorted.as_slice();
    while let Some(first) = rest.first() {
        let mut reach = first.max_time;
        let mut len = 1;
        while let Some(next) = rest.get(len).filter(|next| next.min_time <= reach) {
            reach = reach.max(next.max_time);
            len += 1;
        }
        let (group, behind) = rest.split_at(len);
        match group {
            [alone] => alone.read(start, end, out)?,
            group => merge_group(group, start, end, out)?,
        }
        rest = behind;
    }
    Ok(())
}

/// Whether `new` replaces `old` at one series and time: non-stale (by the sum) wins over stale, then the larger bytes of the
/// histogram's own encoding (a chunk of this one histogram). A total order.
#[must_use]
pub fn prefer_histogram(old: &AnyHistogram, new: &AnyHistogram) -> bool {
    compare_histograms(old, new) == Ordering::Less
}

/// [`prefer_histogram`] as an order: the greater is kept.
pub(super) fn compare_histograms(a: &AnyHistogram, b: &AnyHistogram) -> Ordering {
    let (left, right) = (View::from(a), View::from(b));
    if left.same(&right) {
        return Ordering::Equal;
    }
    let alive = |view: &View<'_>| !is_stale_nan(f64::from_bits(view.sum));
    let bytes = |histogram| {
        let mut builder = HistogramChunkBuilder::new();
        builder.push(0, histogram, 0);
        builder.chunk().data
    };
    alive(&left).cmp(&alive(&right)).then_with(|| bytes(a).cmp(&bytes(b)))
}

fn merge_group(
    group: &[&Chunk],
    start: TimestampMs,
    end: TimestampMs,
    out: &mut Samples,
) -> Result<(), Error> {
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for chunk in group {
        for sample in chunk.floats() {
            let sample = sample?;
            if (start..=end).contains(&sample.t) {
                floats.push(sample);
            }
        }
        for sample in chunk.histograms() {
            let sample = sample?;
            if (start..=end).contains(&sample.t) {
                histograms.push(sample);
            }
        }
    }
    floats.sort_by_key(|sample| sample.t);
    histograms.sort_by_key(|sample| sample.t);
    floats.dedup_by(|next, kept| {
        let same_time = next.t == kept.t;
        if same_time && prefer_float(kept, next) {
            *kept = *next;
        }
        same_time
    });
    histograms.dedup_by(|next, kept| {
        let same_time = next.t == kept.t;
        if same_time && prefer_histogram_sample(kept, next) {
            std::mem::swap(kept, next);
        }
        same_time
    });
    emit(&floats, &histograms, out);
    Ok(())
}

fn prefer_float(old: &FloatSample, new: &FloatSample) -> bool {
    prefer_value(old.v, new.v) || (old.v.to_bits() == new.v.to_bits() && new.st > old.st)
}

fn prefer_histogram_sample(old: &HistogramSample, new: &HistogramSample) -> bool {
    match compare_histograms(&old.histogram, &new.histogram) {
        Ordering::Less => true,
        Ordering::Equal => new.st > old.st,
        Ordering::Greater => false,
    }
}

/// Both ascending; where both have a time, a histogram gives way only if it is stale and the float is not.
fn emit(floats: &[FloatSample], histograms: &[HistogramSample], out: &mut Samples) {
    let mut floats = floats.iter().peekable();
    for histogram in histograms {
        while let Some(float) = floats.next_if(|float| float.t < histogram.t) {
            out.push_float(float.t, float.v, float.st);
        }
        let twin = floats.next_if(|float| float.t == histogram.t);
        let value = to_float(&histogram.histogram);
        match twin {
            Some(float) if is_stale_nan(value.sum) && !is_stale_nan(float.v) => {
                out.push_float(float.t, float.v, float.st);
            }
            _ => out.histograms.push(HistogramPoint { t: histogram.t, h: Arc::new(value), st: histogram.st }),
        }
    }
    for float in floats {
        out.push_float(float.t, float.v, float.st);
    }
}
