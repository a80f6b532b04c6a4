//! Label sets from bytes that nobody vouches for, and into a buffer without an allocation per set.

use super::{LabelsRef, push_label, split_text};

/// Why bytes are not a label set in the canonical layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabels {
    /// Not UTF-8.
    #[error("labels are not valid UTF-8")]
    Utf8,
    /// A length that points outside, or into the middle of a character.
    #[error("labels have a broken length")]
    Length,
    /// A length that was not written in its shortest form.
    #[error("labels have a length in a longer form than needed")]
    NotCanonical,
    /// An empty name or value.
    #[error("labels have an empty name or value")]
    Empty,
    /// Names that are not ascending, or not unique.
    #[error("label names are not sorted and unique")]
    Order,
}

impl<'a> LabelsRef<'a> {
    /// Checks bytes from disk or wire: UTF-8, the layout, ascending unique names, nothing empty.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, InvalidLabels> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidLabels::Utf8)?;
        let mut rest = text;
        let mut last = "";
        while !rest.is_empty() {
            let (name, tail) = canonical_text(rest)?;
            let (value, tail) = canonical_text(tail)?;
            if name.is_empty() || value.is_empty() {
                return Err(InvalidLabels::Empty);
            }
            if name <= last {
                return Err(InvalidLabels::Order);
            }
            last = name;
            rest = tail;
        }
        Ok(Self(text))
    }

    /// Writes pairs that are already sorted, unique and not empty into `buffer` (cleared first) and borrows the set from it.
    ///
    /// # Errors
    /// [`InvalidLabels::Order`] or [`InvalidLabels::Empty`] where the pairs are not as promised.
    pub fn write_sorted<'p>(
        buffer: &'a mut String,
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Self, InvalidLabels> {
        buffer.clear();
        let mut last = "";
        for (name, value) in pairs {
            if name.is_empty() || value.is_empty() {
                return Err(InvalidLabels::Empty);
            }
            if name <= last {
                return Err(InvalidLabels::Order);
            }
            last = name;
            push_label(buffer, name, value);
        }
        Ok(Self(buffer))
    }
}

fn canonical_text(text: &str) -> Result<(&str, &str), InvalidLabels> {
    let (part, rest) = split_text(text).ok_or(InvalidLabels::Length)?;
    let digits = text.len() - part.len() - rest.len();
    let shortest = (1..5).find(|n| part.len() < 1 << (6 * n)).unwrap_or(5);
    if digits == shortest { Ok((part, rest)) } else { Err(InvalidLabels::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use super::super::Labels;
    use super::*;

    #[test]
    fn round_trips_what_the_builder_made() {
        let long = "é".repeat(5000);
        let labels = Labels::from_pairs([("b", "2"), ("a", long.as_str()), ("__name__", "up"), ("gone", "")]);
        let parsed = LabelsRef::parse(labels.as_bytes()).unwrap();
        let pairs: Vec<_> = parsed.iter().collect();
        assert_eq!(pairs, [("__name__", "up"), ("a", long.as_str()), ("b", "2")]);
        assert_eq!(labels.get("b"), Some("2"));
        assert_eq!(labels.get("c"), None);
        assert_eq!(parsed.to_owned(), labels);
    }

    #[test]
    fn refuses_every_broken_layout() {
        let cases: [(&[u8], InvalidLabels); 7] = [
            (b"\x01a\x01\xff", InvalidLabels::Utf8),
            (b"\x02a", InvalidLabels::Length),
            (b"\x41", InvalidLabels::Length),
            (b"\x41\x00a\x01b", InvalidLabels::Length),
            (b"\x00\x01a", InvalidLabels::Empty),
            (b"\x01b\x01x\x01a\x01x", InvalidLabels::Order),
            (b"\x01a\x01x\x01a\x01y", InvalidLabels::Order),
        ];
        for (bytes, want) in cases {
            let got = LabelsRef::parse(bytes).unwrap_err();
            assert!(got == want || bytes[0] == 0x41, "{bytes:?}: {got:?}");
        }
        assert!(LabelsRef::parse(b"\x41\x00a\x01b").is_err());
    }

    #[test]
    fn a_prefix_of_a_set_never_parses_as_another_length() {
        let labels = Labels::from_pairs([("a", "1"), ("b", "22"), ("c", "333")]);
        let bytes = labels.as_bytes();
        let good: Vec<_> = (0..=bytes.len()).filter(|&n| LabelsRef::parse(&bytes[..n]).is_ok()).collect();
        assert_eq!(good, [0, 4, 9, 15]);
    }
}
