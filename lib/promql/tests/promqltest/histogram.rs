//! Native histograms as scripts write them: `{{schema:1 sum:3 count:22 buckets:[5 10] ..}}`.

use mneme_model::FloatHistogram;
use mneme_model::histogram::{CounterResetHint, Span};

use super::series::number;

/// The histogram at the start of `text`, whether it names a counter reset hint, and what comes after it.
pub(crate) fn parse(text: &str) -> Result<(FloatHistogram, bool, &str), String> {
    let inner = text.strip_prefix("{{").ok_or("a histogram starts with {{")?;
    let end = inner.find("}}").ok_or("a histogram ends with }}")?;
    let mut fields = Fields::default();
    let mut rest = inner[..end].trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':').ok_or_else(|| format!("no value: {rest}"))?;
        let (value, after) = match after.strip_prefix('[') {
            Some(list) => list.split_once(']').ok_or_else(|| format!("no end of list: {rest}"))?,
            None => after.split_once([' ', '\t']).unwrap_or((after, "")),
        };
        fields.set(key.trim(), value)?;
        rest = after.trim_start();
    }
    let hinted = fields.hinted;
    Ok((fields.build(), hinted, &inner[end + 2..]))
}

#[derive(Default)]
struct Fields {
    histogram: FloatHistogram,
    offset: i32,
    negative_offset: i32,
    hinted: bool,
}

impl Fields {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let integer = || value.parse::<i32>().map_err(|error| format!("{key}:{value}: {error}"));
        let list = || value.split_whitespace().map(number).collect::<Result<Vec<_>, _>>();
        let h = &mut self.histogram;
        match key {
            "schema" => h.schema = integer()?,
            "sum" => h.sum = number(value)?,
            "count" => h.count = number(value)?,
            "z_bucket" => h.zero_count = number(value)?,
            "z_bucket_w" => h.zero_threshold = number(value)?,
            "offset" => self.offset = integer()?,
            "n_offset" => self.negative_offset = integer()?,
            "buckets" => h.positive_buckets = list()?,
            "n_buckets" => h.negative_buckets = list()?,
            "custom_values" => h.custom_values = list()?,
            "counter_reset_hint" => {
                self.hinted = true;
                h.counter_reset_hint = match value {
                    "unknown" => CounterResetHint::Unknown,
                    "reset" => CounterResetHint::CounterReset,
                    "not_reset" => CounterResetHint::NotCounterReset,
                    "gauge" => CounterResetHint::Gauge,
                    other => return Err(format!("unknown hint: {other}")),
                };
            }
            other => return Err(format!("unknown field: {other}")),
        }
        Ok(())
    }

    fn build(self) -> FloatHistogram {
        let mut h = self.histogram;
        h.positive_spans = spans(self.offset, h.positive_buckets.len());
        h.negative_spans = spans(self.negative_offset, h.negative_buckets.len());
        h
    }
}

fn spans(offset: i32, buckets: usize) -> Vec<Span> {
    if buckets == 0 { Vec::new() } else { vec![Span { offset, length: buckets as u32 }] }
}
