//! Protocol buffers' wire format (encoding page of the protobuf documentation), read without copies.
//!
//! Only what remote write needs: varints, 64-bit, 32-bit and length-delimited fields. Groups, long deprecated, are refused.

mod error;
mod reader;
mod writer;

pub use error::{Error, Malformed};
pub(crate) use reader::{Reader, Value, doubles, unzigzag, varints};
pub(crate) use writer::{Writer, zigzag};
