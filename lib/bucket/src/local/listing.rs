//! What lies in a directory, as objects.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::Object;

/// The objects in and below directory `start`, whose own key is `prefix`, after the key `after`, ascending.
pub(super) fn list(start: PathBuf, prefix: &str, after: Option<&str>) -> io::Result<Vec<Object>> {
    let mut found = Vec::new();
    let mut directories = vec![(start, prefix.to_owned())];
    while let Some((directory, key)) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                continue;
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if key.is_empty() && name.starts_with('.') {
                continue;
            }
            let key = if key.is_empty() { name } else { format!("{key}/{name}") };
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if after.is_some_and(|after| is_before(&key, is_dir, after)) {
                continue;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => directories.push((entry.path(), key)),
                Ok(metadata) => found.push(object(key, &metadata)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

/// The directories right below a directory; none where it is absent.
pub(super) fn folders(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(entry.file_name().into_string());
        }
    }
    Ok(found)
}

/// What a file's metadata say of the object.
pub(super) fn object(key: String, metadata: &fs::Metadata) -> Object {
    let modified =
        metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Object { key, size: metadata.len(), modified_ms: i64::try_from(modified.as_millis()).unwrap_or(i64::MAX) }
}

/// Whether the object of that key, or all below the directory of that key, is `after` or before it: not worth a look.
fn is_before(key: &str, is_dir: bool, after: &str) -> bool {
    if !is_dir {
        return key <= after;
    }
    let below = format!("{key}/");
    !after.starts_with(&below) && below.as_str() < after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_passes_over_what_is_before_its_start_and_nothing_else() {
        for (key, is_dir, after, before) in [
            ("a/1", false, "a/1", true),
            ("a/2", false, "a/1", false),
            ("a", true, "a/1", false),
            ("a", true, "a", false),
            ("a", true, "b", true),
            ("a", true, "a-", false),
            ("a", true, "a0", true),
            ("b", true, "a/1", false),
        ] {
            assert_eq!(is_before(key, is_dir, after), before, "{key} after {after}");
        }
    }
}
