//! Different texts, each once, one after the other in one piece of memory.

use std::hash::BuildHasher;

use bytes::Bytes;
use hashbrown::{DefaultHashBuilder, HashTable};
use parquet::data_type::ByteArray;

/// Texts by their numbers, and their numbers by the texts.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    /// Where each text ends; it begins where the one before ends.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// The same as the Parquet writer takes them, all in one piece of memory still.
pub(crate) struct Values {
    bytes: Bytes,
    ends: Vec<usize>,
}

impl Texts {
    /// The number of a text, a new one if it is not there.
    pub(crate) fn id(&mut self, text: &str) -> u32 {
        let Self { bytes, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        let same = |number: &u32| bytes.get(place(ends, *number)) == Some(text);
        if let Some(number) = numbers.find(hash, same) {
            return *number;
        }
        let number = ends.len() as u32;
        bytes.push_str(text);
        ends.push(bytes.len());
        numbers.insert_unique(hash, number, |number| {
            hasher.hash_one(bytes.get(place(ends, *number)).unwrap_or_default())
        });
        number
    }

    /// The text with this number.
    pub(crate) fn get(&self, number: u32) -> &str {
        self.bytes.get(place(&self.ends, number)).unwrap_or_default()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Only to be written.
    pub(crate) fn into_values(self) -> Values {
        Values { bytes: self.bytes.into(), ends: self.ends }
    }
}

impl Values {
    /// The text with this number.
    pub(crate) fn get(&self, number: u32) -> ByteArray {
        self.bytes.slice(place(&self.ends, number)).into()
    }
}

fn place(ends: &[usize], number: u32) -> std::ops::Range<usize> {
    let end = |number: usize| ends.get(number).copied().unwrap_or_default();
    let number = number as usize;
    number.checked_sub(1).map_or(0, end)..end(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_there_once_the_empty_one_too() {
        let mut texts = Texts::default();
        let given: Vec<String> = (0..500).map(|n| "x".repeat(n % 40) + &(n % 7).to_string()).collect();
        let ids: Vec<u32> = given.iter().chain([&String::new()]).map(|text| texts.id(text)).collect();
        assert_eq!(texts.len(), given.iter().collect::<std::collections::HashSet<_>>().len() + 1);
        for (text, id) in given.iter().zip(&ids) {
            assert_eq!(texts.get(*id), text);
            assert_eq!(texts.id(text), *id);
        }
        assert_eq!(texts.get(ids[500]), "");
        let values = texts.into_values();
        assert_eq!(values.get(ids[17]).data(), given[17].as_bytes());
    }
}
