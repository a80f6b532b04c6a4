//! Binary operators.

use rand::Rng;

use super::expression::Exactness::{Close, Exact, Same};
use super::expression::{Exactness, Expression};
use super::generator::Generator;

const COMPARISONS: &[&str] = &["==", "!=", ">", "<", ">=", "<="];

impl Generator {
    pub(super) fn binary(&mut self, depth: u32) -> Expression {
        match self.rng.random_range(0..20) {
            19 => self.atan2(depth),
            0..6 => self.with_number(depth),
            6 | 7 => self.compared_with_number(depth),
            8..12 => self.set(depth),
            12 | 13 => self.many_to_one(depth),
            _ => self.one_to_one(depth),
        }
    }

    fn with_number(&mut self, depth: u32) -> Expression {
        let (operator, least) = self.arithmetic();
        let vector = self.vector(depth, least).enclosed();
        let number = self.scalar(depth.min(1)).enclosed();
        let exactness = after(operator, vector.exactness);
        let (left, right) = if self.chance(0.5) { (vector, number) } else { (number, vector) };
        Expression::vector(
            format!("{} {operator} {}", left.text, right.text),
            exactness.max(Same),
            vec![left, right],
        )
    }

    /// Keeps or turns into 0 and 1 what is on one side of a number that no value comes close to.
    fn compared_with_number(&mut self, depth: u32) -> Expression {
        let vector = self.vector(depth, Close).enclosed();
        let (operator, number) = (self.one_of(COMPARISONS), self.odd_number());
        let bool = self.chance(0.4);
        let modifier = if bool { " bool" } else { "" };
        let text = if self.chance(0.7) {
            format!("{} {operator}{modifier} {number}", vector.text)
        } else {
            format!("{number} {operator}{modifier} {}", vector.text)
        };
        Expression::vector(text, if bool { Exact } else { vector.exactness }, vec![vector])
    }

    fn set(&mut self, depth: u32) -> Expression {
        let (left, right) = (self.vector(depth, Close).enclosed(), self.vector(depth, Close).enclosed());
        let operator = self.one_of(&["and", "or", "unless", "AND"]);
        let matching = self.matching();
        let exactness = left.exactness.max(right.exactness);
        Expression::vector(
            format!("{} {operator}{matching} {}", left.text, right.text),
            exactness,
            vec![left, right],
        )
    }

    fn many_to_one(&mut self, depth: u32) -> Expression {
        let (operator, least) = self.vector_operator();
        let many = self.vector(depth, least).enclosed();
        let one = if self.chance(0.6) {
            self.selector_of("build_info")
        } else {
            let operand = self.vector(depth, least.min(Same));
            let text = format!("max by (job, instance) ({})", operand.text);
            Expression::vector(text, operand.exactness, vec![operand])
        };
        let on = self.one_of(&["on (job, instance)", "on (instance)", "on (instance, job, missing)"]);
        let extra = self.one_of(&["", "", "()", "(version)", "(version, missing)", "(job)"]);
        let (left, side, right) =
            if self.chance(0.6) { (many, "group_left", one) } else { (one, "group_right", many) };
        let exactness = after(operator, left.exactness.max(right.exactness)).max(Same);
        let text = format!("{} {operator} {on} {side} {extra} {}", left.text, right.text);
        Expression::vector(text, exactness, vec![left, right])
    }

    fn one_to_one(&mut self, depth: u32) -> Expression {
        let (operator, least) = self.vector_operator();
        let (left, right) = if self.chance(0.5) {
            let labels = self.one_of(&["job", "instance", "job, instance"]);
            (self.one_per(depth, labels, least), self.one_per(depth, labels, least))
        } else {
            (self.vector(depth, least).enclosed(), self.vector(depth, least).enclosed())
        };
        let matching = self.matching();
        let exactness = after(operator, left.exactness.max(right.exactness)).max(Same);
        let text = format!("{} {operator}{matching} {}", left.text, right.text);
        Expression::vector(text, exactness, vec![left, right])
    }

    /// Between vectors without names: see `KNOWN`, `atan2`.
    fn atan2(&mut self, depth: u32) -> Expression {
        let labels = self.one_of(&["job", "instance", "job, instance"]);
        let (left, right) = (self.one_per(depth, labels, Same), self.one_per(depth, labels, Same));
        let text = format!("{} atan2 {}", left.text, right.text);
        Expression::vector(text, Close, vec![left, right])
    }

    fn one_per(&mut self, depth: u32, labels: &str, least: Exactness) -> Expression {
        let operand = self.vector(depth, least);
        let operator = self.one_of(&["max", "min"]);
        let text = format!("{operator} by ({labels}) ({})", operand.text);
        Expression::vector(text, operand.exactness, vec![operand])
    }

    fn matching(&mut self) -> String {
        match self.rng.random_range(0..6) {
            0 => format!(" on ({})", self.labels()),
            1 => " on (job, instance)".to_owned(),
            2 => format!(" ignoring ({})", self.labels()),
            _ => String::new(),
        }
    }

    /// An operator between numbers, and how alike its operands must be.
    fn arithmetic(&mut self) -> (&'static str, Exactness) {
        self.one_of(&[("+", Same), ("-", Same), ("*", Close), ("/", Close), ("%", Same), ("^", Same)])
    }

    /// The same and those between vectors only.
    fn vector_operator(&mut self) -> (&'static str, Exactness) {
        if self.chance(0.6) {
            return self.arithmetic();
        }
        self.one_of(&[
            ("==", Same),
            ("!=", Same),
            (">", Same),
            ("<", Same),
            (">=", Same),
            ("<=", Same),
            ("== bool", Same),
            ("!= bool", Same),
            ("> bool", Same),
            ("<= bool", Same),
        ])
    }
}

/// What `operator` makes of operands that are `exactness` alike.
fn after(operator: &str, exactness: Exactness) -> Exactness {
    if operator == "^" { Close } else { exactness }
}
