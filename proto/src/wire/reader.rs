//! Walks over the fields of a message.

use super::{Error, Malformed};

/// What is left of a message, and where in the outermost message that is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

/// One field's value as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(Reader<'a>),
    Fixed32,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, offset: 0 }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// An error here.
    #[cold]
    pub(crate) fn error(&self, malformed: Malformed) -> Error {
        Error { malformed, offset: self.offset }
    }

    /// What is left after `len` bytes.
    #[inline]
    pub(crate) fn after(self, len: usize) -> Self {
        Self { rest: self.rest.get(len..).unwrap_or_default(), offset: self.offset + len }
    }

    /// The text; not UTF-8 is an error.
    #[inline]
    pub(crate) fn text(self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.rest).map_err(|invalid| Error {
            malformed: Malformed::Utf8,
            offset: self.offset + invalid.valid_up_to(),
        })
    }

    /// The next field's number and value; `None` at the message's end.
    #[inline]
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Value<'a>)>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = *self;
        let tag = self.varint()?;
        let field = u32::try_from(tag >> 3).unwrap_or(u32::MAX);
        if field == 0 || field >= 1 << 29 {
            return Err(at.error(Malformed::FieldNumber));
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed64()?),
            2 => {
                let len = self.varint()?;
                let len = usize::try_from(len).map_err(|_| self.error(Malformed::Truncated))?;
                Value::Bytes(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed32
            }
            other => return Err(at.error(Malformed::WireType(other as u8))),
        };
        Ok(Some((field, value)))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Error> {
        if let [byte, tail @ ..] = self.rest
            && *byte < 0x80
        {
            self.rest = tail;
            self.offset += 1;
            return Ok(u64::from(*byte));
        }
        self.long_varint()
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, Error> {
        let mut value = 0u64;
        for (i, byte) in self.rest.iter().enumerate().take(10) {
            if i == 9 && *byte > 1 {
                return Err(self.error(Malformed::Varint));
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if *byte < 0x80 {
                self.take(i + 1)?;
                return Ok(value);
            }
        }
        Err(self.error(if self.rest.len() < 10 { Malformed::Truncated } else { Malformed::Varint }))
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, Error> {
        let Some((head, tail)) = self.rest.split_first_chunk::<8>() else {
            return Err(self.error(Malformed::Truncated));
        };
        self.rest = tail;
        self.offset += 8;
        Ok(u64::from_le_bytes(*head))
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<Reader<'a>, Error> {
        let Some((head, tail)) = self.rest.split_at_checked(len) else {
            return Err(self.error(Malformed::Truncated));
        };
        let taken = Reader { rest: head, offset: self.offset };
        self.rest = tail;
        self.offset += len;
        Ok(taken)
    }
}

impl<'a> Value<'a> {
    fn wire_type(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Bytes(_) => 2,
            Self::Fixed32 => 5,
        }
    }

    #[cold]
    fn wrong(self, field: u32, after: &Reader<'a>) -> Error {
        after.error(Malformed::FieldType { field, found: self.wire_type() })
    }

    /// The field as a varint; `after` stands behind the field and says where an error is.
    #[inline]
    pub(crate) fn varint(self, field: u32, after: &Reader<'a>) -> Result<u64, Error> {
        if let Self::Varint(value) = self { Ok(value) } else { Err(self.wrong(field, after)) }
    }

    /// The field as an `int64`.
    #[inline]
    pub(crate) fn int64(self, field: u32, after: &Reader<'a>) -> Result<i64, Error> {
        self.varint(field, after).map(u64::cast_signed)
    }

    /// The field as a `sint64`.
    pub(crate) fn sint64(self, field: u32, after: &Reader<'a>) -> Result<i64, Error> {
        self.varint(field, after).map(unzigzag)
    }

    /// The field as a `double`, bit by bit.
    #[inline]
    pub(crate) fn double(self, field: u32, after: &Reader<'a>) -> Result<f64, Error> {
        if let Self::Fixed64(bits) = self { Ok(f64::from_bits(bits)) } else { Err(self.wrong(field, after)) }
    }

    /// The field as a message, text or packed list.
    #[inline]
    pub(crate) fn message(self, field: u32, after: &Reader<'a>) -> Result<Reader<'a>, Error> {
        if let Self::Bytes(reader) = self { Ok(reader) } else { Err(self.wrong(field, after)) }
    }
}

/// ZigZag, the encoding of `sint32` and `sint64`.
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Calls `each` for one element of a repeated varint field or for all of its packed form.
pub(crate) fn varints(
    value: Value<'_>,
    field: u32,
    after: &Reader<'_>,
    mut each: impl FnMut(u64) -> Result<(), Error>,
) -> Result<(), Error> {
    match value {
        Value::Varint(single) => each(single),
        Value::Bytes(mut list) => {
            while !list.is_empty() {
                each(list.varint()?)?;
            }
            Ok(())
        }
        other => Err(other.wrong(field, after)),
    }
}

/// Calls `each` for one element of a repeated double field or for all of its packed form.
pub(crate) fn doubles(
    value: Value<'_>,
    field: u32,
    after: &Reader<'_>,
    mut each: impl FnMut(f64) -> Result<(), Error>,
) -> Result<(), Error> {
    match value {
        Value::Fixed64(single) => each(f64::from_bits(single)),
        Value::Bytes(list) if list.bytes().len() % 8 != 0 => Err(list.error(Malformed::Packed)),
        Value::Bytes(mut list) => {
            while !list.is_empty() {
                each(f64::from_bits(list.fixed64()?))?;
            }
            Ok(())
        }
        other => Err(other.wrong(field, after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8]) -> Result<Option<(u32, u8)>, Malformed> {
        Reader::new(bytes)
            .field()
            .map(|f| f.map(|(n, v)| (n, v.wire_type())))
            .map_err(|error| error.malformed)
    }

    #[test]
    fn reads_every_wire_type_and_refuses_what_is_none() {
        assert_eq!(first(b""), Ok(None));
        assert_eq!(first(b"\x08\x01"), Ok(Some((1, 0))));
        assert_eq!(first(b"\x09\x00\x00\x00\x00\x00\x00\x00\x00"), Ok(Some((1, 1))));
        assert_eq!(first(b"\x12\x01a"), Ok(Some((2, 2))));
        assert_eq!(first(b"\x15\x00\x00\x00\x00"), Ok(Some((2, 5))));
        assert_eq!(first(b"\x0b"), Err(Malformed::WireType(3)));
        assert_eq!(first(b"\x00\x01"), Err(Malformed::FieldNumber));
        assert_eq!(first(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), Err(Malformed::FieldNumber));
        for truncated in
            [&b"\x08"[..], b"\x80", b"\x09\x00", b"\x12\x02a", b"\x15\x00", b"\x12\xff\xff\xff\xff\x0f"]
        {
            assert_eq!(first(truncated), Err(Malformed::Truncated), "{truncated:?}");
        }
        assert_eq!(first(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), Err(Malformed::Varint));
    }

    #[test]
    fn an_error_in_a_nested_message_says_where_in_the_whole() {
        let mut outer = Reader::new(b"\x08\x01\x12\x03\x08\x01\x80");
        outer.field().unwrap();
        let (_, value) = outer.field().unwrap().unwrap();
        let mut inner = value.message(2, &outer).unwrap();
        inner.field().unwrap();
        assert_eq!(inner.field().unwrap_err(), Error { malformed: Malformed::Truncated, offset: 6 });
    }

    #[test]
    fn zigzag_covers_all_integers() {
        for (wire, value) in [(0, 0), (1, -1), (2, 1), (u64::MAX, i64::MIN), (u64::MAX - 1, i64::MAX)] {
            assert_eq!(unzigzag(wire), value);
        }
    }
}
