//! The name of an isolated department.

use std::fmt;
use std::sync::Arc;

/// A tenant's name: 1 to 150 characters of `A-Z a-z 0-9 ! - _ . * ' ( )`, neither `.` nor `..`
/// (Mimir's and Cortex's rule for `X-Scope-OrgID`). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

/// Why a tenant name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTenant {
    /// The empty string.
    #[error("tenant ID is empty")]
    Empty,
    /// More than [`TenantId::MAX_LEN`] bytes.
    #[error("tenant ID is too long: max {max} characters, got {len}", max = TenantId::MAX_LEN)]
    TooLong {
        /// The length in bytes that was found.
        len: usize,
    },
    /// `.` or `..`, which would be folders.
    #[error("tenant ID is '.' or '..'")]
    Unsafe,
    /// A character outside of the allowed set.
    #[error("tenant ID '{tenant}' contains unsupported character '{character}'")]
    Character {
        /// The name as it was given.
        tenant: String,
        /// The first offending character.
        character: char,
    },
}

impl TenantId {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 150;

    /// Checks `name` against the rule above.
    pub fn new(name: &str) -> Result<Self, InvalidTenant> {
        if name.is_empty() {
            return Err(InvalidTenant::Empty);
        }
        if let Some(character) =
            name.chars().find(|c| !(c.is_ascii_alphanumeric() || "!-_.*'()".contains(*c)))
        {
            return Err(InvalidTenant::Character {
                tenant: name.chars().take(Self::MAX_LEN).collect(),
                character,
            });
        }
        if name.len() > Self::MAX_LEN {
            return Err(InvalidTenant::TooLong { len: name.len() });
        }
        if name == "." || name == ".." {
            return Err(InvalidTenant::Unsafe);
        }
        Ok(Self(name.into()))
    }

    /// The tenant of requests without a tenant where none is required.
    #[must_use]
    pub fn anonymous() -> Self {
        Self("anonymous".into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_documented_characters_and_refuses_the_rest() {
        assert_eq!(TenantId::new("team-A_1.x*'()!").unwrap().as_str(), "team-A_1.x*'()!");
        assert_eq!(TenantId::new(""), Err(InvalidTenant::Empty));
        assert_eq!(TenantId::new(".."), Err(InvalidTenant::Unsafe));
        assert_eq!(TenantId::new(&"a".repeat(151)), Err(InvalidTenant::TooLong { len: 151 }));
        for bad in ["a/b", "a|b", "a b", "ä", "a\0"] {
            assert!(matches!(TenantId::new(bad), Err(InvalidTenant::Character { .. })), "{bad:?}");
        }
    }
}
