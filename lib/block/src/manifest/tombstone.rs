//! Deletions that are not yet carried out in the blocks.

use mneme_model::{Cut, InvalidRegex, MatchOp, Matcher, TimestampMs};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::read::Deletion;

/// Samples that are to be left out: those of all series that fulfil the matchers, in a time range, stamped below a cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Its name.
    pub id: Ulid,
    /// All of them must be fulfilled.
    pub matchers: Vec<TombstoneMatcher>,
    /// First time (milliseconds), inclusive.
    pub start: TimestampMs,
    /// Last time (milliseconds), inclusive.
    pub end: TimestampMs,
    /// What was stamped from this cut on came after the deletion and stays.
    #[serde(with = "cut")]
    pub below: Cut,
}

/// A matcher as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TombstoneMatcher {
    /// The label.
    pub name: String,
    /// `=`, `!=`, `=~` or `!~`.
    #[serde(with = "op")]
    pub op: MatchOp,
    /// A value or a regular expression.
    pub value: String,
}

impl Tombstone {
    /// What it takes out of blocks.
    ///
    /// # Errors
    /// A regular expression that does not compile.
    pub fn deletion(&self) -> Result<Deletion, InvalidRegex> {
        let matchers = self.matchers.iter().map(TombstoneMatcher::matcher).collect::<Result<_, _>>()?;
        Ok(Deletion { matchers, start: self.start, end: self.end })
    }
}

impl From<&Matcher> for TombstoneMatcher {
    fn from(matcher: &Matcher) -> Self {
        Self { name: matcher.name().to_owned(), op: matcher.op(), value: matcher.value().to_owned() }
    }
}

impl TombstoneMatcher {
    /// The matcher.
    ///
    /// # Errors
    /// A regular expression that does not compile.
    pub fn matcher(&self) -> Result<Matcher, InvalidRegex> {
        Matcher::new(self.op, &self.name, &self.value)
    }
}

pub(super) mod cut {
    use mneme_model::Cut;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(cut: &Cut, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(cut.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cut, D::Error> {
        u64::deserialize(deserializer).map(Cut)
    }
}

mod op {
    use mneme_model::MatchOp;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    const ALL: [MatchOp; 4] = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];

    pub(super) fn serialize<S: Serializer>(op: &MatchOp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(op)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MatchOp, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = ALL.into_iter().find(|op| op.to_string() == text);
        known.ok_or_else(|| D::Error::custom(format!("{text:?} is not one of =, !=, =~, !~")))
    }
}
