//! What may stand behind a selector: `offset`, `@`, `anchored`, `smoothed`.

use super::Parser;
use super::error::{Failure, Parsed};
use super::token::Kind;
use super::tree::Tree;
use crate::ast::{At, BinaryOp, Duration, Expr, PosRange, RangeModifier, VectorSelector};

const NEEDS_SELECTOR: &str =
    "must be preceded by an instant vector selector or range vector selector or a subquery";

impl<'a> Parser<'a> {
    pub(super) fn offset(&mut self, mut tree: Tree) -> Parsed<'a, Tree> {
        self.take()?;
        let duration = self
            .offset_duration()
            .map_err(|failure| failure.within("offset", "number, duration, step(), or range()"))?;
        let pos = tree.expr.pos();
        let Some(time) = TimeOf::expr(&mut tree.expr) else {
            return Err(Failure::at(pos, format!("offset modifier {NEEDS_SELECTOR}")));
        };
        if *time.offset != Duration::default() {
            return Err(Failure::at(pos, "offset may not be set multiple times"));
        }
        *time.offset = duration;
        time.pos.end = self.end;
        Ok(tree)
    }

    pub(super) fn at(&mut self, mut tree: Tree) -> Parsed<'a, Tree> {
        self.take()?;
        let pos = tree.expr.pos();
        let at = self.at_time(pos).map_err(|failure| failure.within("@", "timestamp"))?;
        let Some(time) = TimeOf::expr(&mut tree.expr) else {
            return Err(Failure::at(pos, format!("@ modifier {NEEDS_SELECTOR}")));
        };
        if time.at.is_some() {
            return Err(Failure::at(pos, "@ <timestamp> may not be set multiple times"));
        }
        *time.at = Some(at);
        time.pos.end = self.end;
        Ok(tree)
    }

    fn at_time(&mut self, selector: PosRange) -> Parsed<'a, At> {
        let token = self.peek()?;
        let at = match token.kind {
            Kind::Start => At::Start,
            Kind::End => At::End,
            Kind::Operator(BinaryOp::Add) => {
                self.take()?;
                return timestamp(self.number_literal()?.value, selector);
            }
            Kind::Operator(BinaryOp::Sub) => {
                self.take()?;
                return timestamp(-self.number_literal()?.value, selector);
            }
            _ => return timestamp(self.number_literal()?.value, selector),
        };
        self.take()?;
        self.expect(Kind::LeftParen)?;
        self.expect(Kind::RightParen)?;
        Ok(at)
    }

    pub(super) fn range_modifier(&mut self, mut tree: Tree) -> Parsed<'a, Tree> {
        let (modifier, name) = match self.take()?.kind {
            Kind::Anchored => (RangeModifier::Anchored, "anchored"),
            _ => (RangeModifier::Smoothed, "smoothed"),
        };
        let pos = tree.expr.pos();
        if !self.features.extended_range_selectors {
            return Err(Failure::at(pos, format!("{name} modifier is experimental and not enabled")));
        }
        let selector: &mut VectorSelector = match &mut tree.expr {
            Expr::Vector(selector) => selector,
            Expr::Matrix(matrix) => &mut matrix.selector,
            Expr::Subquery(_) => {
                return Err(Failure::at(pos, format!("{name} modifier is not supported for subqueries")));
            }
            _ => return Err(Failure::at(pos, format!("{name} modifier not implemented"))),
        };
        if selector.modifier != RangeModifier::None && selector.modifier != modifier {
            return Err(Failure::at(pos, "anchored and smoothed modifiers cannot be used together"));
        }
        selector.modifier = modifier;
        Ok(tree)
    }
}

/// The parts of a selector or subquery that say which time it looks at.
struct TimeOf<'e> {
    offset: &'e mut Duration,
    at: &'e mut Option<At>,
    pos: &'e mut PosRange,
}

impl<'e> TimeOf<'e> {
    fn expr(expr: &'e mut Expr) -> Option<Self> {
        match expr {
            Expr::Vector(VectorSelector { offset, at, pos, .. }) => Some(Self { offset, at, pos }),
            Expr::Matrix(matrix) => Some(Self {
                offset: &mut matrix.selector.offset,
                at: &mut matrix.selector.at,
                pos: &mut matrix.pos,
            }),
            Expr::Subquery(subquery) => {
                Some(Self { offset: &mut subquery.offset, at: &mut subquery.at, pos: &mut subquery.pos })
            }
            _ => None,
        }
    }
}

/// Seconds to milliseconds.
fn timestamp<'a>(seconds: f64, selector: PosRange) -> Parsed<'a, At> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if seconds.is_nan() || seconds >= LIMIT || seconds <= -LIMIT {
        let text = if seconds.is_finite() { format!("{seconds:.6}") } else { crate::format::go_f(seconds) };
        return Err(Failure::at(selector, format!("timestamp out of bounds for @ modifier: {text}")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is as far away as a time can be")]
    Ok(At::Timestamp((seconds * 1000.0).round() as i64))
}
