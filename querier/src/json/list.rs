//! Arrays of texts and of label sets: what the metadata endpoints answer with.

use mneme_model::Labels;

use super::pieces::push_items;
use super::{Pieces, push_labels, push_text};

/// `["a","b"]`.
pub(crate) struct TextPieces {
    texts: Vec<String>,
    at: usize,
}

impl TextPieces {
    /// All of `texts`, in their order.
    pub(crate) fn new(texts: Vec<String>) -> Self {
        Self { texts, at: 0 }
    }
}

impl Pieces for TextPieces {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        array(out, &self.texts, &mut self.at, |out, text| push_text(out, text))
    }
}

/// `[{"__name__":"up",..},..]`.
pub(crate) struct SeriesPieces {
    series: Vec<Labels>,
    at: usize,
}

impl SeriesPieces {
    /// All of `series`, in their order.
    pub(crate) fn new(series: Vec<Labels>) -> Self {
        Self { series, at: 0 }
    }
}

impl Pieces for SeriesPieces {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        array(out, &self.series, &mut self.at, push_labels)
    }
}

/// One piece of a whole array, brackets included.
pub(super) fn array<T>(
    out: &mut Vec<u8>,
    items: &[T],
    at: &mut usize,
    push: impl FnMut(&mut Vec<u8>, &T),
) -> bool {
    if *at == 0 {
        out.push(b'[');
    }
    let more = push_items(out, items, at, push);
    if !more {
        out.push(b']');
    }
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_comes_in_pieces_that_join_to_valid_json() {
        let texts: Vec<String> = (0..20_000).map(|i| format!("value {i}")).collect();
        let (mut pieces, mut whole, mut count) = (TextPieces::new(texts.clone()), Vec::new(), 0);
        loop {
            let mut piece = Vec::new();
            let more = pieces.next(&mut piece);
            assert!(piece.len() < super::super::PIECE_BYTES + 100);
            whole.extend(piece);
            count += 1;
            if !more {
                break;
            }
        }
        assert!(count > 3);
        assert_eq!(serde_json::from_slice::<Vec<String>>(&whole).unwrap(), texts);
    }

    #[test]
    fn an_empty_list_is_an_empty_array() {
        let mut out = Vec::new();
        assert!(!SeriesPieces::new(Vec::new()).next(&mut out));
        assert_eq!(out, b"[]");
    }
}
