//! Functions of range vectors.

use rand::Rng;

use super::expression::Exactness::{Close, Exact, Same};
use super::expression::{Exactness, Expression};
use super::generator::Generator;
use super::selector::COUNTERS;

/// A function, what it asks of its operand, and what it makes of one that is that exact.
const OVER_TIME: &[(&str, Exactness, Exactness)] = &[
    ("avg_over_time", Exact, Close),
    ("min_over_time", Close, Exact),
    ("max_over_time", Close, Exact),
    ("sum_over_time", Exact, Exact),
    ("count_over_time", Close, Exact),
    ("last_over_time", Close, Exact),
    ("present_over_time", Close, Exact),
    ("absent_over_time", Close, Exact),
    ("stddev_over_time", Exact, Close),
    ("stdvar_over_time", Exact, Close),
    ("changes", Same, Exact),
    ("resets", Same, Exact),
    ("delta", Exact, Close),
    ("idelta", Exact, Exact),
    ("irate", Exact, Same),
    ("deriv", Exact, Close),
];

impl Generator {
    pub(super) fn range_call(&mut self, depth: u32) -> Expression {
        match self.rng.random_range(0..20) {
            0..5 => self.rate(),
            5 => {
                let by = self.scalar(1);
                let operand = self.unfixed_matrix(depth, Same);
                let text = format!("quantile_over_time({}, {})", self.quantile(by.text), operand.text);
                Expression::vector(text, Same.max(operand.exactness), vec![operand])
            }
            6 => {
                let (operand, ahead) = (self.unfixed_matrix(depth, Exact), self.scalar(1));
                let text = format!("predict_linear({}, {})", operand.text, ahead.text);
                Expression::vector(text, Close, vec![operand])
            }
            7 => {
                let operand = self.matrix(depth, Exact);
                let (smoothing, trend) = (self.one_of(&["0.3", "0.5", "0.9"]), self.one_of(&["0.1", "0.6"]));
                let text = format!("holt_winters({}, {smoothing}, {trend})", operand.text);
                Expression::vector(text, Close, vec![operand])
            }
            _ => {
                let (function, least, gives) = self.one_of(OVER_TIME);
                let operand = self.matrix(depth, least);
                let picks = matches!(function, "min_over_time" | "max_over_time" | "last_over_time");
                let exactness = if picks { operand.exactness } else { gives };
                Expression::vector(format!("{function}({})", operand.text), exactness, vec![operand])
            }
        }
    }

    /// `rate` or `increase` of a counter.
    pub(super) fn rate(&mut self) -> Expression {
        let function = self.one_of(&["rate", "rate", "increase"]);
        let operand = if self.chance(0.85) {
            self.range_selector(Some(COUNTERS))
        } else {
            let metric = self.one_of(COUNTERS);
            let inner = self.selector_of(metric);
            self.subquery(inner)
        };
        Expression::vector(format!("{function}({})", operand.text), Close, vec![operand])
    }

    fn matrix(&mut self, depth: u32, least: Exactness) -> Expression {
        if depth == 0 || self.chance(0.65) {
            return self.range_selector(None);
        }
        let inner = self.vector(depth - 1, least);
        self.subquery(inner)
    }

    /// One without `@`: see `KNOWN`, `predict_linear`.
    fn unfixed_matrix(&mut self, depth: u32, least: Exactness) -> Expression {
        loop {
            let matrix = self.matrix(depth, least);
            if !matrix.text.contains('@') {
                return matrix;
            }
        }
    }

    /// A quantile: mostly between 0 and 1.
    pub(super) fn quantile(&mut self, otherwise: String) -> String {
        let usual = self.one_of(&["0", "0.1", "0.5", "0.75", "0.9", "0.99", "1", "-0.5", "1.5"]);
        if self.chance(0.9) { usual.to_owned() } else { otherwise }
    }
}
