//! Aggregations.

use rand::Rng;

use super::expression::Exactness::{Close, Exact, Same};
use super::expression::{Exactness, Expression};
use super::generator::Generator;
use super::selector::{DISTINCT, FINITE};

/// An aggregation, what it asks of its operand, and what it makes of one that is that exact.
const SIMPLE: &[(&str, Exactness, Exactness)] = &[
    ("sum", Exact, Exact),
    ("sum", Exact, Exact),
    ("avg", Exact, Close),
    ("count", Close, Exact),
    ("group", Close, Exact),
    ("min", Close, Exact),
    ("max", Close, Exact),
];
const LABELS: &[&str] =
    &["job", "job", "instance", "code", "mode", "method", "type", "le", "version", "missing", "__name__"];

impl Generator {
    pub(super) fn aggregation(&mut self, depth: u32) -> Expression {
        match self.rng.random_range(0..20) {
            // The commonest query of all: rates are positive, so their sum loses nothing.
            0..3 => {
                let operator = self.one_of(&["sum", "sum", "avg", "max"]);
                let operand = self.rate();
                let text = self.grouped(operator, "", &operand.text);
                Expression::vector(text, Close, vec![operand])
            }
            3..6 => self.top(),
            6 => {
                let operand = self.vector(depth, Same);
                let by = self.scalar(1);
                let parameter = format!("{}, ", self.quantile(by.text));
                let text = self.grouped("quantile", &parameter, &operand.text);
                Expression::vector(text, Same, vec![operand])
            }
            7 => {
                let operand = self.vector(depth, Same);
                let label = self.one_of(&["zz", "zz_2"]);
                let text = self.grouped("count_values", &format!("\"{label}\", "), &operand.text);
                Expression::vector(text, Exact, vec![operand])
            }
            8 => {
                let operator = self.one_of(&["stddev", "stdvar"]);
                let metric = self.one_of(FINITE);
                let operand = self.selector_of(metric);
                let text = self.grouped(operator, "", &operand.text);
                Expression::vector(text, Close, vec![operand])
            }
            _ => {
                let (operator, least, gives) = self.one_of(SIMPLE);
                let operand = self.vector(depth, least);
                let picks = matches!(operator, "min" | "max");
                let exactness = if picks { operand.exactness } else { gives };
                let text = self.grouped(operator, "", &operand.text);
                Expression::vector(text, exactness, vec![operand])
            }
        }
    }

    /// `topk` or `bottomk` of values that are all different: which of equal ones is taken is not defined.
    fn top(&mut self) -> Expression {
        let operator = self.one_of(&["topk", "bottomk"]);
        let metric = self.one_of(DISTINCT);
        let operand = self.selector_of(metric);
        let text = match self.rng.random_range(0..3) {
            0 => format!("{} * {}", operand.text, self.odd_number()),
            1 => format!("{} > {}", operand.text, self.odd_number()),
            _ => operand.text.clone(),
        };
        let parameter =
            format!("{}, ", self.one_of(&["1", "2", "3", "5", "100", "0", "-1", "2.7", "scalar(count(up))"]));
        let text = self.grouped(operator, &parameter, &text);
        Expression::vector(text, Same, vec![operand])
    }

    fn grouped(&mut self, operator: &str, parameter: &str, operand: &str) -> String {
        if self.chance(0.2) {
            return format!("{operator}({parameter}{operand})");
        }
        let grouping = self.one_of(&["by", "by", "without", "BY"]);
        let labels = self.labels();
        if self.chance(0.5) {
            format!("{operator} {grouping} ({labels}) ({parameter}{operand})")
        } else {
            format!("{operator}({parameter}{operand}) {grouping} ({labels})")
        }
    }

    /// None to three label names, with commas.
    pub(super) fn labels(&mut self) -> String {
        let count = self.one_of(&[0, 1, 1, 1, 2, 2, 3]);
        let labels: Vec<_> = (0..count).map(|_| self.one_of(LABELS)).collect();
        labels.join(", ")
    }
}
