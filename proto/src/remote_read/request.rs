//! What a client of remote read asks.

use mneme_model::{MatchOp, TimestampMs};

use crate::wire::{Error, Malformed, Reader, varints};

/// Far above what any client asks at once.
const MAX_QUERIES: usize = 1024;
const MAX_MATCHERS: usize = 1024;

/// Queries, and which replies the client can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadRequest {
    /// Answered in this order.
    pub queries: Vec<ReadQuery>,
    /// The client's preferences, the first that the server knows counts; numbers that it does not know are left out.
    pub accepted: Vec<ResponseType>,
    /// Whether the client named types at all; without, it reads [`ResponseType::Samples`].
    pub any_accepted: bool,
}

/// The kinds of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// One message with decoded samples.
    Samples,
    /// Frames with chunks.
    StreamedXorChunks,
}

/// One selector over a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadQuery {
    /// Inclusive.
    pub start: TimestampMs,
    /// Inclusive.
    pub end: TimestampMs,
    /// Operator, name, value; patterns are not compiled yet.
    pub matchers: Vec<(MatchOp, String, String)>,
}

impl ReadRequest {
    /// Decodes the decompressed body.
    ///
    /// # Errors
    /// It is no such message, or has more queries or matchers than any client sends.
    pub fn decode(message: &[u8]) -> Result<Self, Error> {
        let (mut request, mut reader) = (Self::default(), Reader::new(message));
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => {
                    let query = decode_query(value.message(1, &reader)?)?;
                    push(&mut request.queries, query, "queries", MAX_QUERIES, &reader)?;
                }
                2 => {
                    let (accepted, any) = (&mut request.accepted, &mut request.any_accepted);
                    varints(value, 2, &reader, |number| {
                        *any = true;
                        let known = [ResponseType::Samples, ResponseType::StreamedXorChunks];
                        let kind = usize::try_from(number).ok().and_then(|at| known.get(at)).copied();
                        if let Some(kind) = kind.filter(|kind| !accepted.contains(kind)) {
                            accepted.push(kind);
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
        }
        Ok(request)
    }

    /// The reply that the client reads and this crate writes; `None` if it names only others.
    #[must_use]
    pub fn negotiate(&self) -> Option<ResponseType> {
        if self.any_accepted { self.accepted.first().copied() } else { Some(ResponseType::Samples) }
    }
}

fn decode_query(mut reader: Reader<'_>) -> Result<ReadQuery, Error> {
    let mut query = ReadQuery::default();
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => query.start = value.int64(1, &reader)?,
            2 => query.end = value.int64(2, &reader)?,
            3 => {
                let matcher = decode_matcher(value.message(3, &reader)?)?;
                push(&mut query.matchers, matcher, "matchers", MAX_MATCHERS, &reader)?;
            }
            // Hints are advice.
            _ => {}
        }
    }
    Ok(query)
}

fn decode_matcher(mut reader: Reader<'_>) -> Result<(MatchOp, String, String), Error> {
    let (mut op, mut name, mut text) = (MatchOp::Equal, String::new(), String::new());
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => {
                op = match value.varint(1, &reader)? {
                    0 => MatchOp::Equal,
                    1 => MatchOp::NotEqual,
                    2 => MatchOp::Regex,
                    3 => MatchOp::NotRegex,
                    _ => return Err(reader.error(Malformed::TooMany { what: "matcher types", max: 4 })),
                };
            }
            2 => name = value.message(2, &reader)?.text()?.to_owned(),
            3 => text = value.message(3, &reader)?.text()?.to_owned(),
            _ => {}
        }
    }
    Ok((op, name, text))
}

fn push<T>(
    list: &mut Vec<T>,
    item: T,
    what: &'static str,
    max: usize,
    reader: &Reader<'_>,
) -> Result<(), Error> {
    if list.len() == max {
        return Err(reader.error(Malformed::TooMany { what, max }));
    }
    list.push(item);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::wire::Writer;

    use super::*;

    fn request(types: &[u64]) -> Vec<u8> {
        let mut w = Writer::default();
        w.message(1, |w| {
            w.int64(1, -5);
            w.int64(2, 10);
            w.message(3, |w| {
                w.varint(1, 2);
                w.text(2, "job");
                w.text(3, "a.*");
            });
            w.message(4, |w| w.int64(1, 15));
        });
        w.packed_varints(2, types.iter().copied());
        w.into_bytes()
    }

    #[test]
    fn a_request_is_read() {
        let request = ReadRequest::decode(&request(&[7, 1, 0])).unwrap();
        let matchers = vec![(MatchOp::Regex, "job".to_owned(), "a.*".to_owned())];
        assert_eq!(request.queries, [ReadQuery { start: -5, end: 10, matchers }]);
        assert_eq!(request.negotiate(), Some(ResponseType::StreamedXorChunks));
    }

    #[test]
    fn who_names_no_type_reads_samples_and_who_names_only_strange_ones_nothing() {
        assert_eq!(ReadRequest::decode(&request(&[])).unwrap().negotiate(), Some(ResponseType::Samples));
        assert_eq!(ReadRequest::decode(&request(&[9])).unwrap().negotiate(), None);
    }

    #[test]
    fn broken_and_huge_requests_are_refused() {
        let whole = request(&[1]);
        for len in 1..whole.len() - 4 {
            let _ = ReadRequest::decode(&whole[..len]);
        }
        let mut w = Writer::default();
        (0..=MAX_QUERIES).for_each(|_| w.element(1, b""));
        assert!(ReadRequest::decode(&w.into_bytes()).is_err());
        assert!(ReadRequest::decode(b"\x0a\x05\x1a\x03\x08\x04").is_err());
    }
}
