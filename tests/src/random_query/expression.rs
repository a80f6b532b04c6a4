//! PromQL text that knows what it is made of.

/// The type of an expression's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Scalar,
    /// An instant vector.
    Vector,
    /// A range vector.
    Matrix,
    /// A text.
    String,
}

/// How alike two correct engines compute a value. Whoever compares, sorts or subtracts values magnifies the last bit: such
/// operators take only operands that are alike enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exactness {
    /// Small multiples of 1/8: sums of them are exact in any order.
    Exact,
    /// The same bits from the same operations.
    Same,
    /// Other algorithms may give other last bits.
    Close,
}

/// A generated expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// PromQL.
    pub text: String,
    /// Its type.
    pub value: Type,
    /// How alike two engines compute it.
    pub exactness: Exactness,
    /// Its sub-expressions, each a query of its own.
    pub parts: Vec<Expression>,
}

impl Expression {
    /// An instant vector.
    pub(super) fn vector(text: String, exactness: Exactness, parts: Vec<Self>) -> Self {
        Self { text, value: Type::Vector, exactness, parts }
    }

    /// A range vector.
    pub(super) fn matrix(text: String, exactness: Exactness, parts: Vec<Self>) -> Self {
        Self { text, value: Type::Matrix, exactness, parts }
    }

    /// A number.
    pub(super) fn scalar(text: String, exactness: Exactness, parts: Vec<Self>) -> Self {
        Self { text, value: Type::Scalar, exactness, parts }
    }

    /// Something of which only the text counts.
    pub(super) fn of(text: String, value: Type) -> Self {
        Self { text, value, exactness: Exactness::Close, parts: Vec::new() }
    }

    /// The same in parentheses, where it is not one word or call.
    pub(super) fn enclosed(self) -> Self {
        Self { text: format!("({})", self.text), parts: vec![self.clone()], ..self }
    }
}
