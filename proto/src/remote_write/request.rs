//! A request's bytes as a sequence of series and metadata.

use super::symbols::Symbols;
use super::{Error, MetadataRef, Series, Version, v1, v2};
use crate::wire::Reader;

/// A decompressed request of either version, walked where it lies.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    body: Reader<'a>,
    message: Message<'a>,
}

#[derive(Clone, Debug)]
enum Message<'a> {
    V1,
    V2(Symbols<'a>),
}

/// Metadata of a metric family, as 1.0 sends it apart from series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FamilyMetadata<'a> {
    /// The family's name; may be empty, which is the receiver's to refuse.
    pub family: &'a str,
    /// What is said of it.
    pub metadata: MetadataRef<'a>,
}

/// Walks over a request's series.
#[derive(Clone, Debug)]
pub struct TimeSeries<'r, 'a> {
    rest: Reader<'a>,
    message: &'r Message<'a>,
}

impl<'a> Request<'a> {
    /// Looks at the message as far as its series can be walked: of 2.0 the symbols are collected. The bytes of one version under the
    /// name of the other are an empty request: that is how the two messages are numbered.
    pub fn parse(version: Version, message: &'a [u8]) -> Result<Self, Error> {
        let body = Reader::new(message);
        let message = match version {
            Version::V1 => Message::V1,
            Version::V2 => Message::V2(Symbols::collect(body)?),
        };
        Ok(Self { body, message })
    }

    /// The series in the order in which they were sent.
    #[must_use]
    pub fn timeseries(&self) -> TimeSeries<'_, 'a> {
        TimeSeries { rest: self.body, message: &self.message }
    }

    /// The metadata of a 1.0 request; 2.0 has it at the series.
    pub fn metadata(&self) -> impl Iterator<Item = Result<FamilyMetadata<'a>, Error>> + use<'a> {
        let mut rest = if matches!(self.message, Message::V1) { self.body } else { Reader::default() };
        std::iter::from_fn(move || {
            let next = next_message(&mut rest, 3).and_then(|found| found.map(v1::read_metadata).transpose());
            if next.is_err() {
                rest = Reader::default();
            }
            next.transpose()
        })
    }
}

impl<'a> TimeSeries<'_, 'a> {
    /// Fills `series` with the next one; `false` at the end.
    pub fn next(&mut self, series: &mut Series<'a>) -> Result<bool, Error> {
        let field = if matches!(self.message, Message::V1) { 1 } else { 5 };
        let Some(message) = next_message(&mut self.rest, field)? else { return Ok(false) };
        match self.message {
            Message::V1 => v1::read_series(message, series)?,
            Message::V2(symbols) => v2::read_series(message, symbols, series)?,
        }
        Ok(true)
    }
}

/// The next message in the field of this number.
fn next_message<'a>(rest: &mut Reader<'a>, wanted: u32) -> Result<Option<Reader<'a>>, Error> {
    while let Some((field, value)) = rest.field()? {
        if field == wanted {
            return value.message(field, rest).map(Some);
        }
    }
    Ok(None)
}
