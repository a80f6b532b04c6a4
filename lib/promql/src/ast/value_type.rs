//! What types are called.

use std::fmt;

use super::{Expr, ValueType};

impl ValueType {
    /// The name in the API's `resultType`.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::String => "string",
        }
    }
}

impl fmt::Display for ValueType {
    /// As the documentation and error texts say it: `instant vector`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::String => "string",
        })
    }
}

impl Expr {
    /// The type of the value that this expression has.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) | Self::Duration(_) => ValueType::Scalar,
            Self::String(_) => ValueType::String,
            Self::Paren(paren) => paren.expr.value_type(),
            Self::Unary(unary) => unary.expr.value_type(),
            // The matching falls away with the type check if a side is a scalar; without it both sides must be looked at.
            Self::Binary(binary) if binary.matching.is_some() => ValueType::Vector,
            Self::Binary(binary) => match (binary.lhs.value_type(), binary.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Call(call) => call.function.returns,
            Self::Aggregate(_) | Self::Vector(_) => ValueType::Vector,
            Self::Matrix(_) | Self::Subquery(_) => ValueType::Matrix,
        }
    }
}
