//! Places and children, whatever the kind of an expression.

use super::{DurationExpr, Expr, PosRange};

impl Expr {
    /// Where it stands in the text.
    #[must_use]
    pub fn pos(&self) -> PosRange {
        match self {
            Self::Number(number) => number.pos,
            Self::String(string) => string.pos,
            Self::Paren(paren) => paren.pos,
            Self::Unary(unary) => unary.pos,
            Self::Binary(binary) => binary.pos,
            Self::Aggregate(aggregate) => aggregate.pos,
            Self::Call(call) => call.pos,
            Self::Vector(selector) => selector.pos,
            Self::Matrix(matrix) => matrix.pos,
            Self::Subquery(subquery) => subquery.pos,
            Self::Duration(duration) => duration.pos(),
        }
    }

    /// The expressions directly inside, in the order of the text. The selector of a range is none of them.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::String(_) | Self::Vector(_) | Self::Matrix(_) | Self::Duration(_) => {
                Vec::new()
            }
            Self::Paren(paren) => vec![&paren.expr],
            Self::Unary(unary) => vec![&unary.expr],
            Self::Binary(binary) => vec![&binary.lhs, &binary.rhs],
            Self::Aggregate(aggregate) => aggregate.param.iter().chain([&aggregate.expr]).collect(),
            Self::Call(call) => call.args.iter().collect(),
            Self::Subquery(subquery) => vec![&subquery.expr],
        }
    }

    /// Calls `visit` for this expression and for all below it, parents first.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Without the parentheses around it.
    #[must_use]
    pub fn unparen(&self) -> &Self {
        let mut inner = self;
        while let Self::Paren(paren) = inner {
            inner = &paren.expr;
        }
        inner
    }
}

impl DurationExpr {
    /// Where it stands in the text.
    #[must_use]
    pub fn pos(&self) -> PosRange {
        match self {
            Self::Number(number) => number.pos,
            Self::Op { pos, .. } => *pos,
        }
    }
}
