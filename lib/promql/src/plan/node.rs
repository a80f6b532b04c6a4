//! The operators that a plan is made of.

use mneme_model::{Matcher, TimestampMs};

use crate::ast::{AggregateOp, BinaryOp, PosRange, RangeModifier, ValueType, VectorMatching};
use crate::functions::Function;
use crate::functions::contract::RangeFn;

/// One operator with its inputs.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// The same number at every step.
    Number(f64),
    /// A text.
    String(String),
    /// Evaluated at the first step only, the value then holds for all steps.
    StepInvariant(Box<Node>),
    /// Unary minus.
    Negate(Box<Node>),
    /// A binary operator.
    Binary(Box<BinaryNode>),
    /// An aggregation over series.
    Aggregate(Box<AggregateNode>),
    /// A function of instant vectors, scalars and texts.
    Call(Box<CallNode>),
    /// A function of a range vector.
    RangeCall(Box<RangeCallNode>),
    /// An instant vector selector.
    Selector(Box<SelectorNode>),
    /// A range vector as the answer itself.
    Matrix(Box<RangeSource>),
}

/// A selector, with its modifiers resolved.
#[derive(Clone, Debug)]
pub(crate) struct SelectorNode {
    /// Index in the plan's list of selects.
    pub(crate) select: usize,
    pub(crate) matchers: Vec<Matcher>,
    /// `@`: the time that takes the place of every step's.
    pub(crate) at: Option<TimestampMs>,
    pub(crate) offset_ms: i64,
    /// The range of a range vector selector, 0 for an instant one.
    pub(crate) range_ms: i64,
    pub(crate) modifier: RangeModifier,
    /// The only labels that are looked at, sorted; `None` = all (projection).
    pub(crate) labels: Option<Vec<String>>,
    /// Only counts and sums of its histograms matter.
    pub(crate) stats_only: bool,
    pub(crate) pos: PosRange,
}

/// Where a range vector comes from.
#[derive(Clone, Debug)]
pub(crate) enum RangeSource {
    /// `selector[range]`.
    Selector(SelectorNode),
    /// `expr[range:step]`.
    Subquery(Box<SubqueryNode>),
}

/// An expression evaluated on its own grid of steps, as a range vector.
#[derive(Clone, Debug)]
pub(crate) struct SubqueryNode {
    pub(crate) expr: Node,
    pub(crate) range_ms: i64,
    pub(crate) step_ms: i64,
    pub(crate) at: Option<TimestampMs>,
    pub(crate) offset_ms: i64,
}

/// A binary operator.
#[derive(Clone, Debug)]
pub(crate) struct BinaryNode {
    pub(crate) op: BinaryOp,
    pub(crate) lhs: Node,
    pub(crate) rhs: Node,
    /// `None` where a side is a scalar.
    pub(crate) matching: Option<VectorMatching>,
    pub(crate) return_bool: bool,
    pub(crate) pos: PosRange,
}

/// An aggregation.
#[derive(Clone, Debug)]
pub(crate) struct AggregateNode {
    pub(crate) op: AggregateOp,
    pub(crate) input: Node,
    /// The scalar parameter (`topk`, `quantile` ..) or the label of `count_values`.
    pub(crate) param: Option<Node>,
    /// Sorted, unique.
    pub(crate) grouping: Vec<String>,
    pub(crate) without: bool,
    pub(crate) pos: PosRange,
    pub(crate) input_pos: PosRange,
    pub(crate) param_pos: PosRange,
}

/// A call of a function without a range vector among its arguments.
#[derive(Clone, Debug)]
pub(crate) struct CallNode {
    pub(crate) name: &'static str,
    pub(crate) function: Function,
    pub(crate) args: Vec<Node>,
    pub(crate) arg_pos: Vec<PosRange>,
    pub(crate) pos: PosRange,
}

/// A call of a function with a range vector among its arguments.
#[derive(Clone, Debug)]
pub(crate) struct RangeCallNode {
    pub(crate) name: &'static str,
    /// `None`: `absent_over_time`, which the engine answers itself.
    pub(crate) function: Option<RangeFn>,
    pub(crate) source: RangeSource,
    /// The scalar arguments, in order, without the range vector.
    pub(crate) scalars: Vec<Node>,
    /// The places of all arguments.
    pub(crate) arg_pos: Vec<PosRange>,
    /// Nobody looks at the name, type and unit of the result: they need not be removed (projection).
    pub(crate) name_is_ignored: bool,
}

impl Node {
    /// The type of the value.
    pub(crate) fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) => ValueType::Scalar,
            Self::String(_) => ValueType::String,
            Self::StepInvariant(inner) | Self::Negate(inner) => inner.value_type(),
            Self::Binary(binary) => match (binary.lhs.value_type(), binary.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Call(call) if call.function.returns_scalar() => ValueType::Scalar,
            Self::Aggregate(_) | Self::Call(_) | Self::RangeCall(_) | Self::Selector(_) => ValueType::Vector,
            Self::Matrix(_) => ValueType::Matrix,
        }
    }

    /// Whether it is evaluated to a number per step.
    pub(crate) fn is_scalar(&self) -> bool {
        self.value_type() == ValueType::Scalar
    }

    /// How many nodes of the tree are `wanted`.
    pub(crate) fn count(&self, wanted: &dyn Fn(&Self) -> bool) -> usize {
        let inputs: usize = self.children().into_iter().map(|child| child.count(wanted)).sum();
        inputs + usize::from(wanted(self))
    }

    /// The inputs that are nodes themselves.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match self {
            Self::Number(_) | Self::String(_) | Self::Selector(_) => Vec::new(),
            Self::StepInvariant(inner) | Self::Negate(inner) => vec![inner],
            Self::Binary(binary) => vec![&binary.lhs, &binary.rhs],
            Self::Aggregate(aggregate) => aggregate.param.iter().chain([&aggregate.input]).collect(),
            Self::Call(call) => call.args.iter().collect(),
            Self::RangeCall(call) => call.scalars.iter().chain(call.source.child()).collect(),
            Self::Matrix(source) => source.child().into_iter().collect(),
        }
    }

    /// The inputs that are nodes themselves.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Node> {
        match self {
            Self::Number(_) | Self::String(_) | Self::Selector(_) => Vec::new(),
            Self::StepInvariant(inner) | Self::Negate(inner) => vec![inner],
            Self::Binary(binary) => vec![&mut binary.lhs, &mut binary.rhs],
            Self::Aggregate(aggregate) => aggregate.param.iter_mut().chain([&mut aggregate.input]).collect(),
            Self::Call(call) => call.args.iter_mut().collect(),
            Self::RangeCall(call) => call.scalars.iter_mut().chain(call.source.child_mut()).collect(),
            Self::Matrix(source) => source.child_mut().into_iter().collect(),
        }
    }
}

impl RangeSource {
    fn child(&self) -> Option<&Node> {
        match self {
            Self::Selector(_) => None,
            Self::Subquery(subquery) => Some(&subquery.expr),
        }
    }

    fn child_mut(&mut self) -> Option<&mut Node> {
        match self {
            Self::Selector(_) => None,
            Self::Subquery(subquery) => Some(&mut subquery.expr),
        }
    }
}
