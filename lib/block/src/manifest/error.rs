//! Why a manifest could not be read or changed.

use mneme_model::TenantId;

/// Why a manifest could not be read or changed. Names the object, the place in it, and what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// What the bucket says. After a commit that ended so it is unknown whether it took place: the same change again tells.
    #[error(transparent)]
    Bucket(#[from] mneme_bucket::Error),
    /// An object of a newer version of the program.
    #[error("{key} has the manifest format {found}; this version reads up to {newest}: upgrade it")]
    UnknownFormat {
        /// The object.
        key: String,
        /// What it says.
        found: u16,
        /// The newest one known here.
        newest: u16,
    },
    /// An object that is not as it was written.
    #[error(
        "{key} is corrupt at byte {offset}: {reason}; `mneme manifest verify` looks at all versions, `mneme manifest rollback` goes \
         back to one that can be read"
    )]
    Corrupt {
        /// The object.
        key: String,
        /// Where reading stopped.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A list of closed days that a version names is not there: the version is older than versions live, or it was deleted.
    #[error(
        "{key} is named by version {version} of the tenant's manifest and is not there: read the newest version; if that is the newest, \
         restore the object, or `mneme manifest rollback` to a version without it"
    )]
    NoList {
        /// The list.
        key: String,
        /// Who names it.
        version: u64,
    },
    /// Others were always faster.
    #[error(
        "the manifest of tenant {tenant} changed {tries} times while this change was to be made: try again"
    )]
    Contended {
        /// Whose.
        tenant: TenantId,
        /// How often it was lost.
        tries: u32,
    },
    /// A change that nobody can make.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Bucket(error) => error.is_transient(),
            Self::Contended { .. } => true,
            _ => false,
        }
    }
}

/// Where and why bytes are no manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Of this format, which is newer.
    Format(u16),
    /// At this byte.
    At(u64, String),
}

impl Broken {
    pub(super) fn at(offset: usize, reason: impl Into<String>) -> Self {
        Self::At(offset as u64, reason.into())
    }

    /// As an error of the object `key`.
    pub(super) fn of(self, key: &str) -> Error {
        match self {
            Self::Format(found) => {
                Error::UnknownFormat { key: key.to_owned(), found, newest: super::frame::FORMAT }
            }
            Self::At(offset, reason) => Error::Corrupt { key: key.to_owned(), offset, reason },
        }
    }
}
