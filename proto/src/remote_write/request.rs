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

    /// The series of a 1.0 request, not decoded yet; 2.0 has none here.
    #[must_use]
    pub fn raw_series(&self) -> RawSeriesWalk<'a> {
        let v1 = matches!(self.message, Message::V1);
        RawSeriesWalk { rest: if v1 { self.body } else { Reader::default() } }
    }

    /// The text with this number, of 2.0; `None` where there is none, or none in UTF-8.
    #[must_use]
    #[inline]
    pub fn symbol(&self, reference: u64) -> Option<&'a str> {
        if let Message::V2(symbols) = &self.message { symbols.get(reference).ok() } else { None }
    }

    /// How many texts a 2.0 request has.
    #[must_use]
    pub fn symbol_count(&self) -> usize {
        if let Message::V2(symbols) = &self.message { symbols.len() } else { 0 }
    }

    /// Fills in the labels of a series of this request that [`TimeSeries::next_unresolved`] left out.
    pub fn resolve(&self, series: &mut Series<'a>) {
        if let Message::V2(symbols) = &self.message {
            v2::resolve(symbols, series);
        }
    }

    /// Which protocol it is of.
    #[must_use]
    pub fn version(&self) -> Version {
        if matches!(self.message, Message::V1) { Version::V1 } else { Version::V2 }
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
    /// As [`Self::next`]; but of a 2.0 series the labels stay out, and with them what is wrong with them: [`Series::label_refs`] say
    /// which they are, and [`Request::resolve`] fills them in.
    ///
    /// # Errors
    /// A broken message.
    #[inline]
    pub fn next_unresolved(&mut self, series: &mut Series<'a>) -> Result<bool, Error> {
        let Message::V2(symbols) = self.message else { return self.next(series) };
        let Some(message) = next_message(&mut self.rest, 5)? else { return Ok(false) };
        v2::read_unresolved(message, symbols, series)?;
        Ok(true)
    }

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

/// Walks over the series of a 1.0 request without decoding them.
#[derive(Clone, Debug)]
pub struct RawSeriesWalk<'a> {
    rest: Reader<'a>,
}

/// A series of a 1.0 request as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub struct RawSeries<'a>(Reader<'a>);

impl<'a> RawSeriesWalk<'a> {
    /// The next series; `None` at the end.
    ///
    /// # Errors
    /// A message that is broken between its series.
    #[inline]
    pub fn next_series(&mut self) -> Result<Option<RawSeries<'a>>, Error> {
        next_message(&mut self.rest, 1).map(|message| message.map(RawSeries))
    }
}

impl<'a> RawSeries<'a> {
    /// The message's bytes.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.0.bytes()
    }

    /// The labels that the message begins with, as they are on the wire: equal bytes mean equal labels. All of the series' labels unless
    /// [`Self::read_values`] says that another follows.
    #[must_use]
    #[inline]
    pub fn key(&self) -> &'a [u8] {
        let bytes = self.0.bytes();
        bytes.get(..v1::labels_len(bytes)).unwrap_or_default()
    }

    /// Fills `series` with everything.
    ///
    /// # Errors
    /// A broken message.
    pub fn read(&self, series: &mut Series<'a>) -> Result<(), Error> {
        v1::read_series(self.0, series)
    }

    /// Fills `series` with what follows the first `key_len` bytes, which must be a whole number of labels. `false` where a label is among
    /// it: use [`Self::read`].
    ///
    /// # Errors
    /// A broken message.
    #[inline]
    pub fn read_values(&self, key_len: usize, series: &mut Series<'a>) -> Result<bool, Error> {
        v1::read_values(self.0.after(key_len), series)
    }
}

/// The labels of a key ([`RawSeries::key`]), each with its bytes, until the first that cannot be read.
pub fn key_labels(key: &[u8]) -> impl Iterator<Item = (&[u8], (&str, &str))> {
    v1::key_labels(key)
}

/// The next message in the field of this number.
#[inline]
fn next_message<'a>(rest: &mut Reader<'a>, wanted: u32) -> Result<Option<Reader<'a>>, Error> {
    while let Some((field, value)) = rest.field()? {
        if field == wanted {
            return value.message(field, rest).map(Some);
        }
    }
    Ok(None)
}
