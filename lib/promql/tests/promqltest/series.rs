//! Series and their points as scripts write them: `name{a="b"} 1 2 _ 5x3 1+2x3 stale {{schema:0 ..}}`.

use std::sync::{Arc, LazyLock};

use mneme_model::labels::METRIC_NAME;
use mneme_model::{FloatHistogram, Labels, stale_nan};
use regex::Regex;

use super::histogram;

/// One point of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Point {
    Omitted,
    Float(f64),
    /// With whether a counter reset hint was written.
    Histogram(Arc<FloatHistogram>, bool),
}

const NUMBER: &str = r"[+-]?(?:(?i:inf|nan)|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)";

static FLOATS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"^({NUMBER}|stale)(?:([+-])({NUMBER}))?(?:x(\d+))?$"))
        .expect("the literal pattern compiles")
});

/// A line of labels and points.
pub(crate) fn parse(line: &str) -> Result<(Labels, Vec<Point>), String> {
    let (metric, points) = split_metric(line)?;
    Ok((labels(metric)?, self::points(points)?))
}

/// The text of the metric, and what comes after it.
pub(crate) fn split_metric(line: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    let mut braces = 0;
    let mut escaped = false;
    for (i, c) in line.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('`') if c == '`' => quote = None,
            Some('`') => {}
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '{' => braces += 1,
            None if c == '}' => braces -= 1,
            None if braces == 0 && (c == ' ' || c == '\t') => return Ok((&line[..i], line[i..].trim())),
            None => {}
        }
    }
    Err(format!("no points after the metric: {line}"))
}

/// The labels of a metric as PromQL writes it.
pub(crate) fn labels(metric: &str) -> Result<Labels, String> {
    if metric == "{}" {
        return Ok(Labels::empty());
    }
    let matchers = mneme_promql::parse_metric_selector(metric);
    match matchers {
        Ok(matchers) => Ok(Labels::from_pairs(matchers.iter().map(|m| (m.name(), m.value())))),
        Err(error) => {
            // A selector must not be all empty, a metric may.
            let name = metric.strip_suffix("{}").filter(|name| !name.is_empty());
            name.map(|name| Labels::from_pairs([(METRIC_NAME, name)])).ok_or(format!("{metric}: {error}"))
        }
    }
}

fn points(text: &str) -> Result<Vec<Point>, String> {
    let mut points = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if rest.starts_with("{{") {
            rest = histogram_item(rest, &mut points)?;
        } else {
            let (item, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
            float_item(item, &mut points)?;
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(points)
}

fn float_item(item: &str, points: &mut Vec<Point>) -> Result<(), String> {
    if item == "_" {
        points.push(Point::Omitted);
        return Ok(());
    }
    if let Some(count) = item.strip_prefix("_x") {
        let count = count.parse::<usize>().map_err(|error| format!("{item}: {error}"))?;
        points.extend(std::iter::repeat_n(Point::Omitted, count));
        return Ok(());
    }
    let parts = FLOATS.captures(item).ok_or_else(|| format!("not a point: {item}"))?;
    let value = |i: usize| parts.get(i).map(|part| number(part.as_str())).transpose();
    let first = value(1)?.ok_or_else(|| format!("not a point: {item}"))?;
    let step = value(3)?.unwrap_or(0.0);
    let step = if parts.get(2).is_some_and(|sign| sign.as_str() == "-") { -step } else { step };
    let times = parts.get(4).map_or(Ok(0), |times| times.as_str().parse::<usize>());
    let times = times.map_err(|error| format!("{item}: {error}"))?;
    let mut current = first;
    for i in 0..=times {
        if i > 0 && parts.get(3).is_some() {
            current += step;
        }
        points.push(Point::Float(current));
    }
    Ok(())
}

/// A number, also hexadecimal, `Inf`, `NaN` and `stale`.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    if text == "stale" {
        return Ok(stale_nan());
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16)
            .map(|n| sign * n as f64)
            .map_err(|error| format!("{text}: {error}"));
    }
    digits.parse::<f64>().map(|n| sign * n).map_err(|error| format!("{text}: {error}"))
}

fn histogram_item<'a>(text: &'a str, points: &mut Vec<Point>) -> Result<&'a str, String> {
    let (base, hinted, mut rest) = histogram::parse(text)?;
    let mut step = None;
    for (sign, add) in [("+", true), ("-", false)] {
        if let Some(after) = rest.strip_prefix(sign).filter(|after| after.starts_with("{{")) {
            let (h, _, after) = histogram::parse(after)?;
            (step, rest) = (Some((h, add)), after);
            break;
        }
    }
    let mut times = 0;
    if let Some(after) = rest.strip_prefix('x') {
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        times = after[..end].parse::<usize>().map_err(|error| format!("{text}: {error}"))?;
        rest = &after[end..];
    }
    let mut current = base;
    for i in 0..=times {
        if let Some((h, add)) = step.as_ref().filter(|_| i > 0) {
            let done = if *add { current.add(h) } else { current.sub(h) };
            done.map_err(|error| error.to_string())?;
        }
        points.push(Point::Histogram(Arc::new(current.clone()), hinted));
    }
    Ok(rest)
}
