//! Writes JSON byte by byte as Prometheus 3.14 prints it (its `web/api/v1/json_codec.go` and `util/jsonutil`).
//!
//! Everything appends to a buffer; nothing is held as text as a whole: see [`Pieces`].

mod ast;
mod exemplar;
mod histogram;
mod labels;
mod list;
mod number;
mod object;
mod pieces;
mod result;
mod text;

pub(crate) use ast::push_ast;
pub(crate) use exemplar::ExemplarPieces;
pub(crate) use labels::push_labels;
pub(crate) use list::{SeriesPieces, TextPieces};
pub(crate) use number::{push_plain, push_seconds, push_timestamp, push_value};
pub(crate) use object::{Object, push_array};
pub(crate) use pieces::{PIECE_BYTES, Pieces, Whole};
pub(crate) use result::ResultPieces;
pub(crate) use text::{push_go_text, push_label_text, push_text};
