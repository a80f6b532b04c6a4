//! Text to [`Expr`]: lexer, recursive descent, type check. Accepts and refuses what Prometheus 3.14 does, with its words.
//!
//! Prometheus's parser is made by yacc and goes on after an error; only its first error ever reaches a user, so this one stops there.
//! A token that fits nowhere is named by the innermost rule that knows what it expected (`Failure::within`), as yacc's recovery does.

mod aggregate;
mod binary;
mod bracket;
mod call;
mod check;
mod duration;
mod error;
mod keyword;
mod lexer;
mod literal;
mod modifier;
mod quote;
mod regex_error;
mod selector;
mod token;
mod tree;

pub use error::{LineColumn, ParseError};
pub(crate) use quote::quote_bytes;

use error::{Failure, Parsed};
use lexer::Lexer;
use mneme_model::Matcher;
use token::{Kind, Token};
use tree::Tree;

use crate::Features;
use crate::ast::{Expr, PosRange};

/// How deep parentheses, calls, unary operators and `^` may be nested in each other.
pub const MAX_NESTING: usize = 200;

/// How high the tree of an expression may grow, which is also how many `+` in a row are possible.
pub const MAX_HEIGHT: usize = 512;

/// Parses and type-checks an expression.
///
/// Besides Prometheus's errors there is one for expressions beyond [`MAX_NESTING`] and [`MAX_HEIGHT`], which keep every later
/// walk of the tree within its stack.
pub fn parse(text: &str, features: &Features) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text, features);
    parser
        .whole_expression()
        .and_then(|mut expr| check::check(&mut expr, text).map(|_| expr))
        .map_err(|failure| failure.into_error(text))
}

/// Parses a selector without range or modifiers, e.g. of `match[]`, to its conditions; the name's is the last one.
pub fn parse_metric_selector(text: &str) -> Result<Vec<Matcher>, ParseError> {
    let mut parser = Parser::new(text, &Features::NONE);
    parser.whole_selector().map_err(|failure| failure.into_error(text))
}

/// The state of one parse.
struct Parser<'a> {
    lexer: Lexer<'a>,
    features: Features,
    /// The token after the last one taken, if it has been looked at.
    ahead: Option<Token<'a>>,
    /// Where the last taken token ends.
    end: usize,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, features: &Features) -> Self {
        Self { lexer: Lexer::new(text), features: *features, ahead: None, end: 0, nesting: 0 }
    }

    fn whole_expression(&mut self) -> Parsed<'a, Expr> {
        if self.peek()?.kind == Kind::Eof {
            return Err(Failure::at(PosRange::default(), "no expression found in input"));
        }
        let tree = self.expression(binary::LOWEST)?;
        self.expect(Kind::Eof)?;
        Ok(tree.expr)
    }

    fn whole_selector(&mut self) -> Parsed<'a, Vec<Matcher>> {
        let selector = self.vector_selector()?;
        self.expect(Kind::Eof)?;
        Ok(selector.matchers)
    }

    /// An operand with everything that may stand behind it: `[5m]`, `offset`, `@`, `anchored`, `smoothed`.
    fn operand(&mut self) -> Parsed<'a, Tree> {
        let mut tree = self.bare_operand()?;
        loop {
            tree = match self.peek()?.kind {
                Kind::LeftBracket => self.bracket(tree)?,
                Kind::Offset => self.offset(tree)?,
                Kind::At => self.at(tree)?,
                Kind::Anchored | Kind::Smoothed => self.range_modifier(tree)?,
                _ => return Ok(tree),
            };
        }
    }

    fn bare_operand(&mut self) -> Parsed<'a, Tree> {
        let token = self.peek()?;
        match token.kind {
            Kind::Number | Kind::Duration => Ok(Tree::leaf(Expr::Number(self.number_literal()?))),
            Kind::String => Ok(Tree::leaf(Expr::String(self.string_literal()?))),
            Kind::LeftParen => self.paren(),
            Kind::LeftBrace => Ok(Tree::leaf(Expr::Vector(self.vector_selector()?))),
            kind if kind.can_name_metric() => self.named(),
            _ => Err(Failure::Unexpected(token)),
        }
    }

    /// What begins with a word: an aggregation, a call, or a selector.
    fn named(&mut self) -> Parsed<'a, Tree> {
        let name = self.take()?;
        let next = self.peek()?.kind;
        match name.kind {
            Kind::Aggregate(op) if matches!(next, Kind::LeftParen | Kind::By | Kind::Without) => {
                self.aggregate(op, name)
            }
            kind if next == Kind::LeftParen && (kind == Kind::Identifier || kind.can_name_function()) => {
                self.call(name)
            }
            _ => Ok(Tree::leaf(Expr::Vector(self.selector_named(name)?))),
        }
    }

    fn paren(&mut self) -> Parsed<'a, Tree> {
        let open = self.take()?;
        let inner = self.nested(|parser| parser.expression(binary::LOWEST))?;
        let close = self.expect(Kind::RightParen)?;
        inner.paren(PosRange { start: open.start, end: close.end() })
    }

    /// Runs `parse` one level deeper, if there is one.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<'a, T>) -> Parsed<'a, T> {
        if self.nesting == MAX_NESTING {
            let token = self.peek()?;
            return Err(Failure::at(
                token.pos(),
                format!("expression is nested deeper than {MAX_NESTING} levels"),
            ));
        }
        self.nesting += 1;
        let parsed = parse(self)?;
        self.nesting -= 1;
        Ok(parsed)
    }

    fn peek(&mut self) -> Parsed<'a, Token<'a>> {
        match self.ahead {
            Some(token) => Ok(token),
            None => Ok(*self.ahead.insert(self.lexer.next_token()?)),
        }
    }

    fn take(&mut self) -> Parsed<'a, Token<'a>> {
        let token = self.peek()?;
        self.ahead = None;
        self.end = token.end();
        Ok(token)
    }

    /// Takes the next token if it is a `kind`.
    fn take_if(&mut self, kind: Kind) -> Parsed<'a, Option<Token<'a>>> {
        Ok(if self.peek()?.kind == kind { Some(self.take()?) } else { None })
    }

    fn expect(&mut self, kind: Kind) -> Parsed<'a, Token<'a>> {
        match self.take_if(kind)? {
            Some(token) => Ok(token),
            None => Err(Failure::Unexpected(self.peek()?)),
        }
    }
}
