//! What a plan does, for people: the tree of its operators, what it reads, and what each of them cost.

use std::collections::BTreeMap;

use mneme_model::TimestampMs;
use serde::Serialize;

/// A plan, told. Made by [`crate::Plan::explain`]; by [`crate::evaluate_analyzed`] with what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explain {
    /// The optimizer's passes in the order in which they ran.
    pub passes: Vec<Pass>,
    /// What is asked of the store, each selector and time range once.
    pub selects: Vec<ExplainedSelect>,
    /// The operator whose output is the answer.
    pub plan: Operator,
}

/// An optimizer pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pass {
    /// What it is called.
    pub name: &'static str,
    /// How many places of the plan it changed.
    pub changes: usize,
}

/// One question to the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedSelect {
    /// The matchers as a selector.
    pub selector: String,
    /// First time that can matter, inclusive.
    pub start: TimestampMs,
    /// Last time that can matter, inclusive.
    pub end: TimestampMs,
    /// How many selectors of the plan read the answer.
    pub uses: usize,
    /// The only labels that the plan looks at; absent = all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

/// An operator with its inputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operator {
    /// The kind (`aggregate`, `selector` ..).
    pub operator: &'static str,
    /// What it was told: function, grouping, range ..
    pub arguments: BTreeMap<&'static str, String>,
    /// The number of the select that it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<usize>,
    /// What it cost; absent where nothing was measured or the operator was computed by the one above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Where its input comes from, in the order of evaluation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Operator>,
}

/// What an operator cost in one evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// Series that it handed on.
    pub series: u64,
    /// Samples in them.
    pub samples: u64,
    /// Bytes of them, labels included; they were not all held at one time.
    pub bytes: u64,
    /// Seconds that it and its inputs took, without what was done with its output.
    pub seconds: f64,
    /// Seconds without its inputs.
    pub self_seconds: f64,
}
