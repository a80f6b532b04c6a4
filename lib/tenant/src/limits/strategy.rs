//! The choices among a tenant's limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of a label value over its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LabelValueStrategy {
    /// The series is refused.
    #[default]
    Error,
    /// The beginning stays, followed by a hash of the whole value.
    Truncate,
    /// Only a hash of the whole value stays.
    Drop,
}

impl LabelValueStrategy {
    /// The bytes of `(hash:<32 hex digits>)`, which stands for what was cut off.
    pub const HASH_LEN: usize = 39;

    /// The smallest limit that this strategy can keep.
    #[must_use]
    pub fn shortest(self) -> usize {
        if self == Self::Error { 0 } else { Self::HASH_LEN }
    }
}

/// Which metric and label names are valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NameValidation {
    /// Every non-empty UTF-8 text.
    #[default]
    Utf8,
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, without colons in label names.
    Legacy,
}
