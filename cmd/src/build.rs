//! What was built.

/// The version, as in `Cargo.toml`.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, where whoever builds tells it by `MNEME_REVISION`.
pub(crate) const REVISION: &str = match option_env!("MNEME_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};
