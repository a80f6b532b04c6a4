//! Durations of ranges, steps and offsets: a literal, or arithmetic that is computed once start, end and step are known.

use super::binary::{LOWEST, is_minus, precedence, right_precedence};
use super::error::{Failure, Parsed};
use super::token::{Kind, Token};
use super::{MAX_NESTING, Parser, literal};
use crate::ast::{BinaryOp, Duration, DurationExpr, DurationOp, NumberLiteral, PosRange};

/// What binds more tightly than `*`, to which a sign belongs: only `^`.
const OF_SIGN: u8 = 6;

impl<'a> Parser<'a> {
    /// A range or a step.
    pub(super) fn positive_duration(&mut self) -> Parsed<'a, Duration> {
        let expr = self.duration(LOWEST)?;
        if let DurationExpr::Number(number) = &expr
            && number.value <= 0.0
        {
            return Err(Failure::at(number.pos, "duration must be greater than 0"));
        }
        Ok(resolved(expr))
    }

    /// What follows `offset`: a sign binds to the number only, so that `foo offset -2^2` is `(foo offset -2)^2`,
    /// and further operators belong to the duration only behind a parenthesis or a second sign.
    pub(super) fn offset_duration(&mut self) -> Parsed<'a, Duration> {
        let token = self.peek()?;
        let expr = match token.kind {
            Kind::Number | Kind::Duration => DurationExpr::Number(self.duration_number()?),
            Kind::Step | Kind::Range | Kind::MinOf | Kind::MaxOf => self.duration_call()?,
            Kind::Operator(BinaryOp::Add | BinaryOp::Sub) => self.signed_offset()?,
            _ => self.duration(LOWEST)?,
        };
        Ok(resolved(expr))
    }

    fn signed_offset(&mut self) -> Parsed<'a, DurationExpr> {
        let sign = self.take()?;
        match self.peek()?.kind {
            Kind::Number | Kind::Duration => {
                let mut number = self.number_literal()?;
                literal::sign(&mut number, &sign);
                in_range(&number, sign.pos())?;
                Ok(DurationExpr::Number(number))
            }
            Kind::Step | Kind::Range | Kind::MinOf | Kind::MaxOf => {
                let call = self.duration_call()?;
                Ok(signed(&sign, call))
            }
            Kind::LeftParen => {
                self.take()?;
                let inner = self.nested(|parser| parser.duration(LOWEST))?;
                self.expect(Kind::RightParen)?;
                let pos = inner.pos();
                Ok(signed(&sign, wrapped(inner, pos)))
            }
            _ => {
                let operand = self.nested(|parser| parser.duration(OF_SIGN))?;
                let left = apply_sign(&sign, operand)?;
                self.duration_operators(left, LOWEST)
            }
        }
    }

    fn duration(&mut self, least: u8) -> Parsed<'a, DurationExpr> {
        let token = self.peek()?;
        let left = match token.kind {
            Kind::Number | Kind::Duration => DurationExpr::Number(self.duration_number()?),
            Kind::Step | Kind::Range | Kind::MinOf | Kind::MaxOf => self.duration_call()?,
            Kind::LeftParen => self.duration_paren()?,
            Kind::Operator(BinaryOp::Add | BinaryOp::Sub) => {
                self.take()?;
                let operand = self.nested(|parser| parser.duration(OF_SIGN))?;
                apply_sign(&token, operand)?
            }
            _ => return Err(Failure::Unexpected(token)),
        };
        self.duration_operators(left, least)
    }

    fn duration_operators(&mut self, mut left: DurationExpr, least: u8) -> Parsed<'a, DurationExpr> {
        for operators in 0.. {
            let token = self.peek()?;
            let Kind::Operator(binary) = token.kind else { break };
            let Some(op) = duration_op(binary).filter(|_| precedence(binary) >= least) else { break };
            if operators == MAX_NESTING {
                return Err(Failure::at(
                    token.pos(),
                    format!("duration expression has more than {MAX_NESTING} operators"),
                ));
            }
            self.take()?;
            let right = self.nested(|parser| parser.duration(right_precedence(binary)))?;
            self.needs_duration_expr(left.pos())?;
            refuse_zero(op, &right, token.pos())?;
            let pos = PosRange { start: left.pos().start, end: right.pos().end };
            left = DurationExpr::Op {
                op,
                lhs: Some(Box::new(left)),
                rhs: Some(Box::new(right)),
                wrapped: false,
                pos,
            };
        }
        Ok(left)
    }

    /// `step()`, `range()`, `min_of(a, b)` or `max_of(a, b)`.
    fn duration_call(&mut self) -> Parsed<'a, DurationExpr> {
        let name = self.take()?;
        self.expect(Kind::LeftParen)?;
        let (op, lhs, rhs) = match name.kind {
            Kind::Step => (DurationOp::Step, None, None),
            Kind::Range => (DurationOp::Range, None, None),
            kind => {
                let left = self.nested(|parser| parser.duration(LOWEST))?;
                self.expect(Kind::Comma)?;
                let right = self.nested(|parser| parser.duration(LOWEST))?;
                let op = if kind == Kind::MinOf { DurationOp::MinOf } else { DurationOp::MaxOf };
                (op, Some(Box::new(left)), Some(Box::new(right)))
            }
        };
        let close = self.expect(Kind::RightParen)?;
        let pos = PosRange { start: name.start, end: close.end() };
        self.needs_duration_expr(pos)?;
        Ok(DurationExpr::Op { op, lhs, rhs, wrapped: false, pos })
    }

    fn duration_paren(&mut self) -> Parsed<'a, DurationExpr> {
        let open = self.take()?;
        let inner = self.nested(|parser| parser.duration(LOWEST))?;
        let close = self.expect(Kind::RightParen)?;
        self.needs_duration_expr(inner.pos())?;
        Ok(wrapped(inner, PosRange { start: open.start, end: close.end() }))
    }

    fn duration_number(&mut self) -> Parsed<'a, NumberLiteral> {
        let number = self.number_literal()?;
        in_range(&number, number.pos)?;
        Ok(number)
    }

    fn needs_duration_expr(&self, pos: PosRange) -> Parsed<'a, ()> {
        if self.features.duration_expressions {
            return Ok(());
        }
        Err(Failure::at(pos, "experimental duration expression is not enabled"))
    }
}

/// Milliseconds for a literal; an expression stays one, even if it is constant, so that it prints as it was written.
fn resolved(expr: DurationExpr) -> Duration {
    match expr {
        DurationExpr::Number(number) => Duration::Literal(milliseconds(number.value)),
        expr @ DurationExpr::Op { .. } => Duration::Expr(Box::new(expr)),
    }
}

/// Seconds to whole milliseconds, by way of whole nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64 / 1_000_000
}

/// Prometheus counts durations in 64 bits of nanoseconds.
fn in_range<'a>(number: &NumberLiteral, pos: PosRange) -> Parsed<'a, ()> {
    const LIMIT: f64 = 9_223_372_036.854_776;
    if number.value > LIMIT || number.value < -LIMIT {
        return Err(Failure::at(pos, "duration out of range"));
    }
    Ok(())
}

fn apply_sign<'a>(sign: &Token<'a>, operand: DurationExpr) -> Parsed<'a, DurationExpr> {
    match operand {
        DurationExpr::Number(mut number) => {
            literal::sign(&mut number, sign);
            in_range(&number, sign.pos())?;
            Ok(DurationExpr::Number(number))
        }
        operand @ DurationExpr::Op { .. } => Ok(signed(sign, operand)),
    }
}

/// A minus before an expression; a plus changes nothing.
fn signed(sign: &Token<'_>, operand: DurationExpr) -> DurationExpr {
    if !is_minus(sign) {
        return operand;
    }
    let pos = PosRange { start: sign.start, end: operand.pos().end };
    DurationExpr::Op { op: DurationOp::Neg, lhs: Some(Box::new(operand)), rhs: None, wrapped: false, pos }
}

/// Marks what stood in parentheses; a number becomes a plus of itself, which can be marked.
fn wrapped(mut inner: DurationExpr, around: PosRange) -> DurationExpr {
    if let DurationExpr::Op { wrapped, .. } = &mut inner {
        *wrapped = true;
        return inner;
    }
    DurationExpr::Op {
        op: DurationOp::Pos,
        lhs: Some(Box::new(inner)),
        rhs: None,
        wrapped: true,
        pos: around,
    }
}

fn refuse_zero<'a>(op: DurationOp, right: &DurationExpr, operator: PosRange) -> Parsed<'a, ()> {
    let message = match op {
        DurationOp::Div => "division by zero",
        DurationOp::Mod => "modulo by zero",
        _ => return Ok(()),
    };
    match right {
        DurationExpr::Number(number) if number.value == 0.0 => Err(Failure::at(operator, message)),
        _ => Ok(()),
    }
}

fn duration_op(op: BinaryOp) -> Option<DurationOp> {
    Some(match op {
        BinaryOp::Add => DurationOp::Add,
        BinaryOp::Sub => DurationOp::Sub,
        BinaryOp::Mul => DurationOp::Mul,
        BinaryOp::Div => DurationOp::Div,
        BinaryOp::Mod => DurationOp::Mod,
        BinaryOp::Pow => DurationOp::Pow,
        _ => return None,
    })
}
