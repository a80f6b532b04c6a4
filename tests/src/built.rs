//! The binary under measurement, where a program of this crate measures it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// The binary of `given`, or the one built now with this program's own profile, which stands beside it.
///
/// # Errors
/// Where it cannot be built.
pub fn mneme(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        ensure!(path.is_file(), "{} is no file", path.display());
        return Ok(path.to_owned());
    }
    let beside = std::env::current_exe()?.with_file_name("mneme");
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    eprintln!("building mneme ({profile})");
    let status = Command::new("cargo")
        .args(["build", "--package", "mneme-cmd", "--bin", "mneme", "--profile", profile])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("cargo build")?;
    ensure!(status.success(), "cargo build ended with {status}");
    ensure!(beside.is_file(), "{} was not built; name a binary with --mneme", beside.display());
    Ok(beside)
}
