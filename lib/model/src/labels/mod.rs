//! A series' identity: label names and values, sorted by name, in one string.
//!
//! Layout: for each label, sorted by name: `len(name) name len(value) value`. A length is base-64 digits, least first,
//! bit 6 set on all but the last: every length byte is ASCII, so the whole is valid UTF-8 and can be sliced safely.

mod builder;
mod decode;
mod pieces;
mod quote;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use builder::LabelsBuilder;
pub use decode::InvalidLabels;
pub use quote::{Quoted, is_legacy_label_name, is_legacy_metric_name};

/// The label that holds the metric name.
pub const METRIC_NAME: &str = "__name__";

/// An owned label set: sorted, names unique and not empty, values not empty. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Labels(Arc<str>);

/// A borrowed label set in the same layout.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct LabelsRef<'a>(&'a str);

impl Labels {
    /// The empty set.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A set from pairs in any order; of equal names the last wins, empty values are left out.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = LabelsBuilder::new();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    /// The same set, borrowed.
    #[must_use]
    pub fn view(&self) -> LabelsRef<'_> {
        LabelsRef(&self.0)
    }

    /// The value of `name`; `None` if absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.view().get(name)
    }

    /// The metric name, `""` if absent.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.get(METRIC_NAME).unwrap_or("")
    }

    /// The labels in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.view().iter()
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The canonical bytes: equal sets have equal bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// A builder that starts from this set.
    #[must_use]
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder::from(self.view())
    }

    /// The set without the metric name.
    #[must_use]
    pub fn without_metric_name(&self) -> Self {
        if self.get(METRIC_NAME).is_none() {
            return self.clone();
        }
        self.view().filter(|name| name != METRIC_NAME)
    }
}

impl<'a> LabelsRef<'a> {
    /// The labels in order of their names.
    pub fn iter(self) -> Iter<'a> {
        Iter { rest: self.0 }
    }

    /// The value of `name`; `None` if absent.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter()
            .take_while(|(found, _)| *found <= name)
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// An owned copy.
    #[must_use]
    pub fn to_owned(self) -> Labels {
        Labels(self.0.into())
    }

    /// What tells a series from others where its labels are not at hand: [`Self::hash`] with the seed 0. Two series have the
    /// same one with a probability of 2^-64.
    #[must_use]
    pub fn identity(self) -> u64 {
        self.hash(0)
    }

    /// XXH3-64 of the canonical bytes.
    #[must_use]
    pub fn hash(self, seed: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(self.0.as_bytes(), seed)
    }

    /// The labels whose name passes `keep`.
    pub fn filter(self, mut keep: impl FnMut(&str) -> bool) -> Labels {
        let mut text = String::with_capacity(self.0.len());
        for (name, value) in self.iter() {
            if keep(name) {
                push_label(&mut text, name, value);
            }
        }
        Labels(text.into())
    }
}

/// Iterates over `(name, value)` in order of names.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = split_text(self.rest)?;
        let (value, rest) = split_text(rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

/// Splits the first length-prefixed text off; `None` at the end or where the layout is broken.
fn split_text(text: &str) -> Option<(&str, &str)> {
    let mut len = 0usize;
    for (i, digit) in text.bytes().enumerate().take(5) {
        if digit >= 0x80 {
            return None;
        }
        len |= usize::from(digit & 63) << (6 * i);
        if digit & 64 == 0 {
            return text.get(i + 1..)?.split_at_checked(len);
        }
    }
    None
}

/// Appends one label in the canonical layout. The caller keeps names ascending.
fn push_label(text: &mut String, name: &str, value: &str) {
    for part in [name, value] {
        let mut len = part.len();
        while len >= 64 {
            text.push(char::from(64 | (len & 63) as u8));
            len >>= 6;
        }
        text.push(char::from(len as u8));
        text.push_str(part);
    }
}

impl<'a> IntoIterator for LabelsRef<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Ord for LabelsRef<'_> {
    /// Prometheus' order: label by label, name then value, a prefix first.
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0 == other.0 { Ordering::Equal } else { self.iter().cmp(other.iter()) }
    }
}

impl PartialOrd for LabelsRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.view().cmp(&other.view())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Hash for LabelsRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Borrow<[u8]> for Labels {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for LabelsRef<'_> {
    /// As Prometheus prints a metric: `name{a="b"}`; `{}` if empty. A name that is not a legacy name stands quoted in the braces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quote::fmt_metric(*self, f)
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl fmt::Debug for LabelsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
