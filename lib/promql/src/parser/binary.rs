//! Unary and binary operators with their precedence, and what may stand between an operator and its right side.

use super::error::{Failure, Parsed};
use super::token::{Kind, Token};
use super::tree::Tree;
use super::{Parser, literal};
use crate::ast::{BinaryExpr, BinaryOp, Cardinality, Expr, PosRange, UnaryExpr, VectorMatching};

/// The precedence of `or`; a higher one binds more tightly.
pub(super) const LOWEST: u8 = 1;
const HIGHEST: u8 = 6;

/// How tightly `op` binds; all but `^` are left-associative.
pub(super) fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => LOWEST,
        BinaryOp::And | BinaryOp::Unless => 2,
        BinaryOp::Eq
        | BinaryOp::NotEq
        | BinaryOp::Less
        | BinaryOp::LessEq
        | BinaryOp::Greater
        | BinaryOp::GreaterEq
        | BinaryOp::TrimUpper
        | BinaryOp::TrimLower => 3,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod | BinaryOp::Atan2 => 5,
        BinaryOp::Pow => HIGHEST,
    }
}

/// The least precedence of the operators that belong to the right side of `op`.
pub(super) fn right_precedence(op: BinaryOp) -> u8 {
    if op == BinaryOp::Pow { HIGHEST } else { precedence(op) + 1 }
}

impl<'a> Parser<'a> {
    /// An expression of operators that bind at least as tightly as `least`.
    pub(super) fn expression(&mut self, least: u8) -> Parsed<'a, Tree> {
        let mut left = match self.peek()?.kind {
            Kind::Operator(BinaryOp::Add | BinaryOp::Sub) => self.unary()?,
            _ => self.operand()?,
        };
        loop {
            let Kind::Operator(op) = self.peek()?.kind else { return Ok(left) };
            if precedence(op) < least {
                return Ok(left);
            }
            self.take()?;
            left = self.binary(left, op)?;
        }
    }

    /// `-1^2` is `-(1^2)`, but `-1*2` is `(-1)*2`.
    fn unary(&mut self) -> Parsed<'a, Tree> {
        let sign = self.take()?;
        let negative = is_minus(&sign);
        let operand = self.nested(|parser| parser.expression(HIGHEST))?;
        let pos = PosRange { start: sign.start, end: operand.expr.pos().end };
        if let Expr::Number(mut number) = operand.expr {
            literal::sign(&mut number, &sign);
            return Ok(Tree::leaf(Expr::Number(number)));
        }
        let height = Tree::above([operand.height()], pos)?;
        Ok(Tree::of(Expr::Unary(UnaryExpr { negative, expr: Box::new(operand.expr), pos }), height))
    }

    fn binary(&mut self, left: Tree, op: BinaryOp) -> Parsed<'a, Tree> {
        let (matching, return_bool) = self.modifiers()?;
        let right = self.nested(|parser| parser.expression(right_precedence(op)))?;
        let pos = PosRange { start: left.expr.pos().start, end: right.expr.pos().end };
        if !self.features.binop_fill_modifiers
            && (matching.fill_left.is_some() || matching.fill_right.is_some())
        {
            return Err(Failure::at(pos, "binop fill modifiers are experimental and not enabled"));
        }
        let height = Tree::above([left.height(), right.height()], pos)?;
        let binary =
            BinaryExpr { op, lhs: left.expr, rhs: right.expr, matching: Some(matching), return_bool, pos };
        Ok(Tree::of(Expr::Binary(Box::new(binary)), height))
    }

    /// `[bool] [on|ignoring (..) [group_left|group_right [(..)]]] [fill..]`.
    fn modifiers(&mut self) -> Parsed<'a, (VectorMatching, bool)> {
        let return_bool = self.take_if(Kind::Bool)?.is_some();
        let mut matching = VectorMatching {
            card: Cardinality::OneToOne,
            labels: Vec::new(),
            on: false,
            include: Vec::new(),
            fill_left: None,
            fill_right: None,
        };
        let kind = self.peek()?.kind;
        if matches!(kind, Kind::On | Kind::Ignoring) {
            self.take()?;
            matching.on = kind == Kind::On;
            matching.labels = self.grouping_labels()?;
            self.group_modifier(&mut matching)?;
        }
        self.fill_modifiers(&mut matching)?;
        Ok((matching, return_bool))
    }

    fn group_modifier(&mut self, matching: &mut VectorMatching) -> Parsed<'a, ()> {
        matching.card = match self.peek()?.kind {
            Kind::GroupLeft => Cardinality::ManyToOne,
            Kind::GroupRight => Cardinality::OneToMany,
            _ => return Ok(()),
        };
        self.take()?;
        if self.peek()?.kind == Kind::LeftParen {
            matching.include = self.grouping_labels()?;
        }
        Ok(())
    }

    fn fill_modifiers(&mut self, matching: &mut VectorMatching) -> Parsed<'a, ()> {
        match self.peek()?.kind {
            Kind::Fill => {
                self.take()?;
                let value = self.fill_value()?;
                (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
            }
            Kind::FillLeft => {
                self.take()?;
                matching.fill_left = Some(self.fill_value()?);
                if self.take_if(Kind::FillRight)?.is_some() {
                    matching.fill_right = Some(self.fill_value()?);
                }
            }
            Kind::FillRight => {
                self.take()?;
                matching.fill_right = Some(self.fill_value()?);
                if self.take_if(Kind::FillLeft)?.is_some() {
                    matching.fill_left = Some(self.fill_value()?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_value(&mut self) -> Parsed<'a, f64> {
        self.expect(Kind::LeftParen)?;
        let sign = match self.peek()?.kind {
            Kind::Operator(BinaryOp::Add | BinaryOp::Sub) => Some(self.take()?),
            _ => None,
        };
        let mut number = self.number_literal()?;
        if let Some(sign) = sign {
            literal::sign(&mut number, &sign);
        }
        self.expect(Kind::RightParen)?;
        Ok(number.value)
    }
}

pub(super) fn is_minus(sign: &Token<'_>) -> bool {
    sign.kind == Kind::Operator(BinaryOp::Sub)
}
