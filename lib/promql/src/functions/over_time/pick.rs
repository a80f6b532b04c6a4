//! `first_over_time`, `last_over_time` and when they were, floats and histograms together.

use mneme_model::TimestampMs;

use super::super::contract::{Value, Window};

pub(super) fn first(window: &Window<'_>) -> Option<Value> {
    match (window.t.first(), window.histograms.first()) {
        (Some(t), point) if point.is_none_or(|point| *t < point.t) => {
            window.v.first().copied().map(Value::Float)
        }
        (_, point) => point.map(|point| Value::Histogram(point.h.clone())),
    }
}

pub(super) fn last(window: &Window<'_>) -> Option<Value> {
    match (window.t.last(), window.histograms.last()) {
        (Some(t), point) if point.is_none_or(|point| *t > point.t) => {
            window.v.last().copied().map(Value::Float)
        }
        (_, point) => point.map(|point| Value::Histogram(point.h.clone())),
    }
}

pub(super) fn time_of_first(window: &Window<'_>) -> Option<Value> {
    let histogram = window.histograms.first().map(|point| point.t);
    seconds(window.t.first().copied().into_iter().chain(histogram).min())
}

pub(super) fn time_of_last(window: &Window<'_>) -> Option<Value> {
    let histogram = window.histograms.last().map(|point| point.t);
    seconds(window.t.last().copied().into_iter().chain(histogram).max())
}

fn seconds(t: Option<TimestampMs>) -> Option<Value> {
    t.map(|t| Value::Float(t as f64 / 1000.0))
}
