//! Which keys every backend accepts.

use crate::Error;

/// The longest key, in bytes (S3's limit).
const MAX_LEN: usize = 1024;

/// Checks a key: segments of printable ASCII without backslash, none empty, `.` or `..`, each at most 255 bytes; the first
/// does not start with a dot (these names belong to the local directory backend).
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    let refuse = |reason| Err(Error::InvalidKey { key: key.chars().take(MAX_LEN).collect(), reason });
    if key.is_empty() || key.len() > MAX_LEN {
        return refuse("it must have 1 to 1024 bytes");
    }
    if key.starts_with('.') {
        return refuse("it starts with a dot");
    }
    for segment in key.split('/') {
        if segment.is_empty() || segment == "." || segment == ".." {
            return refuse("a segment is empty, '.' or '..'");
        }
        if segment.len() > 255 {
            return refuse("a segment is longer than 255 bytes");
        }
        if !segment.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return refuse("a character is not printable ASCII");
        }
    }
    Ok(())
}

/// Checks a prefix for a listing: empty (everything) or a key.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), Error> {
    if prefix.is_empty() { Ok(()) } else { check_key(prefix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_keys_that_would_leave_the_bucket() {
        for good in ["a", "wal/log/1", "tenants/.x/manifest/1", "tenants/a*(b)'!/x"] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for bad in
            ["", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", ".lock", "a\\b", "a b", "ä", "a\0"]
        {
            assert!(check_key(bad).is_err(), "{bad}");
        }
        assert!(check_key(&"a".repeat(256)).is_err());
    }
}
