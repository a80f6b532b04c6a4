//! `function(args)`.

use super::error::{Failure, Parsed};
use super::token::{Kind, Token};
use super::tree::Tree;
use super::{Parser, binary};
use crate::ast::{Call, Expr, PosRange};
use crate::format::quote;
use crate::signature::signature;

impl<'a> Parser<'a> {
    /// The call whose function's name has been taken already.
    pub(super) fn call(&mut self, name: Token<'a>) -> Parsed<'a, Tree> {
        let arguments = self.arguments()?;
        let Some(function) = signature(name.text) else {
            return Err(Failure::at(name.pos(), format!("unknown function with name {}", quote(name.text))));
        };
        if function.experimental && !self.features.experimental_functions {
            return Err(Failure::at(name.pos(), format!("function {} is not enabled", quote(name.text))));
        }
        let pos = PosRange { start: name.start, end: self.end };
        let height = Tree::above(arguments.iter().map(Tree::height), pos)?;
        let args = arguments.into_iter().map(|tree| tree.expr).collect();
        Ok(Tree::of(Expr::Call(Call { function, args, pos }), height))
    }

    /// `(expr, ...)`, without a comma at the end.
    pub(super) fn arguments(&mut self) -> Parsed<'a, Vec<Tree>> {
        self.expect(Kind::LeftParen)?;
        let mut arguments = Vec::new();
        if self.take_if(Kind::RightParen)?.is_some() {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.nested(|parser| parser.expression(binary::LOWEST))?);
            let Some(comma) = self.take_if(Kind::Comma)? else { break };
            if !self.peek()?.kind.can_start_expression() {
                return Err(Failure::at(comma.pos(), "trailing commas not allowed in function call args"));
            }
        }
        self.expect(Kind::RightParen)?;
        Ok(arguments)
    }
}
