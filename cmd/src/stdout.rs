//! A command's answer.

use std::io::Write;

/// Prints a line, or several. Whoever closed the pipe has read enough.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
