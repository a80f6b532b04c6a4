//! One condition of a selector.

mod analysis;

use std::fmt;
use std::sync::Arc;

use regex::Regex;

use analysis::Shape;

/// `=`, `!=`, `=~`, `!~`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the field's own words")]
pub enum MatchOp {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        })
    }
}

/// A condition on one label; an absent label has the value `""`.
///
/// Regular expressions are anchored at both ends and `.` matches newlines, as in Prometheus 3.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: Arc<str>,
    op: MatchOp,
    value: Arc<str>,
    regex: Option<Arc<Compiled>>,
}

/// A regular expression, and what is known of it without running it.
#[derive(Debug)]
struct Compiled {
    regex: Regex,
    shape: Shape,
}

/// A regular expression that does not compile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid regular expression {pattern:?}: {reason}")]
pub struct InvalidRegex {
    /// As it was given.
    pub pattern: String,
    /// What the compiler says.
    pub reason: String,
}

impl Matcher {
    /// A matcher; fails only for a regular expression that does not compile.
    pub fn new(op: MatchOp, name: &str, value: &str) -> Result<Self, InvalidRegex> {
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => {
                Some(Arc::new(Compiled { regex: anchored(value)?, shape: analysis::analyse(value) }))
            }
        };
        Ok(Self { name: name.into(), op, value: value.into(), regex })
    }

    /// `name="value"`, which cannot fail.
    #[must_use]
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), regex: None }
    }

    /// The label's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    #[must_use]
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value or pattern as it was written.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label of this value (`""` for an absent label) fulfils the condition.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match self.op {
            MatchOp::Equal => *self.value == *value,
            MatchOp::NotEqual => *self.value != *value,
            MatchOp::Regex => self.regex_matches(value),
            MatchOp::NotRegex => !self.regex_matches(value),
        }
    }

    /// Whether series without the label fulfil the condition.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    fn regex_matches(&self, value: &str) -> bool {
        self.regex.as_ref().is_some_and(|compiled| compiled.matches(value))
    }

    /// The only values that the matcher's regular expression matches (for `!~`: that the matcher refuses), sorted, each once,
    /// where they are few (`a|b`, `x[12]?`). `None` for `=` and `!=`, and where they cannot be listed.
    #[must_use]
    pub fn set_values(&self) -> Option<&[Box<str>]> {
        match &self.regex.as_ref()?.shape {
            Shape::Values(values) => Some(values),
            _ => None,
        }
    }

    /// Whether the matcher's regular expression is known to match every value but perhaps `""` (`.*`, `.+`).
    #[must_use]
    pub fn matches_every_text(&self) -> bool {
        self.regex.as_ref().is_some_and(|it| matches!(it.shape, Shape::Anything | Shape::NotEmpty))
    }

    /// What every value starts with that the matcher's regular expression matches (for `!~`: that the matcher refuses).
    /// `None` for `=` and `!=`, and where nothing is known.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        match &self.regex.as_ref()?.shape {
            Shape::Prefix { prefix, .. } | Shape::Other { prefix, .. } if !prefix.is_empty() => Some(prefix),
            Shape::Values(values) if values.len() == 1 && !values[0].is_empty() => Some(&values[0]),
            _ => None,
        }
    }

    /// What every value ends with that the matcher's regular expression matches, as [`Self::prefix`].
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        match &self.regex.as_ref()?.shape {
            Shape::Suffix { suffix, .. } | Shape::Other { suffix, .. } if !suffix.is_empty() => Some(suffix),
            Shape::Values(values) if values.len() == 1 && !values[0].is_empty() => Some(&values[0]),
            _ => None,
        }
    }
}

impl Compiled {
    fn matches(&self, value: &str) -> bool {
        match &self.shape {
            Shape::Values(values) => values.binary_search_by(|known| (**known).cmp(value)).is_ok(),
            Shape::Anything => true,
            Shape::NotEmpty => !value.is_empty(),
            Shape::Prefix { prefix, more } => {
                value.starts_with(&**prefix) && value.len() >= prefix.len() + more
            }
            Shape::Suffix { suffix, more } => {
                value.ends_with(&**suffix) && value.len() >= suffix.len() + more
            }
            Shape::Infix { infix } => value.contains(&**infix),
            Shape::Other { prefix, suffix } => {
                value.starts_with(&**prefix) && value.ends_with(&**suffix) && self.regex.is_match(value)
            }
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.name == other.name && self.value == other.value
    }
}

impl Eq for Matcher {}

impl fmt::Display for Matcher {
    /// As PromQL prints it: `name=~"value"`, the name quoted where it is not a legacy name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if crate::labels::is_legacy_label_name(&self.name) {
            f.write_str(&self.name)?;
        } else {
            write!(f, "{}", crate::labels::Quoted(&self.name))?;
        }
        write!(f, "{}{}", self.op, crate::labels::Quoted(&self.value))
    }
}

fn anchored(pattern: &str) -> Result<Regex, InvalidRegex> {
    regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(1 << 24)
        .build()
        .map_err(|error| InvalidRegex { pattern: pattern.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions_are_anchored_and_dots_match_newlines() {
        let matcher = Matcher::new(MatchOp::Regex, "job", "a.c|b").unwrap();
        assert!(matcher.matches("a\nc") && matcher.matches("b"));
        assert!(!matcher.matches("xa.c") && !matcher.matches("bb") && !matcher.matches_empty());
        let matcher = Matcher::new(MatchOp::NotRegex, "job", "a+").unwrap();
        assert!(matcher.matches_empty() && !matcher.matches("aa"));
    }

    #[test]
    fn prints_as_promql() {
        let matcher = Matcher::new(MatchOp::NotEqual, "job", "a\"b\\\n").unwrap();
        assert_eq!(matcher.to_string(), r#"job!="a\"b\\\n""#);
        assert_eq!(Matcher::equal("my.name", "x").to_string(), r#""my.name"="x""#);
    }
}
