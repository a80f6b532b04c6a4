//! The symbol table of a 2.0 request.

use super::series::push;
use super::{Error, SeriesProblem};
use crate::wire::Reader;

/// A request's texts, by number. One that is not UTF-8 is only a problem for who refers to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbols<'a> {
    texts: Vec<&'a str>,
    /// Number and byte of the texts that are not UTF-8, ascending; they are empty in `texts`.
    broken: Vec<(usize, usize)>,
}

impl<'a> Symbols<'a> {
    /// Collects the symbols of a message; they may stand before, after or between its series.
    pub(super) fn collect(mut message: Reader<'a>) -> Result<Self, Error> {
        let mut symbols = Self::default();
        while let Some((field, value)) = message.field()? {
            if field == 4 {
                let text = value.message(field, &message)?;
                let valid = std::str::from_utf8(text.bytes());
                if let Err(invalid) = valid {
                    symbols.broken.push((symbols.texts.len(), text.offset() + invalid.valid_up_to()));
                }
                push(&mut symbols.texts, valid.unwrap_or_default(), "symbols", &message)?;
            }
        }
        Ok(symbols)
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    #[inline]
    pub(super) fn get(&self, reference: u64) -> Result<&'a str, SeriesProblem> {
        let index = usize::try_from(reference).unwrap_or(usize::MAX);
        match self.texts.get(index) {
            Some(text) if !text.is_empty() || self.broken.is_empty() => Ok(text),
            Some(_) => match self.broken.binary_search_by_key(&index, |(number, _)| *number) {
                Ok(at) => Err(SeriesProblem::Utf8 { offset: self.broken[at].1 }),
                Err(_) => Ok(""),
            },
            None => Err(SeriesProblem::Reference { reference, symbols: self.texts.len() }),
        }
    }

    /// Appends the labels of a list of references; what is wrong with it ends it.
    pub(super) fn resolve(
        &self,
        refs: &[u64],
        labels: &mut Vec<(&'a str, &'a str)>,
    ) -> Option<SeriesProblem> {
        let pairs = refs.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Some(SeriesProblem::OddReferences(refs.len()));
        }
        for pair in pairs {
            match (self.get(pair[0]), self.get(pair[1])) {
                (Ok(name), Ok(value)) => labels.push((name, value)),
                (Err(problem), _) | (_, Err(problem)) => return Some(problem),
            }
        }
        None
    }
}
