//! `op [by|without (..)] ([param,] expr)`, the labels before or behind.

use super::Parser;
use super::error::{Failure, Parsed};
use super::token::{Kind, Token};
use super::tree::Tree;
use crate::ast::{AggregateExpr, AggregateOp, Expr, PosRange};

/// The labels of `by` or `without`.
#[derive(Default)]
struct Grouping {
    labels: Vec<String>,
    without: bool,
}

impl<'a> Parser<'a> {
    /// The aggregation whose operator has been taken already.
    pub(super) fn aggregate(&mut self, op: AggregateOp, name: Token<'a>) -> Parsed<'a, Tree> {
        let parts = self.aggregate_parts().map_err(|failure| failure.within("aggregation", ""));
        let (grouping, arguments) = parts?;
        let pos = PosRange { start: name.start, end: self.end };
        self.new_aggregate(op, grouping, arguments, pos)
    }

    fn aggregate_parts(&mut self) -> Parsed<'a, (Grouping, Vec<Tree>)> {
        let before = self.grouping()?;
        let arguments = self.arguments()?;
        let grouping = match before {
            Some(grouping) => grouping,
            None => self.grouping()?.unwrap_or_default(),
        };
        Ok((grouping, arguments))
    }

    fn grouping(&mut self) -> Parsed<'a, Option<Grouping>> {
        let without = match self.peek()?.kind {
            Kind::By => false,
            Kind::Without => true,
            _ => return Ok(None),
        };
        self.take()?;
        Ok(Some(Grouping { labels: self.grouping_labels()?, without }))
    }

    fn new_aggregate(
        &self,
        op: AggregateOp,
        grouping: Grouping,
        arguments: Vec<Tree>,
        pos: PosRange,
    ) -> Parsed<'a, Tree> {
        if arguments.is_empty() {
            return Err(Failure::at(pos, "no arguments for aggregate expression provided"));
        }
        if op.is_experimental() && !self.features.experimental_functions {
            let message = format!(
                "{op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            );
            return Err(Failure::at(pos, message));
        }
        let desired = if op.takes_param() { 2 } else { 1 };
        if arguments.len() != desired {
            let got = arguments.len();
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {desired}, got {got}"
            );
            return Err(Failure::at(pos, message));
        }
        let height = Tree::above(arguments.iter().map(Tree::height), pos)?;
        let mut arguments = arguments.into_iter().map(|tree| tree.expr);
        let param = if op.takes_param() { arguments.next() } else { None };
        let Some(expr) = arguments.next() else {
            return Err(Failure::at(pos, "no arguments for aggregate expression provided"));
        };
        let Grouping { labels: grouping, without } = grouping;
        Ok(Tree::of(
            Expr::Aggregate(Box::new(AggregateExpr { op, expr, param, grouping, without, pos })),
            height,
        ))
    }
}
