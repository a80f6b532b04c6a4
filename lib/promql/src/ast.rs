//! What a PromQL text says, before any meaning is given to it.
//!
//! Shapes follow Prometheus 3.14 `promql/parser/ast.go`; the printer (`print.rs`) writes them as its `String()` does.

mod operator;
mod value_type;
mod walk;

use mneme_model::Matcher;

use crate::signature::Signature;

/// Byte positions in the query text, `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PosRange {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The type of an expression's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum ValueType {
    Scalar,
    Vector,
    Matrix,
    String,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the field's own words; each struct has its own page")]
pub enum Expr {
    Number(NumberLiteral),
    String(StringLiteral),
    Paren(ParenExpr),
    Unary(UnaryExpr),
    Binary(Box<BinaryExpr>),
    Aggregate(Box<AggregateExpr>),
    Call(Call),
    Vector(VectorSelector),
    Matrix(MatrixSelector),
    Subquery(Box<SubqueryExpr>),
    /// A duration expression in the place of a scalar. The parser makes none: there, `step()` and the like are calls.
    Duration(Box<DurationExpr>),
}

/// `1.5`, `0x1F`, `Inf`, `NaN`, or a duration in the place of a number (`5m` = 300).
#[derive(Clone, Debug)]
pub struct NumberLiteral {
    /// The value; seconds if it was written as a duration.
    pub value: f64,
    /// Written as a duration, so that it prints as one.
    pub is_duration: bool,
    /// Where it stands.
    pub pos: PosRange,
}

impl PartialEq for NumberLiteral {
    fn eq(&self, other: &Self) -> bool {
        self.value.to_bits() == other.value.to_bits() && self.is_duration == other.is_duration
    }
}

/// `"text"`, unescaped. Prints as it is quoted in error texts.
#[derive(Clone, Debug, PartialEq)]
pub struct StringLiteral {
    /// The text; bytes that are no UTF-8 (written as `\xff`) are replaced by U+FFFD.
    pub value: String,
    /// The bytes, only where they are no UTF-8: no name or value of a label can be like that.
    pub invalid_utf8: Option<Vec<u8>>,
    /// Where it stands.
    pub pos: PosRange,
}

/// `( expr )`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct ParenExpr {
    pub expr: Box<Expr>,
    pub pos: PosRange,
}

/// `-expr` or `+expr`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct UnaryExpr {
    pub negative: bool,
    pub expr: Box<Expr>,
    pub pos: PosRange,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    And,
    Or,
    Unless,
    /// `</`: keeps the part of a histogram below the bound.
    TrimUpper,
    /// `>/`: keeps the part of a histogram above the bound.
    TrimLower,
}

/// `lhs op [bool] [on|ignoring (..)] [group_left|group_right (..)] [fill..] rhs`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct BinaryExpr {
    pub op: BinaryOp,
    pub lhs: Expr,
    pub rhs: Expr,
    /// `None` where a side is a scalar.
    pub matching: Option<VectorMatching>,
    pub return_bool: bool,
    pub pos: PosRange,
}

/// How many series of each side may share a match group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum Cardinality {
    OneToOne,
    ManyToOne,
    OneToMany,
    ManyToMany,
}

/// Which series of both sides meet.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorMatching {
    /// `group_left` = many to one, `group_right` = one to many, set operators = many to many.
    pub card: Cardinality,
    /// The labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// `on` rather than `ignoring`.
    pub on: bool,
    /// The labels of `group_left(..)` or `group_right(..)`.
    pub include: Vec<String>,
    /// Value for a missing left side (`fill`, `fill_left`).
    pub fill_left: Option<f64>,
    /// Value for a missing right side (`fill`, `fill_right`).
    pub fill_right: Option<f64>,
}

/// An aggregation operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum AggregateOp {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    TopK,
    BottomK,
    CountValues,
    Quantile,
    LimitK,
    LimitRatio,
}

/// `op [by|without (..)] ([param,] expr)`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct AggregateExpr {
    pub op: AggregateOp,
    pub expr: Expr,
    pub param: Option<Expr>,
    pub grouping: Vec<String>,
    pub without: bool,
    pub pos: PosRange,
}

/// `function(args)`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct Call {
    pub function: &'static Signature,
    pub args: Vec<Expr>,
    pub pos: PosRange,
}

/// What `@` is followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "self-explaining")]
pub enum At {
    /// `@ 1234.5`, in milliseconds.
    Timestamp(i64),
    Start,
    End,
}

/// A duration: a literal in milliseconds, or an expression that is resolved once start, end and step are known.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub enum Duration {
    Literal(i64),
    Expr(Box<DurationExpr>),
}

impl Default for Duration {
    fn default() -> Self {
        Self::Literal(0)
    }
}

/// An operator of a duration expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum DurationOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    /// Unary minus (or plus, where `lhs` is the operand and `Pos`).
    Neg,
    Pos,
    /// `min_of(a, b)`.
    MinOf,
    /// `max_of(a, b)`.
    MaxOf,
    /// `step()`.
    Step,
    /// `range()`.
    Range,
}

/// A node of a duration expression (experimental in Prometheus 3.14).
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub enum DurationExpr {
    Number(NumberLiteral),
    Op {
        op: DurationOp,
        lhs: Option<Box<DurationExpr>>,
        rhs: Option<Box<DurationExpr>>,
        wrapped: bool,
        pos: PosRange,
    },
}

/// How a range or lookback treats its edges (experimental).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum RangeModifier {
    #[default]
    None,
    Anchored,
    Smoothed,
}

/// `name{matchers} [anchored|smoothed] [@ ..] [offset ..]`.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSelector {
    /// The name before the braces, `""` if none (a `__name__` matcher for it is in `matchers` all the same).
    pub name: String,
    /// All conditions, `__name__` included.
    pub matchers: Vec<Matcher>,
    /// `offset`, as written.
    pub offset: Duration,
    /// `@`, as written.
    pub at: Option<At>,
    /// `anchored` or `smoothed`.
    pub modifier: RangeModifier,
    /// Where it stands.
    pub pos: PosRange,
}

/// `selector[range]`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct MatrixSelector {
    pub selector: VectorSelector,
    pub range: Duration,
    pub pos: PosRange,
}

/// `expr[range:step]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SubqueryExpr {
    /// What is evaluated at each step.
    pub expr: Expr,
    /// How far back.
    pub range: Duration,
    /// `None` = the engine's default step.
    pub step: Option<Duration>,
    /// `offset`, as written.
    pub offset: Duration,
    /// `@`, as written.
    pub at: Option<At>,
    /// Where it stands.
    pub pos: PosRange,
}
