//! Which requests a rule of misbehaviour is for.

use crate::Operation;

/// Some requests: of one operation or all, below one prefix or everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    operation: Option<Operation>,
    prefix: String,
}

impl Scope {
    /// All requests.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// All requests of one operation (a range read is a [`Operation::Get`]).
    #[must_use]
    pub fn of(operation: Operation) -> Self {
        Self { operation: Some(operation), ..Self::default() }
    }

    /// Of these, the ones whose key (or listed prefix) starts with `prefix`.
    #[must_use]
    pub fn below(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    pub(super) fn holds(&self, operation: Operation, key: &str) -> bool {
        self.operation.is_none_or(|own| own == operation) && key.starts_with(&self.prefix)
    }
}
