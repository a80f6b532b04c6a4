//! Snappy's block format, with the declared length checked before a byte is allocated.

use snap::raw::{Decoder, Encoder, decompress_len};

/// No valid block grows more than this: its densest element makes 64 bytes of 3.
const MAX_RATIO: usize = 22;

/// Why a body could not be decompressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The block declares more than the receiver takes.
    #[error("the decompressed message is {declared} bytes, at most {max} are allowed")]
    TooLarge {
        /// What the block declares.
        declared: usize,
        /// The receiver's cap.
        max: usize,
    },
    /// Not a snappy block.
    #[error("the body is not valid snappy (block format): {0}")]
    Malformed(String),
}

/// The length that a block declares.
///
/// # Errors
/// [`Error::TooLarge`] above `max`; [`Error::Malformed`] where no block of this size can hold as much.
pub fn declared_len(body: &[u8], max: usize) -> Result<usize, Error> {
    let declared = decompress_len(body).map_err(|error| Error::Malformed(error.to_string()))?;
    if declared > max {
        return Err(Error::TooLarge { declared, max });
    }
    if declared > body.len().saturating_mul(MAX_RATIO) {
        return Err(Error::Malformed(format!("{} bytes declare {declared}", body.len())));
    }
    Ok(declared)
}

/// Decompresses `body` into `buffer`, whose memory is used again, and borrows the message from it.
pub fn decompress<'b>(body: &[u8], max: usize, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Error> {
    let declared = declared_len(body, max)?;
    if buffer.len() < declared {
        buffer.resize(declared, 0);
    }
    let message = buffer.get_mut(..declared).unwrap_or_default();
    let len =
        Decoder::new().decompress(body, message).map_err(|error| Error::Malformed(error.to_string()))?;
    Ok(buffer.get(..len).unwrap_or_default())
}

/// Compresses a message.
///
/// # Panics
/// For messages of 4 GiB and more, which no receiver takes.
#[must_use]
pub fn compress(message: &[u8]) -> Vec<u8> {
    Encoder::new().compress_vec(message).expect("a message is smaller than snappy's limit of 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_length_is_checked_before_anything_is_allocated() {
        let mut buffer = Vec::new();
        let body = compress(&[7; 1000]);
        assert_eq!(decompress(&body, 1000, &mut buffer).unwrap(), [7; 1000]);
        assert_eq!(decompress(&body, 999, &mut buffer), Err(Error::TooLarge { declared: 1000, max: 999 }));
        let mut empty = Vec::new();
        for bomb in [&b"\xff\xff\xff\xff\x0f"[..], b"\x80\x80\x80\x20\x00"] {
            assert!(decompress(bomb, usize::MAX, &mut empty).is_err());
            assert_eq!(empty.capacity(), 0);
        }
    }

    #[test]
    fn a_buffer_used_again_shows_nothing_of_its_last_message() {
        let mut buffer = Vec::new();
        decompress(&compress(&[1; 100]), 100, &mut buffer).unwrap();
        assert_eq!(decompress(&compress(&[2; 10]), 100, &mut buffer).unwrap(), [2; 10]);
        let truncated = &compress(b"abcdefghijklmnop")[..8];
        for bad in [&b""[..], b"\x80", truncated, b"hello world"] {
            assert!(matches!(decompress(bad, 1 << 20, &mut buffer), Err(Error::Malformed(_))), "{bad:?}");
        }
    }
}
