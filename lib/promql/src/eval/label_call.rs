//! `label_replace` and `label_join`.

use mneme_model::Labels;
use mneme_model::labels::METRIC_NAME;
use regex::Regex;

use super::call::arg;
use super::names::Merged;
use super::{Column, Context, Sink, Steps};
use crate::Error;
use crate::functions::Function;
use crate::plan::{CallNode, Node};

/// Gives a label set another one; `None` = as it was.
type Change<'a> = Box<dyn Fn(&Labels) -> Option<Labels> + 'a>;

/// Hands the relabelled series to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let texts = (1..call.args.len()).map(|i| text(call, i)).collect::<Result<Vec<_>, _>>()?;
    let change: Change<'_> = match (call.function, texts.as_slice()) {
        (Function::LabelReplace, [target, replacement, source, pattern]) => {
            replace(target, replacement, source, pattern)?
        }
        (Function::LabelJoin, [target, separator, sources @ ..]) => join(target, separator, sources),
        _ => return Err(Error::Execution(format!("wrong arguments of {}", call.name))),
    };
    let sets_name = texts.first().is_some_and(|target| *target == METRIC_NAME);
    let mut held = cx.budget.hold();
    let mut merged = Merged::default();
    super::each(cx, arg(call, 0)?, steps, &mut |column: &mut Column| {
        if let Some(labels) = change(&column.labels) {
            column.labels = labels;
            column.drop_name &= !sets_name;
        }
        held.grow(column.samples(), column.bytes())?;
        merged.add(column)
    })?;
    merged.emit(sink)
}

fn text(call: &CallNode, i: usize) -> Result<&str, Error> {
    match arg(call, i)? {
        Node::String(text) => Ok(text),
        _ => Err(Error::Execution(format!("argument {i} of {} must be a string", call.name))),
    }
}

fn replace<'a>(
    target: &'a str,
    replacement: &'a str,
    source: &'a str,
    pattern: &str,
) -> Result<Change<'a>, Error> {
    let regex = regex::RegexBuilder::new(&format!("^(?s:{pattern})$")).size_limit(1 << 24).build();
    let regex = regex
        .map_err(|_| Error::Execution(format!("invalid regular expression in label_replace(): {pattern}")))?;
    Ok(Box::new(move |labels| {
        let value = expand(&regex, replacement, labels.get(source).unwrap_or(""))?;
        Some(labels.to_builder().set(target, &value).build())
    }))
}

/// The replacement with `$1`, `${name}` filled in; `None` if the pattern does not match.
fn expand(regex: &Regex, replacement: &str, value: &str) -> Option<String> {
    let captures = regex.captures(value)?;
    let mut out = String::new();
    captures.expand(replacement, &mut out);
    Some(out)
}

fn join<'a>(target: &'a str, separator: &'a str, sources: &'a [&'a str]) -> Change<'a> {
    Box::new(move |labels| {
        let values: Vec<&str> = sources.iter().map(|source| labels.get(source).unwrap_or("")).collect();
        Some(labels.to_builder().set(target, &values.join(separator)).build())
    })
}
