//! The commands of a script.

use mneme_model::{Labels, Samples};
use regex::Regex;

use super::series::Point;

/// A command.
pub enum Command {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
}

/// Samples to load.
#[derive(Default)]
pub struct Load {
    pub series: Vec<(Labels, Samples)>,
    /// Make native histograms with custom buckets of classic ones, too.
    pub with_nhcb: bool,
}

/// A query and what is expected of it.
pub struct Eval {
    /// The line of the script, from 1.
    pub line: usize,
    pub query: String,
    /// First and last time, and the step of a range query.
    pub start: i64,
    pub end: i64,
    pub step: Option<i64>,
    pub expected: Expected,
}

/// What is expected.
#[derive(Default)]
pub struct Expected {
    pub fail: Option<Text>,
    pub warn: Vec<Text>,
    pub info: Vec<Text>,
    pub no_warn: bool,
    pub no_info: bool,
    /// Only the old spellings: some warning or info, whatever its text.
    pub any_warn: bool,
    pub any_info: bool,
    pub ordered: bool,
    pub string: Option<String>,
    /// An instant query that gives a matrix: its times.
    pub range_vector: Option<(i64, i64, i64)>,
    pub scalar: Option<f64>,
    pub series: Vec<(Labels, Vec<Point>)>,
}

/// What a text has to be like.
pub enum Text {
    Any,
    Equal(String),
    Matches(Regex),
}

impl Text {
    /// Whether `text` is as expected.
    pub fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(wanted) => wanted == text,
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}
