//! Functions of instant vectors.

use rand::Rng;

use super::expression::Exactness::{Close, Exact, Same};
use super::expression::{Exactness, Expression};
use super::generator::Generator;

/// A function of one vector, what it asks of it, and what it makes of one that is that exact.
const SIMPLE: &[(&str, Exactness, Exactness)] = &[
    ("abs", Close, Exact),
    ("ceil", Same, Exact),
    ("floor", Same, Exact),
    ("round", Same, Exact),
    ("sgn", Same, Exact),
    ("sqrt", Close, Same),
    ("exp", Same, Close),
    ("ln", Same, Close),
    ("log2", Same, Close),
    ("log10", Same, Close),
    ("sin", Same, Close),
    ("cos", Same, Close),
    ("tan", Same, Close),
    ("asin", Same, Close),
    ("acos", Same, Close),
    ("atan", Close, Close),
    ("sinh", Same, Close),
    ("cosh", Same, Close),
    ("tanh", Same, Close),
    ("asinh", Same, Close),
    ("acosh", Same, Close),
    ("atanh", Same, Close),
    ("deg", Close, Same),
    ("rad", Close, Same),
    ("timestamp", Close, Same),
    ("absent", Close, Exact),
    ("sort", Same, Exact),
    ("sort_desc", Same, Exact),
];
const DATES: &[&str] =
    &["day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"];
const KEEPS: &[&str] = &["abs", "sort", "sort_desc"];

impl Generator {
    pub(super) fn call(&mut self, depth: u32) -> Expression {
        match self.rng.random_range(0..20) {
            0 => self.clamp(depth),
            1 => {
                let operand = self.vector(depth, Same);
                let to = self.one_of(&["0.1", "5", "0.25", "-3", "0", "1e6"]);
                Expression::vector(format!("round({}, {to})", operand.text), Same, vec![operand])
            }
            2 | 3 => self.date(depth),
            4 => self.label_replace(depth),
            5 => self.label_join(depth),
            6..9 => self.histogram_quantile(),
            _ => {
                let (function, least, gives) = self.one_of(SIMPLE);
                let mut operand = self.vector(depth, least);
                while function == "timestamp" && operand.text.contains('@') {
                    operand = self.vector(depth, least);
                }
                let exactness = if KEEPS.contains(&function) {
                    operand.exactness
                } else if least == Close && function != "absent" && function != "timestamp" {
                    gives.max(operand.exactness)
                } else {
                    gives
                };
                Expression::vector(format!("{function}({})", operand.text), exactness, vec![operand])
            }
        }
    }

    fn clamp(&mut self, depth: u32) -> Expression {
        let operand = self.vector(depth, Close);
        let (a, b) = (self.scalar(1), self.scalar(1));
        let text = match self.rng.random_range(0..3) {
            0 => format!("clamp({}, {}, {})", operand.text, a.text, b.text),
            1 => format!("clamp_min({}, {})", operand.text, a.text),
            _ => format!("clamp_max({}, {})", operand.text, b.text),
        };
        Expression::vector(text, Same.max(operand.exactness), vec![operand])
    }

    fn date(&mut self, depth: u32) -> Expression {
        let function = self.one_of(DATES);
        if self.chance(0.2) {
            return Expression::vector(format!("{function}()"), Exact, vec![]);
        }
        let operand = self.vector(depth, Same);
        let text = if !operand.text.contains('@') && self.chance(0.4) {
            format!("{function}(timestamp({}))", operand.text)
        } else {
            format!("{function}({} * 98765)", operand.clone().enclosed().text)
        };
        Expression::vector(text, Exact, vec![operand])
    }

    fn label_replace(&mut self, depth: u32) -> Expression {
        let operand = self.vector(depth, Close);
        let to = self.one_of(&["host", "job", "instance", "new", "code", "__name__"]);
        let replacement = self.one_of(&["$1", "x-$1-$2", "", "${1}y", "fixed", "$name"]);
        let from = self.one_of(&["instance", "job", "missing", "__name__"]);
        let regex = self.one_of(&["(.*):(.*)", "(.*)", "([a-z]+).*", "nomatch", "", "(?P<name>a.*)"]);
        let text =
            format!("label_replace({}, \"{to}\", \"{replacement}\", \"{from}\", \"{regex}\")", operand.text);
        Expression::vector(text, operand.exactness, vec![operand])
    }

    fn label_join(&mut self, depth: u32) -> Expression {
        let operand = self.vector(depth, Close);
        let to = self.one_of(&["both", "job", "instance"]);
        let from =
            self.one_of(&["", ", \"job\"", ", \"job\", \"instance\"", ", \"missing\", \"job\", \"code\""]);
        let text = format!("label_join({}, \"{to}\", \"-\"{from})", operand.text);
        Expression::vector(text, operand.exactness, vec![operand])
    }

    fn histogram_quantile(&mut self) -> Expression {
        let buckets = if self.chance(0.4) {
            self.selector_of("request_duration_seconds_bucket")
        } else {
            let range = self.range_selector(Some(&["request_duration_seconds_bucket"]));
            let text = format!("rate({})", range.text);
            Expression::vector(text, Close, vec![range])
        };
        let buckets = match self.rng.random_range(0..4) {
            0 => buckets,
            1 => Expression::vector(format!("sum by (le) ({})", buckets.text), Close, vec![buckets]),
            2 => Expression::vector(format!("sum by (job, le) ({})", buckets.text), Close, vec![buckets]),
            _ => {
                Expression::vector(format!("sum without (instance) ({})", buckets.text), Close, vec![buckets])
            }
        };
        let by = self.scalar(1);
        let text = format!("histogram_quantile({}, {})", self.quantile(by.text), buckets.text);
        Expression::vector(text, Close, vec![buckets])
    }
}
