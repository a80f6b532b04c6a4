//! Parquet's bytes, read without trust: page headers, levels, dictionaries' ids, integers by their differences.
//!
//! Everything here takes foreign bytes: nothing indexes unchecked, nothing allocates more than the caller expects, and every
//! error is a [`Bad`], to which the caller adds the file, the column and the offset.

pub(crate) mod checks;
pub(crate) mod delta;
pub(crate) mod hybrid;
pub(crate) mod page;
pub(crate) mod thrift;
pub(crate) mod varint;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Bad(pub(crate) &'static str);

impl From<mneme_model::chunk::Error> for Bad {
    fn from(error: mneme_model::chunk::Error) -> Self {
        use mneme_model::chunk::Error;
        Self(match error {
            Error::Truncated => "a row has another number of values than samples",
            Error::Time => "times do not ascend",
            Error::TooLarge => "a row is too large",
            Error::Invalid(_) => "a row has a place or an exponent that cannot be",
        })
    }
}

/// Zigzag of a 64-bit difference.
#[inline]
pub(crate) fn zigzag(value: i64) -> i64 {
    (value << 1) ^ (value >> 63)
}

/// The difference behind a zigzag.
#[inline]
pub(crate) fn unzigzag(value: i64) -> i64 {
    ((value as u64) >> 1) as i64 ^ -(value & 1)
}
