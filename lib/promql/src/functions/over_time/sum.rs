//! `sum_over_time`.

use mneme_model::FloatHistogram;
use mneme_model::histogram::{Error, KahanSum};

use super::super::contract::{Value, Window};
use super::{Seen, folded, is_mixed};
use crate::annotations::Notes;

pub(super) fn sum(window: &Window<'_>, notes: &mut Notes<'_>) -> Option<Value> {
    if is_mixed(window, notes) {
        return None;
    }
    if window.t.is_empty() {
        let mut seen = Seen::default();
        let result = histogram_sum(window, &mut seen);
        return folded(window, &seen, result, notes);
    }
    let mut sum = KahanSum::default();
    window.v.iter().for_each(|value| sum.add(*value));
    Some(Value::Float(if sum.sum.is_infinite() { sum.sum } else { sum.total() }))
}

fn histogram_sum(window: &Window<'_>, seen: &mut Seen) -> Result<FloatHistogram, Error> {
    let Some((first, rest)) = window.histograms.split_first() else {
        return Ok(FloatHistogram::default());
    };
    let mut sum = FloatHistogram::clone(&first.h);
    seen.hint(&sum);
    let mut compensation = None;
    for point in rest {
        seen.hint(&point.h);
        seen.added(sum.kahan_add(&point.h, &mut compensation)?);
    }
    if let Some(compensation) = compensation {
        seen.added(sum.add(&compensation)?);
    }
    Ok(sum)
}
