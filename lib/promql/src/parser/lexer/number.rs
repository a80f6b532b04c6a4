//! Where a number or a duration ends. Whether it is a valid one is seen when its value is made.

use super::{Lexer, is_alphanumeric};
use crate::parser::error::Parsed;
use crate::parser::quote::quote_text;
use crate::parser::token::Kind;

impl<'a> Lexer<'a> {
    /// The first character has been read already.
    pub(super) fn number_or_duration(&mut self) -> Parsed<'a, Kind> {
        self.at = self.start;
        if self.number() {
            return Ok(Kind::Number);
        }
        if self.rest_of_duration() {
            return Ok(Kind::Duration);
        }
        // Prometheus quotes the character that it stumbled over, too.
        Err(self
            .fail(format!("bad number or duration syntax: {}", quote_text(&self.text[self.start..self.at]))))
    }

    /// `[0-9a-f._eE+-]*` with the order of Prometheus's lexer; `false` if it is none, with everything read that was looked at.
    fn number(&mut self) -> bool {
        let hex = self.accept(|c| c == b'0') && self.accept(|c| matches!(c, b'x' | b'X'));
        if hex {
            self.accept(|c| c == b'_');
        }
        let is_digit = |c: u8| if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
        self.accept(|c| c == b'.');
        self.accept(is_digit);
        let (mut seen_dot, mut seen_exponent) = (false, false);
        loop {
            if self.accept(|c| c == b'.') {
                // No second dot, none beside an underscore, and no fractions in hexadecimal.
                if seen_dot || self.accept(|c| matches!(c, b'_' | b'.')) || hex {
                    return false;
                }
                seen_dot = true;
            } else if self.accept(|c| matches!(c, b'e' | b'E')) {
                if seen_exponent {
                    return false;
                }
                seen_exponent = true;
                self.accept(|c| matches!(c, b'+' | b'-'));
                if self.accept(|c| matches!(c, b'.' | b'_' | b'e' | b'E')) || self.byte().is_none() {
                    return false;
                }
            } else if self.accept(|c| c == b'_') {
                if self.accept(|c| matches!(c, b'.' | b'_' | b'e' | b'E')) || self.byte().is_none() {
                    return false;
                }
            } else if self.accept(is_digit) {
                while self.accept(is_digit) {}
            } else {
                break;
            }
        }
        self.at != self.start && !self.peek().is_some_and(is_alphanumeric)
    }

    /// The units, once the first digits are read.
    fn rest_of_duration(&mut self) -> bool {
        if !self.accept(|c| matches!(c, b's' | b'm' | b'h' | b'd' | b'w' | b'y')) {
            return false;
        }
        self.accept(|c| c == b's');
        while self.accept(|c| c.is_ascii_digit()) {
            while self.accept(|c| c.is_ascii_digit()) {}
            // A year can only come first.
            if !self.accept(|c| matches!(c, b's' | b'm' | b'h' | b'd' | b'w')) {
                return false;
            }
            self.accept(|c| c == b's');
        }
        if self.peek().is_some_and(is_alphanumeric) {
            self.bump();
            return false;
        }
        true
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Reads one byte if `belongs` says so of it; only ever true of ASCII.
    fn accept(&mut self, belongs: impl Fn(u8) -> bool) -> bool {
        let accepted = self.byte().is_some_and(belongs);
        self.at += usize::from(accepted);
        accepted
    }
}
