//! `expr[range]` and `expr[range:step]`.

use super::Parser;
use super::error::{Failure, Parsed};
use super::token::{Kind, Token};
use super::tree::Tree;
use crate::ast::{Duration, Expr, MatrixSelector, PosRange, SubqueryExpr};

impl<'a> Parser<'a> {
    pub(super) fn bracket(&mut self, tree: Tree) -> Parsed<'a, Tree> {
        let open = self.take()?;
        let range = self.positive_duration().map_err(|failure| {
            failure.within("subquery or range selector", "number, duration, step(), or range()")
        })?;
        if let Some(close) = self.take_if(Kind::RightBracket)? {
            return matrix(tree, range, PosRange { start: open.start, end: close.end() });
        }
        self.expect(Kind::Colon).map_err(|failure| failure.within("subquery or range", "\":\" or \"]\""))?;
        let (step, close) = self.step()?;
        let pos = PosRange { start: tree.expr.pos().start, end: close.end() };
        let height = Tree::above([tree.height()], pos)?;
        let subquery =
            SubqueryExpr { expr: tree.expr, range, step, offset: Duration::default(), at: None, pos };
        Ok(Tree::of(Expr::Subquery(Box::new(subquery)), height))
    }

    fn step(&mut self) -> Parsed<'a, (Option<Duration>, Token<'a>)> {
        if let Some(close) = self.take_if(Kind::RightBracket)? {
            return Ok((None, close));
        }
        let step = self.positive_duration().map_err(|failure| {
            failure.within("subquery selector", "number, duration, step(), range(), or \"]\"")
        })?;
        let close = self
            .expect(Kind::RightBracket)
            .map_err(|failure| failure.within("subquery selector", "\"]\""))?;
        Ok((Some(step), close))
    }
}

fn matrix<'a>(tree: Tree, range: Duration, brackets: PosRange) -> Parsed<'a, Tree> {
    let height = Tree::above([tree.height()], brackets)?;
    let Expr::Vector(selector) = tree.expr else {
        return Err(Failure::at(brackets, "ranges only allowed for vector selectors"));
    };
    if selector.offset != Duration::default() {
        return Err(Failure::at(brackets, "no offset modifiers allowed before range"));
    }
    if selector.at.is_some() {
        return Err(Failure::at(brackets, "no @ modifiers allowed before range"));
    }
    let pos = PosRange { start: selector.pos.start, end: brackets.end };
    Ok(Tree::of(Expr::Matrix(MatrixSelector { selector, range, pos }), height))
}
