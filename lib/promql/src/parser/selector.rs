//! `name{conditions}`, and the label lists of `by`, `on` and the like.

use mneme_model::{InvalidRegex, MatchOp, Matcher};

use super::Parser;
use super::error::{Failure, Parsed};
use super::literal::{unquoted, unquoted_bytes};
use super::quote::quote_bytes;
use super::regex_error::{check_syntax, compile_error, invalid_utf8};
use super::token::{Kind, Token};
use crate::ast::{BinaryOp, Duration, PosRange, RangeModifier, VectorSelector};

const METRIC_NAME: &str = "__name__";

impl<'a> Parser<'a> {
    /// A selector, with or without a name.
    pub(super) fn vector_selector(&mut self) -> Parsed<'a, VectorSelector> {
        let token = self.peek()?;
        if token.kind.can_name_metric() {
            self.take()?;
            return self.selector_named(token);
        }
        let (matchers, pos) = self.label_matchers()?;
        Ok(selector(String::new(), matchers, pos))
    }

    /// The selector whose name has been taken already.
    pub(super) fn selector_named(&mut self, name: Token<'a>) -> Parsed<'a, VectorSelector> {
        let (mut matchers, mut pos) = (Vec::new(), name.pos());
        if self.peek()?.kind == Kind::LeftBrace {
            let braces;
            (matchers, braces) = self.label_matchers()?;
            pos.end = braces.end;
        }
        matchers.push(Matcher::equal(METRIC_NAME, name.text));
        Ok(selector(name.text.to_owned(), matchers, pos))
    }

    /// `{a="b", "name", ...}`.
    fn label_matchers(&mut self) -> Parsed<'a, (Vec<Matcher>, PosRange)> {
        let open = self.expect(Kind::LeftBrace)?;
        let mut matchers = Vec::new();
        let close = loop {
            if let Some(close) = self.take_if(Kind::RightBrace)? {
                break close;
            }
            matchers.push(self.label_matcher()?);
            if self.take_if(Kind::Comma)?.is_none() {
                break self
                    .expect(Kind::RightBrace)
                    .map_err(|failure| failure.within("label matching", "\",\" or \"}\""))?;
            }
        };
        Ok((matchers, PosRange { start: open.start, end: close.end() }))
    }

    fn label_matcher(&mut self) -> Parsed<'a, Matcher> {
        let name = self.peek()?;
        let label = match name.kind {
            Kind::Identifier => name.text.to_owned(),
            Kind::String => unquoted(&name)?,
            _ => return Err(Failure::Unexpected(name).within("label matching", "identifier or \"}\"")),
        };
        self.take()?;
        let Some(op) = match_op(self.peek()?.kind) else {
            if name.kind == Kind::String {
                if std::str::from_utf8(&unquoted_bytes(&name)?).is_err() {
                    return no_value(MatchOp::Equal, METRIC_NAME)
                        .map_err(|error| Failure::at(name.pos(), compile_error(&error.reason)));
                }
                return Ok(Matcher::equal(METRIC_NAME, &label));
            }
            return Err(Failure::Unexpected(self.peek()?).within("label matching", "label matching operator"));
        };
        self.take()?;
        let value =
            self.expect(Kind::String).map_err(|failure| failure.within("label matching", "string"))?;
        let fail = |message| Failure::at(PosRange { start: name.start, end: value.end() }, message);
        let is_regex = matches!(op, MatchOp::Regex | MatchOp::NotRegex);
        let pattern = match String::from_utf8(unquoted_bytes(&value)?) {
            Ok(pattern) => pattern,
            Err(error) if is_regex => return Err(fail(invalid_utf8(error.as_bytes()))),
            Err(_) => return no_value(op, &label).map_err(|error| fail(compile_error(&error.reason))),
        };
        if is_regex {
            check_syntax(&pattern).map_err(fail)?;
        }
        Matcher::new(op, &label, &pattern).map_err(|error| fail(compile_error(&error.reason)))
    }

    /// `(label, ...)`, a comma at the end allowed.
    pub(super) fn grouping_labels(&mut self) -> Parsed<'a, Vec<String>> {
        self.expect(Kind::LeftParen).map_err(|failure| failure.within("grouping opts", "\"(\""))?;
        let mut labels = Vec::new();
        loop {
            if self.take_if(Kind::RightParen)?.is_some() {
                return Ok(labels);
            }
            labels.push(self.grouping_label()?);
            if self.take_if(Kind::Comma)?.is_none() {
                self.expect(Kind::RightParen)
                    .map_err(|failure| failure.within("grouping opts", "\",\" or \")\""))?;
                return Ok(labels);
            }
        }
    }

    fn grouping_label(&mut self) -> Parsed<'a, String> {
        let token = self.peek()?;
        let label = match token.kind {
            Kind::String => unquoted_bytes(&token)?,
            kind if kind.can_name_label() => token.text.as_bytes().to_owned(),
            _ => return Err(Failure::Unexpected(token).within("grouping opts", "label")),
        };
        self.take()?;
        match String::from_utf8(label) {
            Ok(label) if !label.is_empty() => Ok(label),
            label => {
                let bytes = label.map_or_else(|error| error.into_bytes(), String::into_bytes);
                Err(Failure::at(
                    token.pos(),
                    format!("invalid label name for grouping: {}", quote_bytes(&bytes)),
                ))
            }
        }
    }
}

fn selector(name: String, matchers: Vec<Matcher>, pos: PosRange) -> VectorSelector {
    VectorSelector {
        name,
        matchers,
        offset: Duration::default(),
        at: None,
        modifier: RangeModifier::None,
        pos,
    }
}

/// What compares a label with bytes that are no UTF-8, which no label's value has: `=` is never true, `!=` always.
fn no_value(op: MatchOp, label: &str) -> Result<Matcher, InvalidRegex> {
    let op = if op == MatchOp::Equal { MatchOp::Regex } else { MatchOp::NotRegex };
    Matcher::new(op, label, r"[^\x00-\x{10FFFF}]")
}

fn match_op(kind: Kind) -> Option<MatchOp> {
    match kind {
        Kind::Equal => Some(MatchOp::Equal),
        Kind::Operator(BinaryOp::NotEq) => Some(MatchOp::NotEqual),
        Kind::EqualRegex => Some(MatchOp::Regex),
        Kind::NotEqualRegex => Some(MatchOp::NotRegex),
        _ => None,
    }
}
