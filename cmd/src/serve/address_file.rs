//! `<data-dir>/mneme.addr`: where the process listens, for scripts that let it choose the port.

use std::io;
use std::path::Path;

/// The file's name.
const NAME: &str = "mneme.addr";

/// Writes the address and a newline, at once or not at all.
pub(super) fn write(data_dir: &Path, address: &str) -> io::Result<()> {
    let partial = data_dir.join(format!("{NAME}.partial"));
    std::fs::write(&partial, format!("{address}\n"))?;
    std::fs::rename(partial, data_dir.join(NAME))
}
