//! What the lexer hands to the parser.

use mneme_model::labels::Quoted;

use super::quote::quote_head;
use crate::ast::{AggregateOp, BinaryOp, PosRange};

/// The kind of a token. A comment never leaves the lexer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Eof,
    Identifier,
    /// An identifier with a colon in it.
    MetricIdentifier,
    String,
    Number,
    Duration,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    /// `=`
    Equal,
    /// `=~`
    EqualRegex,
    /// `!~`
    NotEqualRegex,
    /// `@`
    At,
    /// A binary operator; `!=` is also a matcher's.
    Operator(BinaryOp),
    Aggregate(AggregateOp),
    Bool,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Offset,
    Anchored,
    Smoothed,
    Start,
    End,
    Step,
    Range,
    MinOf,
    MaxOf,
}

impl Kind {
    /// Words that may stand where a metric's name is expected.
    pub(super) fn can_name_metric(self) -> bool {
        use BinaryOp::{And, Or, Unless};
        match self {
            Self::Identifier
            | Self::MetricIdentifier
            | Self::Aggregate(_)
            | Self::Operator(And | Or | Unless) => true,
            Self::By | Self::Without | Self::Offset | Self::Anchored | Self::Smoothed => true,
            Self::Fill | Self::FillLeft | Self::FillRight => true,
            _ => self.can_name_function(),
        }
    }

    /// Keywords that are a function's name if a parenthesis follows.
    pub(super) fn can_name_function(self) -> bool {
        matches!(self, Self::Start | Self::End | Self::Step | Self::Range | Self::MinOf | Self::MaxOf)
    }

    /// Words that may stand where a label's name is expected in `by`, `on` and the like.
    pub(super) fn can_name_label(self) -> bool {
        match self {
            Self::Without => false,
            Self::Bool
            | Self::On
            | Self::Ignoring
            | Self::GroupLeft
            | Self::GroupRight
            | Self::Operator(BinaryOp::Atan2) => true,
            _ => self.can_name_metric(),
        }
    }

    /// Whether an expression can begin with it.
    pub(super) fn can_start_expression(self) -> bool {
        match self {
            Self::Number | Self::Duration | Self::String | Self::LeftParen | Self::LeftBrace => true,
            Self::Operator(BinaryOp::Add | BinaryOp::Sub) => true,
            _ => self.can_name_metric(),
        }
    }
}

/// One token and the text that it was made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn pos(&self) -> PosRange {
        PosRange { start: self.start, end: self.end() }
    }

    /// As an error speaks of it, e.g. `identifier "foo"` or `<op:+>`.
    pub(super) fn describe(&self) -> String {
        let text = self.text;
        match self.kind {
            Kind::Eof => "end of input".to_owned(),
            Kind::Identifier => format!("identifier {}", Quoted(text)),
            Kind::MetricIdentifier => format!("metric identifier {}", Quoted(text)),
            Kind::String => format!("string {}", quote_head(text)),
            Kind::Number => format!("number {}", quote_head(text)),
            Kind::Duration => format!("duration {}", quote_head(text)),
            Kind::Operator(_) | Kind::At | Kind::EqualRegex | Kind::NotEqualRegex => format!("<op:{text}>"),
            Kind::Aggregate(_) => format!("<aggr:{text}>"),
            Kind::Bool
            | Kind::By
            | Kind::Without
            | Kind::On
            | Kind::Ignoring
            | Kind::GroupLeft
            | Kind::GroupRight
            | Kind::Fill
            | Kind::FillLeft
            | Kind::FillRight
            | Kind::Offset
            | Kind::Anchored
            | Kind::Smoothed => format!("<{text}>"),
            _ => quote_head(text),
        }
    }
}
