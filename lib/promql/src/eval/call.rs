//! Functions of instant vectors and scalars.

use mneme_model::Labels;

use super::{
    Column, Context, Sink, Steps, ValueRef, histogram_call, info, label_call, names, selector, sort_call,
};
use crate::Error;
use crate::functions::contract::{FloatFn, HistogramFn, Value};
use crate::functions::{DateFn, Function, go_max, go_min, labels_of_absent};
use crate::plan::{CallNode, Node, unique_without_name};

/// Hands the series of a function's result to `sink`.
pub(super) fn each(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    match call.function {
        Function::Float(function) => float(cx, call, function, steps, sink),
        Function::OfHistogram(function) => of_histogram(cx, call, function, steps, sink),
        Function::Date(function) => date(cx, call, function, steps, sink),
        Function::Vector => {
            let values = super::scalar(cx, arg(call, 0)?, steps)?;
            sink(&mut Column::of_floats(Labels::empty(), values))
        }
        Function::Absent => absent(cx, call, steps, sink),
        Function::Sort { .. } | Function::SortByLabel { .. } => sort_call::each(cx, call, steps, sink),
        Function::LabelReplace | Function::LabelJoin => label_call::each(cx, call, steps, sink),
        Function::HistogramQuantile | Function::HistogramQuantiles | Function::HistogramFraction => {
            histogram_call::each(cx, call, steps, sink)
        }
        Function::Timestamp => mapped(cx, call, steps, sink, |step, _| Some(seconds(steps.time(step)))),
        Function::TimestampOfSelector | Function::StartTimestampOfSelector => {
            time_of_sample(cx, call, steps, sink)
        }
        // Only a selector's samples have start timestamps.
        Function::StartTimestamp => super::each(cx, arg(call, 0)?, steps, &mut |_| Ok(())),
        Function::Info => info::each(cx, call, steps, sink),
        Function::Time | Function::Pi | Function::MinOf | Function::MaxOf | Function::Scalar => {
            Err(Error::Execution("expected an instant vector".to_owned()))
        }
    }
}

/// The numbers of a function that returns a scalar.
pub(super) fn scalar(cx: &Context<'_>, call: &CallNode, steps: Steps) -> Result<Vec<f64>, Error> {
    let two = |choose: fn(f64, f64) -> f64| -> Result<Vec<f64>, Error> {
        let (a, b) = (super::scalar(cx, arg(call, 0)?, steps)?, super::scalar(cx, arg(call, 1)?, steps)?);
        Ok(a.into_iter().zip(b).map(|(a, b)| choose(a, b)).collect())
    };
    match call.function {
        Function::Time => Ok(steps.times().map(|t| t as f64 / 1000.0).collect()),
        Function::Pi => Ok(vec![std::f64::consts::PI; steps.count]),
        Function::MinOf => two(go_min),
        Function::MaxOf => two(go_max),
        Function::Scalar => only_float(cx, arg(call, 0)?, steps),
        _ => Err(Error::Execution("expected a scalar".to_owned())),
    }
}

/// `-vector`.
pub(super) fn negate(cx: &Context<'_>, inner: &Node, steps: Steps, sink: &mut Sink<'_>) -> Result<(), Error> {
    names::after_drop(cx, unique_without_name(cx.features, inner), sink, |sink| {
        super::each(cx, inner, steps, &mut |column| {
            column.map(|_, value| {
                Some(match value {
                    ValueRef::Float(value) => Value::Float(-value),
                    ValueRef::Histogram(h) => {
                        let mut negative = mneme_model::FloatHistogram::clone(h);
                        negative.mul(-1.0);
                        Value::Histogram(negative.into())
                    }
                })
            });
            names::drop_name(cx, column);
            sink(column)
        })
    })
}

/// The argument number `i`.
pub(super) fn arg(call: &CallNode, i: usize) -> Result<&Node, Error> {
    call.args.get(i).ok_or_else(|| Error::Execution(format!("missing argument {i} of {}", call.name)))
}

/// Maps each value of the first argument; the result has no name.
fn mapped(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
    change: impl Fn(usize, ValueRef<'_>) -> Option<Value>,
) -> Result<(), Error> {
    let input = arg(call, 0)?;
    names::after_drop(cx, unique_without_name(cx.features, input), sink, |sink| {
        super::each(cx, input, steps, &mut |column| {
            column.map(&change);
            names::drop_name(cx, column);
            sink(column)
        })
    })
}

fn float(
    cx: &Context<'_>,
    call: &CallNode,
    function: FloatFn,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let scalars =
        call.args.iter().skip(1).map(|arg| super::scalar(cx, arg, steps)).collect::<Result<Vec<_>, _>>()?;
    let at = |step: usize| scalars.iter().map(|values| values[step]).collect::<Vec<f64>>();
    if scalars.is_empty() {
        return mapped_floats(cx, call, steps, sink, |_, value| function(value, &[]));
    }
    let args: Vec<Vec<f64>> = (0..steps.count).map(at).collect();
    // An empty interval clamps to nothing.
    if call.name == "clamp" && args.iter().any(|args| args[1] < args[0]) {
        return mapped(cx, call, steps, sink, |step, value| match value {
            ValueRef::Float(value)
                if args[step][1] >= args[step][0] || args[step].iter().any(|arg| arg.is_nan()) =>
            {
                Some(Value::Float(function(value, &args[step])))
            }
            _ => None,
        });
    }
    mapped_floats(cx, call, steps, sink, |step, value| function(value, &args[step]))
}

fn mapped_floats(
    cx: &Context<'_>,
    call: &CallNode,
    steps: Steps,
    sink: &mut Sink<'_>,
    change: impl Fn(usize, f64) -> f64,
) -> Result<(), Error> {
    let input = arg(call, 0)?;
    names::after_drop(cx, unique_without_name(cx.features, input), sink, |sink| {
        super::each(cx, input, steps, &mut |column| {
            column.map_floats(&change);
            names::drop_name(cx, column);
            sink(column)
        })
    })
}

fn of_histogram(
    cx: &Context<'_>,
    call: &CallNode,
    function: HistogramFn,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    mapped(cx, call, steps, sink, |_, value| match value {
        ValueRef::Histogram(h) => Some(Value::Float(function(h))),
        ValueRef::Float(_) => None,
    })
}

fn date(
    cx: &Context<'_>,
    call: &CallNode,
    function: DateFn,
    steps: Steps,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    if call.args.is_empty() {
        let values = steps.times().map(|t| function(t / 1000)).collect();
        return sink(&mut Column::of_floats(Labels::empty(), values));
    }
    mapped_floats(cx, call, steps, sink, |_, value| function(go_seconds(value)))
}

/// `int64(value)` as amd64 computes it: what does not fit is the smallest number.
fn go_seconds(value: f64) -> i64 {
    if value.is_nan() || value.abs() >= 9_223_372_036_854_775_808.0 { i64::MIN } else { value as i64 }
}

/// `scalar(v)`: the value if there is exactly one float.
fn only_float(cx: &Context<'_>, node: &Node, steps: Steps) -> Result<Vec<f64>, Error> {
    let mut values = vec![f64::NAN; steps.count];
    let mut found = vec![0u8; steps.count];
    super::each(cx, node, steps, &mut |column| {
        for (step, value) in column.values() {
            if let ValueRef::Float(value) = value {
                values[step] = if found[step] == 0 { value } else { f64::NAN };
                found[step] = 1;
            }
        }
        Ok(())
    })?;
    Ok(values)
}

/// `absent(v)`: 1 at the steps at which there is nothing.
fn absent(cx: &Context<'_>, call: &CallNode, steps: Steps, sink: &mut Sink<'_>) -> Result<(), Error> {
    let mut present = vec![false; steps.count];
    let input = arg(call, 0)?;
    super::each(cx, input, steps, &mut |column| {
        column.values().for_each(|(step, _)| present[step] = true);
        Ok(())
    })?;
    let labels = match input {
        Node::Selector(selector) => labels_of_absent(&selector.matchers),
        _ => Labels::empty(),
    };
    let mut column = Column::absent(labels, false, steps.count);
    for (step, _) in present.iter().enumerate().filter(|(_, present)| !**present) {
        column.set_float(step, 1.0);
    }
    if column.any() { sink(&mut column) } else { Ok(()) }
}

/// `timestamp(selector)`, `start_timestamp(selector)`: the samples' own times.
fn time_of_sample(cx: &Context<'_>, call: &CallNode, steps: Steps, sink: &mut Sink<'_>) -> Result<(), Error> {
    let input = arg(call, 0)?;
    let Node::Selector(node) = input else {
        return Err(Error::Execution(format!("{} needs a selector", call.name)));
    };
    let start_times = matches!(call.function, Function::StartTimestampOfSelector);
    if start_times && !cx.features.use_start_timestamps {
        return Ok(());
    }
    names::after_drop(cx, unique_without_name(cx.features, input), sink, |sink| {
        let mut column = Column::absent(Labels::empty(), false, 0);
        selector::each_found(cx, node, steps, &mut |labels, samples, found| {
            column.reset(labels, false, steps.count);
            for (step, found) in found {
                let time = if start_times { selector::start_time } else { selector::time };
                column.set(*step, seconds(time(samples, *found)));
            }
            names::drop_name(cx, &mut column);
            sink(&mut column)
        })
    })
}

fn seconds(t: i64) -> Value {
    Value::Float(t as f64 / 1000.0)
}
