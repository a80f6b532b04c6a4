//! A reply's `data`, written piece by piece so that no reply is held as text as a whole.

/// How much text a piece holds before the next one is begun, in bytes; one item may go over it.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

/// Something that writes itself as JSON in pieces.
pub(crate) trait Pieces: Send {
    /// Appends the next piece of about [`PIECE_BYTES`] to `out`; `false` once all is written.
    fn next(&mut self, out: &mut Vec<u8>) -> bool;
}

/// Text that is already whole, for small replies.
pub(crate) struct Whole(pub(crate) Vec<u8>);

impl Pieces for Whole {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        out.append(&mut self.0);
        false
    }
}

/// Appends items of an array until the piece is full; `at` is the next item's index. The caller has written `[` before the first.
/// `true` if there are more.
pub(crate) fn push_items<T>(
    out: &mut Vec<u8>,
    items: &[T],
    at: &mut usize,
    mut push: impl FnMut(&mut Vec<u8>, &T),
) -> bool {
    let full = out.len() + PIECE_BYTES;
    while let Some(item) = items.get(*at) {
        if *at > 0 {
            out.push(b',');
        }
        push(out, item);
        *at += 1;
        if out.len() >= full {
            break;
        }
    }
    *at < items.len()
}
