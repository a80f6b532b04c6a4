//! Why a text is no expression.

use std::fmt;

use super::token::Token;
use crate::ast::PosRange;

/// A place in a text, both numbers counted from 1; the column in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "self-explaining")]
pub struct LineColumn {
    pub line: usize,
    pub column: usize,
}

impl LineColumn {
    /// The place of the byte `at`; `None` if the text is empty or shorter.
    #[must_use]
    pub fn of(text: &str, at: usize) -> Option<Self> {
        let before = text.as_bytes().get(..at).filter(|_| !text.is_empty())?;
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        Some(Self { line, column: at - line_start + 1 })
    }
}

impl fmt::Display for LineColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The first thing that is wrong with a text; prints as Prometheus's API does: `1:5: parse error: unexpected ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, without the place.
    pub message: String,
    /// Where, in bytes.
    pub pos: PosRange,
    /// Where, for people; `None` for an empty text.
    pub place: Option<LineColumn>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: parse error: {}", self.message),
            None => write!(f, "unknown position: parse error: {}", self.message),
        }
    }
}

impl std::error::Error for ParseError {}

/// How a parsing function fails.
#[derive(Debug)]
pub(super) enum Failure<'a> {
    /// This token does not belong here; whoever knows the context better may still say more.
    Unexpected(Token<'a>),
    /// All is said.
    Said { pos: PosRange, message: String },
}

pub(super) type Parsed<'a, T> = Result<T, Failure<'a>>;

impl<'a> Failure<'a> {
    pub(super) fn at(pos: PosRange, message: impl Into<String>) -> Self {
        Self::Said { pos, message: message.into() }
    }

    /// Says of an unexpected token where it stands and what was expected; `""` leaves a part out.
    pub(super) fn within(self, context: &str, expected: &str) -> Self {
        let (pos, message) = self.say(context, expected);
        Self::Said { pos, message }
    }

    pub(super) fn into_error(self, text: &str) -> ParseError {
        let (pos, message) = self.say("", "");
        ParseError { message, pos, place: LineColumn::of(text, pos.start) }
    }

    fn say(self, context: &str, expected: &str) -> (PosRange, String) {
        let token = match self {
            Self::Said { pos, message } => return (pos, message),
            Self::Unexpected(token) => token,
        };
        let mut message = format!("unexpected {}", token.describe());
        if !context.is_empty() {
            message.push_str(" in ");
            message.push_str(context);
        }
        if !expected.is_empty() {
            message.push_str(", expected ");
            message.push_str(expected);
        }
        (token.pos(), message)
    }
}
