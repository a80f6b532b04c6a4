//! Expressions as Prometheus's `String()` writes them: on one line, with spaces around operators and conditions sorted.

mod duration;
mod selector;

use std::fmt;

use mneme_model::labels::{Quoted, is_legacy_label_name};

use crate::ast::{
    AggregateExpr, BinaryExpr, Cardinality, Expr, NumberLiteral, StringLiteral, SubqueryExpr, VectorMatching,
};
use crate::format::{go_f, go_g};
use crate::parser::quote_bytes;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::String(string) => string.fmt(f),
            Self::Paren(paren) => write!(f, "({})", paren.expr),
            Self::Unary(unary) => write!(f, "{}{}", if unary.negative { "-" } else { "+" }, unary.expr),
            Self::Binary(binary) => binary.fmt(f),
            Self::Aggregate(aggregate) => aggregate.fmt(f),
            Self::Call(call) => {
                write!(f, "{}(", call.function.name)?;
                write_list(f, &call.args, |f, argument| write!(f, "{argument}"))?;
                f.write_str(")")
            }
            Self::Vector(selector) => selector.fmt(f),
            Self::Matrix(matrix) => matrix.fmt(f),
            Self::Subquery(subquery) => subquery.fmt(f),
            Self::Duration(duration) => duration.fmt(f),
        }
    }
}

impl fmt::Display for NumberLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_duration {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a duration fits into 64 bits of nanoseconds"
            )]
            let ms = (self.value.abs() * 1e9) as i64 / 1_000_000;
            let sign = if self.value < 0.0 { "-" } else { "" };
            return write!(f, "{sign}{}", mneme_model::duration::format_ms(ms));
        }
        f.write_str(&go_f(self.value))
    }
}

impl fmt::Display for StringLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.invalid_utf8 {
            Some(bytes) => f.write_str(&quote_bytes(bytes)),
            None => Quoted(&self.value).fmt(f),
        }
    }
}

impl fmt::Display for BinaryExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.lhs, self.op)?;
        if self.return_bool {
            f.write_str(" bool")?;
        }
        if let Some(matching) = &self.matching {
            matching.fmt(f)?;
        }
        write!(f, " {}", self.rhs)
    }
}

impl fmt::Display for VectorMatching {
    /// With a space before each part; nothing if it says nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = match self.card {
            Cardinality::ManyToOne => Some("left"),
            Cardinality::OneToMany => Some("right"),
            Cardinality::OneToOne | Cardinality::ManyToMany => None,
        };
        if !self.labels.is_empty() || self.on || group.is_some() {
            f.write_str(if self.on { " on (" } else { " ignoring (" })?;
            write_labels(f, &self.labels)?;
            f.write_str(")")?;
        }
        if let Some(side) = group {
            write!(f, " group_{side} (")?;
            write_labels(f, &self.include)?;
            f.write_str(")")?;
        }
        match (self.fill_left, self.fill_right) {
            (Some(left), Some(right)) if left == right => write!(f, " fill ({})", go_g(left)),
            (left, right) => {
                left.map_or(Ok(()), |value| write!(f, " fill_left ({})", go_g(value)))?;
                right.map_or(Ok(()), |value| write!(f, " fill_right ({})", go_g(value)))
            }
        }
    }
}

impl fmt::Display for AggregateExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.name())?;
        if self.without || !self.grouping.is_empty() {
            f.write_str(if self.without { " without (" } else { " by (" })?;
            write_labels(f, &self.grouping)?;
            f.write_str(") ")?;
        }
        match &self.param {
            Some(param) => write!(f, "({param}, {})", self.expr),
            None => write!(f, "({})", self.expr),
        }
    }
}

impl fmt::Display for SubqueryExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}:", self.expr, self.range)?;
        if let Some(step) = &self.step {
            step.fmt(f)?;
        }
        f.write_str("]")?;
        selector::write_at(f, self.at)?;
        selector::write_offset(f, &self.offset)
    }
}

/// `a, b`, quoted where a name needs it.
fn write_labels(f: &mut fmt::Formatter<'_>, labels: &[String]) -> fmt::Result {
    write_list(f, labels, |f, label| {
        if is_legacy_label_name(label) { f.write_str(label) } else { write!(f, "{}", Quoted(label)) }
    })
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}
