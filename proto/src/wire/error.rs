//! Why bytes are not the message that they should be.

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{malformed} at byte {offset}")]
pub struct Error {
    /// What is wrong.
    pub malformed: Malformed,
    /// Where in the decompressed message.
    pub offset: usize,
}

/// What can be wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The message ends inside a field.
    #[error("unexpected end of message")]
    Truncated,
    /// A varint of more than 64 bits.
    #[error("varint is too long")]
    Varint,
    /// Field number 0 or above 2^29 - 1.
    #[error("illegal field number")]
    FieldNumber,
    /// A wire type that does not exist or is no longer in use.
    #[error("illegal wire type {0}")]
    WireType(u8),
    /// A known field with another wire type than its own.
    #[error("wrong wire type {found} of field {field}")]
    FieldType {
        /// The field's number.
        field: u32,
        /// The wire type that was found.
        found: u8,
    },
    /// A packed list whose length is no multiple of its elements'.
    #[error("packed list has a broken length")]
    Packed,
    /// Text outside of labels that is not UTF-8.
    #[error("text is not valid UTF-8")]
    Utf8,
    /// More of something than one message may hold.
    #[error("too many {what}: at most {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that is allowed.
        max: usize,
    },
}
