//! Rows of native histograms: a row of their sums as floats, their common layout, and their counts bucket by bucket.

use mneme_model::chunk::HistogramSample;
use mneme_model::histogram::{AnyHistogram, CounterResetHint, FloatHistogram, Histogram, Span};

use super::{FloatRows, List, MAX_ROW};
use crate::codec::{Bad, unzigzag, zigzag};

/// A row holds at most so many bucket counts, unless one histogram alone has more.
const MAX_COUNTS: usize = 1 << 18;

/// What all histograms of a row have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) float: bool,
    pub(crate) hint: u8,
    pub(crate) schema: i32,
    pub(crate) zero_threshold: f64,
    /// Positive spans, then negative ones.
    pub(crate) spans: Vec<Span>,
    pub(crate) positive_spans: usize,
    pub(crate) positive_buckets: usize,
    pub(crate) negative_buckets: usize,
    pub(crate) bounds: Vec<f64>,
}

impl Layout {
    fn of(histogram: &AnyHistogram) -> Self {
        match histogram {
            AnyHistogram::Integer(h) => Self {
                float: false,
                hint: h.counter_reset_hint as u8,
                schema: h.schema,
                zero_threshold: h.zero_threshold,
                spans: [h.positive_spans.as_slice(), &h.negative_spans].concat(),
                positive_spans: h.positive_spans.len(),
                positive_buckets: h.positive_deltas.len(),
                negative_buckets: h.negative_deltas.len(),
                bounds: h.custom_values.clone(),
            },
            AnyHistogram::Float(h) => Self {
                float: true,
                hint: h.counter_reset_hint as u8,
                schema: h.schema,
                zero_threshold: h.zero_threshold,
                spans: [h.positive_spans.as_slice(), &h.negative_spans].concat(),
                positive_spans: h.positive_spans.len(),
                positive_buckets: h.positive_buckets.len(),
                negative_buckets: h.negative_buckets.len(),
                bounds: h.custom_values.clone(),
            },
        }
    }

    fn same(&self, other: &Self) -> bool {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        let shape = |it: &Self| {
            let sizes = (it.positive_spans, it.positive_buckets, it.negative_buckets);
            (it.float, it.hint, it.schema, it.zero_threshold.to_bits(), sizes)
        };
        shape(self) == shape(other) && self.spans == other.spans && bits(&self.bounds) == bits(&other.bounds)
    }

    pub(crate) fn buckets(&self) -> usize {
        self.positive_buckets + self.negative_buckets
    }
}

/// The open row group of histograms, as columns.
#[derive(Debug, Default)]
pub(crate) struct HistogramRows {
    pub(crate) sums: FloatRows,
    pub(crate) kind: Vec<i32>,
    pub(crate) hint: Vec<i32>,
    pub(crate) schema: Vec<i32>,
    pub(crate) zero_threshold: Vec<f64>,
    pub(crate) positive_spans: Vec<i32>,
    pub(crate) positive_buckets: Vec<i32>,
    pub(crate) negative_buckets: Vec<i32>,
    pub(crate) span_offset: List<i32>,
    pub(crate) span_length: List<i32>,
    pub(crate) bounds: List<f64>,
    pub(crate) count: List<i64>,
    pub(crate) zero: List<i64>,
    pub(crate) bucket: List<i64>,
    pub(crate) count_f: List<f64>,
    pub(crate) zero_f: List<f64>,
    pub(crate) bucket_f: List<f64>,
}

impl HistogramRows {
    /// Bucket counts and the like, all rows together.
    pub(crate) fn numbers(&self) -> usize {
        self.bucket.values.len() + self.bucket_f.values.len() + 4 * self.sums.samples
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Appends the histograms of series `sid` in one window, times ascending.
    pub(crate) fn push(&mut self, sid: u32, samples: &[HistogramSample]) {
        let mut rest = samples;
        while let Some(first) = rest.first() {
            let layout = Layout::of(&first.histogram);
            let most = (MAX_COUNTS / layout.buckets().max(1)).clamp(1, MAX_ROW);
            let alike = rest.iter().take(most).take_while(|it| Layout::of(&it.histogram).same(&layout));
            let (row, behind) = rest.split_at(alike.count().max(1));
            self.push_row(sid, &layout, row);
            rest = behind;
        }
    }

    fn push_row(&mut self, sid: u32, layout: &Layout, row: &[HistogramSample]) {
        let t: Vec<_> = row.iter().map(|it| it.t).collect();
        let v: Vec<_> = row.iter().map(|it| sum(&it.histogram)).collect();
        let known = row.iter().any(|it| it.st != 0);
        let st: Vec<_> = if known { row.iter().map(|it| it.st).collect() } else { Vec::new() };
        self.sums.push_row(sid, &t, &v, &st);
        self.kind.push(i32::from(layout.float));
        self.hint.push(i32::from(layout.hint));
        self.schema.push(layout.schema);
        self.zero_threshold.push(layout.zero_threshold);
        self.positive_spans.push(layout.positive_spans as i32);
        self.positive_buckets.push(layout.positive_buckets as i32);
        self.negative_buckets.push(layout.negative_buckets as i32);
        self.span_offset.push_row(layout.spans.iter().map(|span| span.offset));
        self.span_length.push_row(layout.spans.iter().map(|span| span.length as i32));
        self.bounds.push_row(layout.bounds.iter().copied());
        self.push_integers(layout, row);
        self.push_floats(layout, row);
    }

    fn push_integers(&mut self, layout: &Layout, row: &[HistogramSample]) {
        let all = || {
            row.iter().filter_map(|it| match &it.histogram {
                AnyHistogram::Integer(h) => Some(h),
                AnyHistogram::Float(_) => None,
            })
        };
        self.count.push_row(differences(all().map(|h| h.count as i64)));
        self.zero.push_row(differences(all().map(|h| h.zero_count as i64)));
        let absolute: Vec<Vec<i64>> = all().map(absolute_counts).collect();
        let buckets = if layout.float { 0 } else { layout.buckets() };
        let from = self.bucket.values.len();
        for bucket in 0..buckets {
            self.bucket.values.extend(differences(absolute.iter().map(|counts| counts[bucket])));
        }
        self.bucket.end_row(from);
    }

    fn push_floats(&mut self, layout: &Layout, row: &[HistogramSample]) {
        let all = || {
            row.iter().filter_map(|it| match &it.histogram {
                AnyHistogram::Float(h) => Some(h),
                AnyHistogram::Integer(_) => None,
            })
        };
        self.count_f.push_row(all().map(|h| h.count));
        self.zero_f.push_row(all().map(|h| h.zero_count));
        let from = self.bucket_f.values.len();
        for bucket in 0..if layout.float { layout.buckets() } else { 0 } {
            self.bucket_f.values.extend(
                all().filter_map(|h| {
                    h.positive_buckets.iter().chain(&h.negative_buckets).nth(bucket).copied()
                }),
            );
        }
        self.bucket_f.end_row(from);
    }
}

fn sum(histogram: &AnyHistogram) -> f64 {
    match histogram {
        AnyHistogram::Integer(h) => h.sum,
        AnyHistogram::Float(h) => h.sum,
    }
}

/// Zigzag differences in time; the first one is to 0.
fn differences(values: impl Iterator<Item = i64>) -> impl Iterator<Item = i64> {
    let mut last = 0i64;
    values.map(move |value| zigzag(value.wrapping_sub(std::mem::replace(&mut last, value))))
}

/// The counts of positive, then negative buckets, from differences between neighbours.
fn absolute_counts(histogram: &Histogram) -> Vec<i64> {
    let mut counts = Vec::with_capacity(histogram.positive_deltas.len() + histogram.negative_deltas.len());
    for deltas in [&histogram.positive_deltas, &histogram.negative_deltas] {
        let mut count = 0i64;
        counts.extend(deltas.iter().map(|delta| {
            count = count.wrapping_add(*delta);
            count
        }));
    }
    counts
}

/// The counts of a row as they are in the file, one of the two kinds.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) count: Vec<i64>,
    pub(crate) zero: Vec<i64>,
    pub(crate) bucket: Vec<i64>,
    pub(crate) count_f: Vec<f64>,
    pub(crate) zero_f: Vec<f64>,
    pub(crate) bucket_f: Vec<f64>,
}

/// The histograms of a row: its times, sums and start timestamps, its layout and counts.
pub(crate) fn assemble(
    layout: &Layout,
    (t, sums, st): (&[i64], &[f64], &[i64]),
    mut counts: Counts,
    out: &mut Vec<HistogramSample>,
) -> Result<(), Bad> {
    let (n, buckets) = (t.len(), layout.buckets());
    let want = |len: usize, per: usize| len == n.saturating_mul(per);
    let fits = if layout.float {
        want(counts.count_f.len(), 1) && want(counts.zero_f.len(), 1) && want(counts.bucket_f.len(), buckets)
    } else {
        want(counts.count.len(), 1) && want(counts.zero.len(), 1) && want(counts.bucket.len(), buckets)
    };
    if !fits || sums.len() != n || st.len() != n || layout.positive_spans > layout.spans.len() {
        return Err(Bad("a row of histograms has another number of counts"));
    }
    let hint = match layout.hint {
        0 => CounterResetHint::Unknown,
        1 => CounterResetHint::CounterReset,
        2 => CounterResetHint::NotCounterReset,
        3 => CounterResetHint::Gauge,
        _ => return Err(Bad("an unknown counter reset hint")),
    };
    let (positive_spans, negative_spans) = layout.spans.split_at(layout.positive_spans);
    for column in [&mut counts.count, &mut counts.zero] {
        accumulate(column);
    }
    counts.bucket.chunks_mut(n.max(1)).for_each(accumulate);
    for i in 0..n {
        let histogram = if layout.float {
            let bucket = |b: usize| counts.bucket_f[b * n + i];
            AnyHistogram::Float(FloatHistogram {
                counter_reset_hint: hint,
                schema: layout.schema,
                zero_threshold: layout.zero_threshold,
                zero_count: counts.zero_f[i],
                count: counts.count_f[i],
                sum: sums[i],
                positive_spans: positive_spans.to_vec(),
                negative_spans: negative_spans.to_vec(),
                positive_buckets: (0..layout.positive_buckets).map(bucket).collect(),
                negative_buckets: (layout.positive_buckets..buckets).map(bucket).collect(),
                custom_values: layout.bounds.clone(),
            })
        } else {
            let bucket = |b: usize| counts.bucket[b * n + i];
            AnyHistogram::Integer(Histogram {
                counter_reset_hint: hint,
                schema: layout.schema,
                zero_threshold: layout.zero_threshold,
                zero_count: counts.zero[i] as u64,
                count: counts.count[i] as u64,
                sum: sums[i],
                positive_spans: positive_spans.to_vec(),
                negative_spans: negative_spans.to_vec(),
                positive_deltas: neighbours((0..layout.positive_buckets).map(bucket)),
                negative_deltas: neighbours((layout.positive_buckets..buckets).map(bucket)),
                custom_values: layout.bounds.clone(),
            })
        };
        out.push(HistogramSample { t: t[i], histogram, st: st[i] });
    }
    Ok(())
}

/// Makes differences values.
fn accumulate(column: &mut [i64]) {
    let mut value = 0i64;
    for place in column {
        value = value.wrapping_add(unzigzag(*place));
        *place = value;
    }
}

fn neighbours(counts: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut last = 0i64;
    counts.map(|count| count.wrapping_sub(std::mem::replace(&mut last, count))).collect()
}
