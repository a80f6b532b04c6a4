//! An expression and how high it is, so that no tree outgrows the stack of those who walk it.

use super::MAX_HEIGHT;
use super::error::{Failure, Parsed};
use crate::ast::{Expr, ParenExpr, PosRange};

/// A parsed part of the text.
pub(super) struct Tree {
    pub(super) expr: Expr,
    height: usize,
}

impl Tree {
    pub(super) fn leaf(expr: Expr) -> Self {
        Self { expr, height: 1 }
    }

    /// The height of a node above parts of these heights.
    pub(super) fn above<'a>(heights: impl IntoIterator<Item = usize>, pos: PosRange) -> Parsed<'a, usize> {
        let height = heights.into_iter().max().unwrap_or(0) + 1;
        if height > MAX_HEIGHT {
            return Err(Failure::at(
                pos,
                format!("expression has more than {MAX_HEIGHT} levels of operators"),
            ));
        }
        Ok(height)
    }

    pub(super) fn of(expr: Expr, height: usize) -> Self {
        Self { expr, height }
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn paren<'a>(self, pos: PosRange) -> Parsed<'a, Self> {
        let height = Self::above([self.height], pos)?;
        Ok(Self::of(Expr::Paren(ParenExpr { expr: Box::new(self.expr), pos }), height))
    }
}
