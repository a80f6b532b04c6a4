//! `/features`: what of the API and the language is on, by category (Prometheus 3.14 `util/features`).

use std::collections::BTreeMap;

use mneme_promql::{FUNCTIONS, Features};

use super::dispatch::Call;
use super::reply::Reply;
use crate::json::{Object, push_label_text};

/// Aggregations and operators, and whether they are experimental.
const OPERATORS: [(&str, bool); 30] = [
    ("!=", false),
    ("%", false),
    ("*", false),
    ("+", false),
    ("-", false),
    ("/", false),
    ("<", false),
    ("<=", false),
    ("==", false),
    (">", false),
    (">=", false),
    ("^", false),
    ("and", false),
    ("atan2", false),
    ("avg", false),
    ("bottomk", false),
    ("count", false),
    ("count_values", false),
    ("group", false),
    ("limit_ratio", true),
    ("limitk", true),
    ("max", false),
    ("min", false),
    ("or", false),
    ("quantile", false),
    ("stddev", false),
    ("stdvar", false),
    ("sum", false),
    ("topk", false),
    ("unless", false),
];

/// By category and name.
pub(super) fn features(call: &Call) -> Reply {
    let on = &call.limits.features;
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    for (category, features) in [
        ("api", api()),
        ("promql", promql(on)),
        ("promql_functions", functions(on)),
        ("promql_operators", operators(on)),
    ] {
        object.member(category, |out| push(out, &features));
    }
    object.end();
    Reply::json(out)
}

type Category = BTreeMap<&'static str, bool>;

fn api() -> Category {
    let on = [
        "exclude_alerts",
        "label_values_match",
        "query_stats",
        "query_warnings",
        "remote_write_receiver",
        "search",
        "search_fuzz_alg_jarowinkler",
        "search_fuzz_alg_subsequence",
        "time_range_labels",
        "time_range_series",
    ];
    let off = ["admin", "lifecycle", "otlp_write_receiver"];
    on.into_iter().map(|name| (name, true)).chain(off.map(|name| (name, false))).collect()
}

fn promql(on: &Features) -> Category {
    let always = [
        "at_modifier",
        "bool",
        "by",
        "group_left",
        "group_right",
        "ignoring",
        "negative_offset",
        "offset",
        "on",
        "per_query_lookback_delta",
        "subqueries",
        "without",
    ];
    let sometimes = [
        ("anchored", on.extended_range_selectors),
        ("delayed_name_removal", on.delayed_name_removal),
        ("duration_expr", on.duration_expressions),
        ("fill", on.binop_fill_modifiers),
        ("fill_left", on.binop_fill_modifiers),
        ("fill_right", on.binop_fill_modifiers),
        ("per_step_stats", false),
        ("smoothed", on.extended_range_selectors),
        ("type_and_unit_labels", on.type_and_unit_labels),
    ];
    always.into_iter().map(|name| (name, true)).chain(sometimes).collect()
}

fn functions(on: &Features) -> Category {
    FUNCTIONS
        .iter()
        .map(|function| (function.name, !function.experimental || on.experimental_functions))
        .collect()
}

fn operators(on: &Features) -> Category {
    OPERATORS
        .into_iter()
        .map(|(name, experimental)| (name, !experimental || on.experimental_functions))
        .collect()
}

/// Without the escapes for HTML, so that `>=` is readable, as in Prometheus.
fn push(out: &mut Vec<u8>, features: &Category) {
    out.push(b'{');
    for (at, (name, on)) in features.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_label_text(out, name);
        out.extend_from_slice(if *on { b":true" } else { b":false" });
    }
    out.push(b'}');
}
