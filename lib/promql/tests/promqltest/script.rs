//! Parses scripts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mneme_model::{HistogramPoint, Labels, Samples};
use regex::Regex;

use super::cases::{Command, Eval, Expected, Load, Text};
use super::series::{self, Point};

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the literal pattern compiles")
}

static LOAD: LazyLock<Regex> = LazyLock::new(|| regex(r"^load(?:_(with_nhcb))?\s+(.+?)$"));
static INSTANT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$"));
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$")
});
static EXPECT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$"));
static RANGE_VECTOR: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| regex(r"(\d+)(ms|[smhdwy])"));

/// The commands of a script, or the line that is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<Command>, String> {
    let lines: Vec<&str> =
        text.lines().map(|line| if line.trim().starts_with('#') { "" } else { line.trim() }).collect();
    let mut commands = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i];
        let block = lines[i..].iter().take_while(|line| !line.is_empty()).count();
        let body = &lines[i + block.min(1)..i + block];
        let place = |error: String| format!("{}: {error}", i + 1);
        let word = line.split_whitespace().next().unwrap_or("").to_lowercase();
        if line.is_empty() {
            i += 1;
        } else if word == "clear" {
            commands.push(Command::Clear);
            i += 1;
        } else if word.starts_with("load") {
            commands.push(Command::Load(load(line, body).map_err(place)?));
            i += block;
        } else if word.starts_with("eval") {
            let (eval, used) = eval(line, i + 1, body).map_err(place)?;
            commands.push(Command::Eval(Box::new(eval)));
            i += 1 + used;
        } else {
            return Err(place(format!("not a command: {line}")));
        }
    }
    Ok(commands)
}

/// Milliseconds of `1h30m`, `-1m`, `5` (seconds).
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    if let Ok(seconds) = digits.parse::<f64>() {
        return Ok(sign * (seconds * 1000.0) as i64);
    }
    let mut sum = 0;
    let mut end = 0;
    for part in DURATION.captures_iter(digits) {
        let unit = match &part[2] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => 31_536_000_000,
        };
        sum += part[1].parse::<i64>().map_err(|error| format!("{text}: {error}"))? * unit;
        end = part.get(0).map_or(end, |whole| whole.end());
    }
    if end == 0 || end != digits.len() { Err(format!("not a duration: {text}")) } else { Ok(sign * sum) }
}

fn load(line: &str, body: &[&str]) -> Result<Load, String> {
    let parts = LOAD.captures(line).ok_or("not a load command")?;
    let gap = duration(&parts[2])?;
    // Of one series' definitions in a load the last one counts.
    let mut all: BTreeMap<Labels, Samples> = BTreeMap::new();
    let mut starts: Option<Vec<Option<i64>>> = None;
    for line in body {
        if let Some((_, offsets)) = line.split_once("@st").filter(|(metric, _)| !metric.contains([' ', '\t']))
        {
            starts = Some(start_offsets(offsets)?);
            continue;
        }
        let (labels, points) = series::parse(line)?;
        let starts = starts.take().unwrap_or_default();
        let mut samples = Samples::default();
        for (i, point) in points.into_iter().enumerate() {
            let t = gap * i as i64;
            let st = starts.get(i).copied().flatten().map_or(0, |offset| t + offset);
            match point {
                Point::Omitted => {}
                Point::Float(value) => samples.push_float(t, value, st),
                Point::Histogram(h, _) => samples.histograms.push(HistogramPoint { t, h, st }),
            }
        }
        all.insert(labels, samples);
    }
    Ok(Load { series: all.into_iter().collect(), with_nhcb: parts.get(1).is_some() })
}

/// `_ _x3 -1m -1mx3 -1m+5sx3`: offsets of start timestamps from their samples' times.
fn start_offsets(text: &str) -> Result<Vec<Option<i64>>, String> {
    static ITEM: LazyLock<Regex> =
        LazyLock::new(|| regex(r"^([+-]?\d+(?:ms|[smhdwy])?)(?:([+-])(\d+(?:ms|[smhdwy])?))?(?:x(\d+))?$"));
    let mut offsets = Vec::new();
    for item in text.split_whitespace() {
        if let Some(times) = item.strip_prefix('_') {
            let times = times.strip_prefix('x').map_or(Ok(1), str::parse::<usize>);
            offsets.extend(std::iter::repeat_n(None, times.map_err(|error| format!("{item}: {error}"))?));
            continue;
        }
        let parts = ITEM.captures(item).ok_or_else(|| format!("not an offset: {item}"))?;
        let base = duration(parts[1].trim_start_matches('+'))?;
        let step = parts.get(3).map_or(Ok(0), |step| duration(step.as_str()))?;
        let step = if parts.get(2).is_some_and(|sign| sign.as_str() == "-") { -step } else { step };
        let times = parts.get(4).map_or(Ok(0), |times| times.as_str().parse::<i64>());
        for i in 0..=times.map_err(|error| format!("{item}: {error}"))? {
            offsets.push(Some(base + step * i));
        }
    }
    Ok(offsets)
}

/// The command and how many lines of its body belong to it.
fn eval(line: &str, number: usize, body: &[&str]) -> Result<(Eval, usize), String> {
    let (modifier, mut eval) = if let Some(parts) = INSTANT.captures(line) {
        let at = duration(parts.get(2).map_or("", |at| at.as_str()))?;
        let query = parts[3].to_owned();
        let modifier = parts.get(1).map(|m| m.as_str().to_owned());
        (
            modifier,
            Eval { line: number, query, start: at, end: at, step: None, expected: Expected::default() },
        )
    } else {
        let parts = RANGE.captures(line).ok_or("not an eval command")?;
        let [start, end, step] = [duration(&parts[2])?, duration(&parts[3])?, duration(&parts[4])?];
        let query = parts[5].to_owned();
        let modifier = parts.get(1).map(|m| m.as_str().to_owned());
        (modifier, Eval { line: number, query, start, end, step: Some(step), expected: Expected::default() })
    };
    let expected = &mut eval.expected;
    match modifier.as_deref() {
        Some("fail") => expected.fail = Some(Text::Any),
        Some("warn") => expected.any_warn = true,
        Some("info") => expected.any_info = true,
        Some("ordered") => expected.ordered = true,
        _ => {}
    }
    for (i, line) in body.iter().enumerate() {
        if !expectation(line, expected)? {
            return Ok((eval, i + 1));
        }
    }
    Ok((eval, body.len()))
}

/// Whether more expectations may follow.
fn expectation(line: &str, expected: &mut Expected) -> Result<bool, String> {
    if let Some(text) = line.strip_prefix("expected_fail_message").filter(|_| expected.fail.is_some()) {
        expected.fail = Some(Text::Equal(text.trim().to_owned()));
        return Ok(false);
    }
    if let Some(pattern) = line.strip_prefix("expected_fail_regexp").filter(|_| expected.fail.is_some()) {
        expected.fail = Some(Text::Matches(Regex::new(pattern.trim()).map_err(|error| error.to_string())?));
        return Ok(false);
    }
    if let Some(parts) = RANGE_VECTOR.captures(line) {
        expected.range_vector = Some((duration(&parts[1])?, duration(&parts[2])?, duration(&parts[3])?));
        return Ok(true);
    }
    if let Some(text) = line.strip_prefix("expect string ") {
        expected.string = Some(unquote(text)?);
        return Ok(true);
    }
    if line.split(' ').next() == Some("expect") {
        expect(line, expected)?;
        return Ok(true);
    }
    if let Ok(value) = series::number(line) {
        expected.scalar = Some(value);
        return Ok(false);
    }
    expected.series.push(series::parse(line)?);
    Ok(true)
}

fn expect(line: &str, expected: &mut Expected) -> Result<(), String> {
    let parts = EXPECT.captures(line).ok_or_else(|| format!("not an expectation: {line}"))?;
    let given = parts.get(3).map_or("", |text| text.as_str()).trim().to_owned();
    let text = match parts.get(2).map(|kind| kind.as_str()) {
        Some("msg") => Text::Equal(given),
        Some(_) => Text::Matches(Regex::new(&given).map_err(|error| error.to_string())?),
        None => Text::Any,
    };
    match &parts[1] {
        "ordered" => expected.ordered = true,
        "fail" => expected.fail = Some(text),
        "warn" => expected.warn.push(text),
        "no_warn" => expected.no_warn = true,
        "info" => expected.info.push(text),
        _ => expected.no_info = true,
    }
    Ok(())
}

/// A quoted text, by way of the PromQL parser.
fn unquote(text: &str) -> Result<String, String> {
    match mneme_promql::parse(text, &mneme_promql::Features::all()) {
        Ok(mneme_promql::ast::Expr::String(string)) => Ok(string.value),
        _ => Err(format!("not a quoted text: {text}")),
    }
}
