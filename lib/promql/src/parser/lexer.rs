//! Text to tokens. What a character means depends on where it stands: outside, inside braces, or inside brackets.

mod number;
mod string;

use super::error::{Failure, Parsed};
use super::keyword::{duration_keyword, keyword};
use super::quote::quote_char;
use super::token::{Kind, Token};
use crate::ast::{BinaryOp, PosRange};

/// Reads one token at a time; after an error it must not be asked again.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
    /// The first byte of the token that is being read.
    start: usize,
    open_parens: usize,
    in_braces: bool,
    in_brackets: bool,
    /// Still before the first duration, or between operators, of a bracket: only durations may follow.
    duration_first: bool,
    /// A duration was seen inside a bracket, of this one or an earlier one.
    seen_duration: bool,
    /// A `:` was seen in this bracket.
    seen_colon: bool,
}

/// What a state makes of some characters: a token's kind, or nothing (spaces, comments).
type Step<'a> = Parsed<'a, Option<Kind>>;

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            start: 0,
            open_parens: 0,
            in_braces: false,
            in_brackets: false,
            duration_first: false,
            seen_duration: false,
            seen_colon: false,
        }
    }

    /// The next token; [`Kind::Eof`] for ever at the end.
    pub(super) fn next_token(&mut self) -> Parsed<'a, Token<'a>> {
        loop {
            self.start = self.at;
            let step = if self.duration_first {
                self.inside_brackets()?
            } else if self.in_braces {
                self.inside_braces()?
            } else {
                self.outside()?
            };
            if let Some(kind) = step {
                return Ok(Token { kind, text: &self.text[self.start..self.at], start: self.start });
            }
        }
    }

    fn outside(&mut self) -> Step<'a> {
        let Some(c) = self.bump() else { return self.end_of_input() };
        let kind = match c {
            '#' => return self.comment(),
            ',' => Kind::Comma,
            ' ' | '\t' | '\n' | '\r' => return self.spaces(),
            '+' | '-' | '*' | '/' | '%' | '^' => arithmetic(c),
            '=' => match self.peek() {
                Some('=') => self.take(Kind::Operator(BinaryOp::Eq)),
                Some('~') => return Err(self.fail("unexpected character after '=': '~'")),
                _ => Kind::Equal,
            },
            '!' => match self.bump() {
                Some('=') => Kind::Operator(BinaryOp::NotEq),
                other => {
                    return Err(self.fail(format!("unexpected character after '!': {}", quote_char(other))));
                }
            },
            '<' => match self.peek() {
                Some('=') => self.take(Kind::Operator(BinaryOp::LessEq)),
                Some('/') => self.take(Kind::Operator(BinaryOp::TrimUpper)),
                _ => Kind::Operator(BinaryOp::Less),
            },
            '>' => match self.peek() {
                Some('=') => self.take(Kind::Operator(BinaryOp::GreaterEq)),
                Some('/') => self.take(Kind::Operator(BinaryOp::TrimLower)),
                _ => Kind::Operator(BinaryOp::Greater),
            },
            '0'..='9' => self.number_or_duration()?,
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => self.number_or_duration()?,
            '"' | '\'' => self.quoted(c)?,
            '`' => self.raw_string()?,
            ':' if self.in_brackets => return self.colon_in_brackets(),
            c if is_alpha(c) || c == ':' => return self.word(c),
            '(' => self.open_paren(),
            ')' => self.close_paren()?,
            '{' => {
                self.in_braces = true;
                Kind::LeftBrace
            }
            '[' => return self.open_bracket(),
            ']' if !self.in_brackets => return Err(self.fail("unexpected right bracket ']'")),
            ']' => {
                self.in_brackets = false;
                Kind::RightBracket
            }
            '@' => Kind::At,
            c => return Err(self.fail(format!("unexpected character: {}", quote_char(Some(c))))),
        };
        Ok(Some(kind))
    }

    /// A selector's conditions: keywords are plain names here.
    fn inside_braces(&mut self) -> Step<'a> {
        let Some(c) = self.bump() else { return Err(self.fail("unexpected end of input inside braces")) };
        let kind = match c {
            '#' => return self.comment(),
            ' ' | '\t' | '\n' | '\r' => return self.spaces(),
            c if is_alpha(c) => {
                self.skip_while(is_alphanumeric);
                Kind::Identifier
            }
            ',' => Kind::Comma,
            '"' | '\'' => self.quoted(c)?,
            '`' => self.raw_string()?,
            '=' if self.peek() == Some('~') => self.take(Kind::EqualRegex),
            '=' => Kind::Equal,
            '!' => match self.bump() {
                Some('~') => Kind::NotEqualRegex,
                Some('=') => Kind::Operator(BinaryOp::NotEq),
                other => {
                    return Err(self.fail(format!(
                        "unexpected character after '!' inside braces: {}",
                        quote_char(other)
                    )));
                }
            },
            '{' => return Err(self.fail("unexpected left brace '{'")),
            '}' => {
                self.in_braces = false;
                Kind::RightBrace
            }
            c => {
                return Err(self.fail(format!("unexpected character inside braces: {}", quote_char(Some(c)))));
            }
        };
        Ok(Some(kind))
    }

    /// A range's duration, up to its first number; from there [`Self::outside`] goes on.
    fn inside_brackets(&mut self) -> Step<'a> {
        let Some(c) = self.bump() else {
            return Err(self.fail("unexpected end of input in duration expression"));
        };
        let kind = match c {
            ']' => {
                self.in_brackets = false;
                self.duration_first = false;
                self.seen_colon = false;
                Kind::RightBracket
            }
            ':' if !self.seen_duration => {
                return Err(self.fail_after("unexpected colon before duration in duration expression"));
            }
            ':' if self.seen_colon => {
                return Err(self.fail_after("unexpected repeated colon in duration expression"));
            }
            ':' => {
                self.seen_colon = true;
                Kind::Colon
            }
            '(' => self.open_paren(),
            ')' => self.close_paren()?,
            ' ' | '\t' | '\n' | '\r' => return self.spaces(),
            '+' | '-' | '*' | '/' | '%' | '^' => arithmetic(c),
            ',' => Kind::Comma,
            's' | 'S' | 'r' | 'R' | 'm' | 'M' => match self.duration_keyword() {
                Some(kind) => kind,
                None => {
                    return Err(self.fail(format!(
                        "unexpected character in duration expression: {}",
                        quote_char(Some(c))
                    )));
                }
            },
            c if c.is_ascii_digit() || (c == '.' && self.peek().is_some_and(|c| c.is_ascii_digit())) => {
                self.seen_duration = true;
                self.duration_first = false;
                self.number_or_duration()?
            }
            c => {
                return Err(self
                    .fail(format!("unexpected character in duration expression: {}", quote_char(Some(c)))));
            }
        };
        Ok(Some(kind))
    }

    fn end_of_input(&mut self) -> Step<'a> {
        if self.open_parens != 0 {
            Err(self.fail("unclosed left parenthesis"))
        } else if self.in_brackets {
            Err(self.fail("unclosed left bracket"))
        } else {
            Ok(Some(Kind::Eof))
        }
    }

    fn open_paren(&mut self) -> Kind {
        self.open_parens += 1;
        Kind::LeftParen
    }

    fn close_paren(&mut self) -> Parsed<'a, Kind> {
        match self.open_parens.checked_sub(1) {
            Some(open) => self.open_parens = open,
            None => return Err(self.fail_after("unexpected right parenthesis ')'")),
        }
        Ok(Kind::RightParen)
    }

    fn open_bracket(&mut self) -> Step<'a> {
        if self.in_brackets {
            return Err(self.fail("unexpected left bracket '['"));
        }
        self.in_brackets = true;
        self.duration_first = true;
        self.seen_colon = false;
        Ok(Some(Kind::LeftBracket))
    }

    fn colon_in_brackets(&mut self) -> Step<'a> {
        if self.seen_colon {
            return Err(self.fail("unexpected colon ':'"));
        }
        self.seen_colon = true;
        Ok(Some(Kind::Colon))
    }

    fn word(&mut self, first: char) -> Step<'a> {
        if self.in_brackets {
            return match self.duration_keyword() {
                Some(kind) => Ok(Some(kind)),
                None => {
                    Err(self.fail(format!("unexpected character: {}, expected ':'", quote_char(Some(first)))))
                }
            };
        }
        self.skip_while(|c| is_alphanumeric(c) || c == ':');
        let word = &self.text[self.start..self.at];
        Ok(Some(match keyword(word) {
            // `fill` is a metric's name where no parenthesis follows, as it was before there was a keyword.
            Some(Kind::Fill | Kind::FillLeft | Kind::FillRight) if !self.before_left_paren() => {
                Kind::Identifier
            }
            Some(kind) => kind,
            None if word.contains(':') => Kind::MetricIdentifier,
            None => Kind::Identifier,
        }))
    }

    fn duration_keyword(&mut self) -> Option<Kind> {
        self.skip_while(is_alpha);
        duration_keyword(&self.text[self.start..self.at])
    }

    fn before_left_paren(&self) -> bool {
        self.text.as_bytes()[self.at..].iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            == Some(&b'(')
    }

    fn comment(&mut self) -> Step<'a> {
        self.skip_while(|c| c != '\n' && c != '\r');
        Ok(None)
    }

    fn spaces(&mut self) -> Step<'a> {
        self.skip_while(is_space);
        Ok(None)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes the character that was peeked, too.
    fn take(&mut self, kind: Kind) -> Kind {
        self.bump();
        kind
    }

    fn skip_while(&mut self, belongs: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&belongs) {
            self.bump();
        }
    }

    /// An error that points at the token.
    fn fail(&self, message: impl Into<String>) -> Failure<'a> {
        Failure::at(PosRange { start: self.start, end: self.text.len() }, message)
    }

    /// An error that points behind the token, where Prometheus has already moved on.
    fn fail_after(&self, message: &str) -> Failure<'a> {
        Failure::at(PosRange { start: self.at, end: self.text.len() }, message)
    }
}

fn arithmetic(c: char) -> Kind {
    Kind::Operator(match c {
        '+' => BinaryOp::Add,
        '-' => BinaryOp::Sub,
        '*' => BinaryOp::Mul,
        '/' => BinaryOp::Div,
        '%' => BinaryOp::Mod,
        _ => BinaryOp::Pow,
    })
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_alpha(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}
