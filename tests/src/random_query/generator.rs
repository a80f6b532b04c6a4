//! The choice of productions.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::expression::{Exactness, Expression};

/// Draws expressions; the same seed draws the same ones.
pub(super) struct Generator {
    pub(super) rng: SmallRng,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed) }
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.random_range(0..choices.len())]
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability)
    }

    /// An instant vector at most `depth` operators deep and at least as alike as `least`.
    pub(super) fn vector(&mut self, depth: u32, least: Exactness) -> Expression {
        if depth == 0 {
            return if self.chance(0.9) { self.selector() } else { self.vector_of_scalar(least) };
        }
        loop {
            let made = match self.rng.random_range(0..100) {
                0..12 => self.selector(),
                12..34 => self.aggregation(depth - 1),
                34..58 => self.range_call(depth - 1),
                58..74 => self.call(depth - 1),
                74..93 => self.binary(depth - 1),
                93..96 => self.unary(depth - 1),
                96..98 => self.vector(depth - 1, least).enclosed(),
                _ => self.vector_of_scalar(least),
            };
            if made.exactness <= least {
                return made;
            }
        }
    }

    fn unary(&mut self, depth: u32) -> Expression {
        let operand = self.vector(depth, Exactness::Close);
        let sign = self.one_of(&["-", "+", "- "]);
        let text = format!("{sign}({})", operand.text);
        Expression::vector(text, operand.exactness, vec![operand])
    }

    /// A number: a literal, or what a function or an operator makes of some.
    pub(super) fn scalar(&mut self, depth: u32) -> Expression {
        if depth == 0 || self.chance(0.6) {
            let text = self.number();
            return Expression::scalar(text, Exactness::Same, vec![]);
        }
        match self.rng.random_range(0..6) {
            0 => Expression::scalar("time()".to_owned(), Exactness::Same, vec![]),
            1 => Expression::scalar("pi()".to_owned(), Exactness::Same, vec![]),
            2 => {
                let operand = self.scalar(depth - 1);
                Expression::scalar(format!("-({})", operand.text), operand.exactness, vec![operand])
            }
            3 => {
                let operand = self.vector(depth - 1, Exactness::Same);
                Expression::scalar(format!("scalar({})", operand.text), operand.exactness, vec![operand])
            }
            _ => self.scalar_operation(depth - 1),
        }
    }

    fn scalar_operation(&mut self, depth: u32) -> Expression {
        let (left, right) = (self.scalar(depth).enclosed(), self.scalar(depth).enclosed());
        let operator = self.one_of(&[
            "+", "-", "*", "/", "%", "== bool", "!= bool", "< bool", "> bool", "<= bool", ">= bool",
        ]);
        let text = format!("{} {operator} {}", left.text, right.text);
        Expression::scalar(text, left.exactness.max(right.exactness), vec![left, right])
    }

    fn vector_of_scalar(&mut self, least: Exactness) -> Expression {
        let (operand, exactness) = if least == Exactness::Exact {
            let number = self.rng.random_range(-9..99);
            (Expression::scalar(number.to_string(), least, vec![]), least)
        } else {
            (self.scalar(1), Exactness::Same)
        };
        Expression::vector(format!("vector({})", operand.text), exactness, vec![operand])
    }

    /// A literal in any notation.
    pub(super) fn number(&mut self) -> String {
        let fixed = ["0", "1", "-1", "0x1F", "1e3", "2.5e-2", ".5", "Inf", "-Inf", "NaN", "1e-300", "010"];
        match self.rng.random_range(0..3) {
            0 => self.one_of(&fixed).to_owned(),
            1 => self.rng.random_range(-100..1000).to_string(),
            _ => format!("{:.4}", self.rng.random_range(-100.0..1000.0)),
        }
    }

    /// A number that no value of the data is close to.
    pub(super) fn odd_number(&mut self) -> String {
        format!("{:.6}1", self.rng.random_range(0.0..500.0))
    }

    /// A whole number of seconds, as a duration.
    pub(super) fn seconds(&mut self) -> String {
        self.one_of(&["10s", "15s", "30s", "45s", "1m", "1m30s", "2m", "150s", "5m", "10m", "20m", "1h"])
            .to_owned()
    }

    /// A duration 7 ms longer than a multiple of 10 ms.
    pub(super) fn range(&mut self) -> String {
        let whole = self.one_of(&["20s", "47s", "1m", "2m", "5m", "5m", "8m30s", "15m", "40m", "2h"]);
        format!("{whole}7ms")
    }
}
