//! `avg_over_time`: the compensated sum divided by the count; from where the sum would overflow, a running mean.

use mneme_model::FloatHistogram;
use mneme_model::histogram::{Error, KahanSum, kahan_add};

use super::super::contract::{Value, Window};
use super::{Seen, folded, is_mixed};
use crate::annotations::Notes;

pub(super) fn average(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    if is_mixed(window, notes) {
        return None;
    }
    if window.t.is_empty() {
        let mut seen = Seen::default();
        let result = histogram_average(window, &mut seen);
        return folded(window, &seen, result, notes);
    }
    Some(Value::Float(float_average(window.v)))
}

/// The average of at least one value.
pub(in crate::functions) fn float_average(values: &[f64]) -> f64 {
    let mut sum = KahanSum::new(values[0]);
    let mut mean: Option<KahanSum> = None;
    for (at, &value) in values.iter().enumerate().skip(1) {
        let count = (at + 1) as f64;
        if mean.is_none() {
            let mut next = sum;
            next.add(value);
            if !next.sum.is_infinite() {
                sum = next;
                continue;
            }
        }
        let before = mean.unwrap_or(KahanSum {
            sum: sum.sum / (count - 1.0),
            compensation: sum.compensation / (count - 1.0),
        });
        let share = (count - 1.0) / count;
        let mut next = KahanSum { sum: share * before.sum, compensation: share * before.compensation };
        kahan_add(value / count, &mut next.sum, &mut next.compensation);
        mean = Some(next);
    }
    let count = values.len() as f64;
    mean.map_or_else(|| sum.sum / count + sum.compensation / count, |mean| mean.total())
}

fn histogram_average(window: &Window<'_>, seen: &mut Seen) -> Result<FloatHistogram, Error> {
    let Some((first, rest)) = window.histograms.split_first() else {
        return Ok(FloatHistogram::default());
    };
    let mut sum = FloatHistogram::clone(&first.h);
    let mut compensation: Option<FloatHistogram> = None;
    let mut is_mean = false;
    seen.hint(&sum);
    for (at, point) in rest.iter().enumerate() {
        let count = (at + 2) as f64;
        seen.hint(&point.h);
        if !is_mean {
            let (mut next, mut next_compensation) = (sum.clone(), compensation.clone());
            seen.added(next.kahan_add(&point.h, &mut next_compensation)?);
            if !next.has_overflow() {
                (sum, compensation) = (next, next_compensation);
                continue;
            }
            is_mean = true;
            sum.div(count - 1.0);
            if let Some(compensation) = &mut compensation {
                compensation.div(count - 1.0);
            }
        }
        let share = (count - 1.0) / count;
        if let Some(compensation) = &mut compensation {
            compensation.mul(share);
        }
        let mut part = FloatHistogram::clone(&point.h);
        part.div(count);
        sum.mul(share);
        seen.added(sum.kahan_add(&part, &mut compensation)?);
    }
    let count = if is_mean { 1.0 } else { window.histograms.len() as f64 };
    sum.div(count);
    if let Some(mut compensation) = compensation {
        compensation.div(count);
        sum.add(&compensation)?;
    }
    Ok(sum)
}
