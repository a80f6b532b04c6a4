//! The commands of a script.

use mneme_model::{Labels, Samples};
use regex::Regex;

use super::series::Point;

/// A command.
pub(crate) enum Command {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
}

/// Samples to load.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) series: Vec<(Labels, Samples)>,
    /// Make native histograms with custom buckets of classic ones, too.
    pub(crate) with_nhcb: bool,
}

/// A query and what is expected of it.
pub(crate) struct Eval {
    /// The line of the script, from 1.
    pub(crate) line: usize,
    pub(crate) query: String,
    /// First and last time, and the step of a range query.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) step: Option<i64>,
    pub(crate) expected: Expected,
}

/// What is expected.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) fail: Option<Text>,
    pub(crate) warn: Vec<Text>,
    pub(crate) info: Vec<Text>,
    pub(crate) no_warn: bool,
    pub(crate) no_info: bool,
    /// Only the old spellings: some warning or info, whatever its text.
    pub(crate) any_warn: bool,
    pub(crate) any_info: bool,
    pub(crate) ordered: bool,
    pub(crate) string: Option<String>,
    /// An instant query that gives a matrix: its times.
    pub(crate) range_vector: Option<(i64, i64, i64)>,
    pub(crate) scalar: Option<f64>,
    pub(crate) series: Vec<(Labels, Vec<Point>)>,
}

/// What a text has to be like.
pub(crate) enum Text {
    Any,
    Equal(String),
    Matches(Regex),
}

impl Text {
    /// Whether `text` is as expected.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(wanted) => wanted == text,
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}
