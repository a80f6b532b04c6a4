//! Numbers, durations and strings: from their text to their value.

mod number;
mod unquote;

use mneme_model::duration;

use super::Parser;
use super::binary::is_minus;
use super::error::{Failure, Parsed};
use super::token::{Kind, Token};
use crate::ast::{NumberLiteral, StringLiteral};

impl<'a> Parser<'a> {
    /// A number, or a duration as its seconds.
    pub(super) fn number_literal(&mut self) -> Parsed<'a, NumberLiteral> {
        let token = self.peek()?;
        let (value, is_duration) = match token.kind {
            Kind::Number => {
                let value = number::parse(token.text).map_err(|reason| {
                    let message = format!(
                        "error parsing number: strconv.ParseFloat: parsing {}: {reason}",
                        crate::format::quote(token.text)
                    );
                    Failure::at(token.pos(), message)
                })?;
                (value, false)
            }
            Kind::Duration => {
                let ms = duration::parse_ms(token.text)
                    .map_err(|error| Failure::at(token.pos(), error.to_string()))?;
                (seconds(ms), true)
            }
            _ => return Err(Failure::Unexpected(token)),
        };
        self.take()?;
        Ok(NumberLiteral { value, is_duration, pos: token.pos() })
    }

    pub(super) fn string_literal(&mut self) -> Parsed<'a, StringLiteral> {
        let token = self.expect(Kind::String)?;
        let (value, invalid_utf8) = match String::from_utf8(unquoted_bytes(&token)?) {
            Ok(value) => (value, None),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(error.into_bytes())),
        };
        Ok(StringLiteral { value, invalid_utf8, pos: token.pos() })
    }
}

/// Milliseconds as seconds, rounded as Go does it: whole seconds and the nanoseconds apart.
fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "as Prometheus converts it")]
    let (whole, nanoseconds) = ((ms / 1000) as f64, (ms % 1000 * 1_000_000) as f64);
    whole + nanoseconds / 1e9
}

/// Puts a sign before a number.
pub(super) fn sign(number: &mut NumberLiteral, sign: &Token<'_>) {
    if is_minus(sign) && !number.value.is_nan() {
        number.value = -number.value;
    }
    number.pos.start = sign.start;
}

/// The text that a string token stands for. Bytes that are no UTF-8 (by `\xff`) become the replacement character.
pub(super) fn unquoted<'a>(token: &Token<'a>) -> Parsed<'a, String> {
    let bytes = unquoted_bytes(token)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The bytes that a string token stands for.
pub(super) fn unquoted_bytes<'a>(token: &Token<'a>) -> Parsed<'a, Vec<u8>> {
    unquote::unquote(token.text).ok_or_else(|| {
        Failure::at(
            token.pos(),
            format!("error unquoting string {}: invalid syntax", crate::format::quote(token.text)),
        )
    })
}
