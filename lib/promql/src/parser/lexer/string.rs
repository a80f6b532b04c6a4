//! Where a string ends, and whether its escapes are well-formed.

use super::Lexer;
use crate::parser::error::{Failure, Parsed};
use crate::parser::quote::code_point;
use crate::parser::token::Kind;

impl<'a> Lexer<'a> {
    /// A string in `quote`s, of which the first has been read.
    pub(super) fn quoted(&mut self, quote: char) -> Parsed<'a, Kind> {
        loop {
            match self.bump() {
                None | Some('\n') => return Err(self.fail("unterminated quoted string")),
                Some('\\') => self.escape(quote)?,
                Some('\u{fffd}') => return Err(self.fail("invalid UTF-8 rune")),
                Some(c) if c == quote => return Ok(Kind::String),
                Some(_) => {}
            }
        }
    }

    /// A string in backticks, of which the first has been read.
    pub(super) fn raw_string(&mut self) -> Parsed<'a, Kind> {
        loop {
            match self.bump() {
                None => return Err(self.fail("unterminated raw string")),
                Some('\u{fffd}') => return Err(self.fail("invalid UTF-8 rune")),
                Some('`') => return Ok(Kind::String),
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self, quote: char) -> Parsed<'a, ()> {
        let Some(c) = self.bump() else { return Err(self.unterminated_escape()) };
        let (first, digits, base, limit) = match c {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return Ok(()),
            c if c == quote => return Ok(()),
            '0'..='7' => (Some(c), 3, 8, 255),
            'x' => (self.bump(), 2, 16, 255),
            'u' => (self.bump(), 4, 16, u32::from(char::MAX)),
            'U' => (self.bump(), 8, 16, u32::from(char::MAX)),
            c => return Err(self.fail(format!("unknown escape sequence {}", code_point(c)))),
        };
        let mut value = 0_u32;
        let mut next = first;
        for left in (0..digits).rev() {
            let Some(c) = next else { return Err(self.unterminated_escape()) };
            let Some(digit) = c.to_digit(base) else {
                return Err(self.fail(format!("illegal character {} in escape sequence", code_point(c))));
            };
            value = value.wrapping_mul(base).wrapping_add(digit);
            if left > 0 {
                next = self.bump();
            }
        }
        if value > limit || (0xD800..0xE000).contains(&value) {
            return Err(self.fail("escape sequence is an invalid Unicode code point"));
        }
        Ok(())
    }

    fn unterminated_escape(&self) -> Failure<'a> {
        self.fail("escape sequence not terminated")
    }
}
