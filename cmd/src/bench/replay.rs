//! Snapshots of one scraped process, sent as if many such processes were scraped.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};

use super::snapshot::{self, Snapshots};
use super::workload::{Source, TargetSeries};

/// A long window, as `zstd --long=27` writes; a frame that wants more is refused.
const LARGEST_WINDOW: u32 = 27;
/// The longest text that is read.
const LARGEST_TEXT: u64 = 4 << 30;

/// The snapshots and how many instances send them.
pub(super) struct Replay {
    snapshots: Snapshots,
    instances: u64,
}

impl Replay {
    /// Reads snapshots from a file, compressed if its name ends in `.zst`.
    ///
    /// # Errors
    /// What cannot be read, with the line.
    pub(super) fn open(path: &Path, instances: u32) -> anyhow::Result<Self> {
        let text = read(path).with_context(|| format!("read {}", path.display()))?;
        let snapshots = snapshot::parse(&text).with_context(|| path.display().to_string())?;
        ensure!(instances > 0, "--instances must be above 0");
        Ok(Self { snapshots, instances: instances.into() })
    }

    /// How many snapshots there are.
    pub(super) fn snapshots(&self) -> u32 {
        self.snapshots.count as u32
    }

    /// How many different series all snapshots hold.
    pub(super) fn series_per_instance(&self) -> usize {
        self.snapshots.series.len()
    }

    /// The label `instance` of a target.
    pub(super) fn instance(target: u64) -> String {
        format!("10.0.{}.{}:9100", target / 256, target % 256)
    }

    /// The series of an instance that sends `steps` snapshots; each begins at another one, as far as there are enough.
    pub(super) fn target(&self, target: u64, steps: u32) -> TargetSeries {
        let spare = u64::from(self.snapshots().saturating_sub(steps));
        let offset = (spare * target / self.instances.max(1)) as u32;
        let row = |(row, labels): (usize, &Vec<(String, String)>)| {
            let mut labels = labels.clone();
            labels.retain(|(name, _)| name != "instance" && name != "job");
            labels.push(("instance".to_owned(), Self::instance(target)));
            labels.push(("job".to_owned(), "node".to_owned()));
            labels.sort_unstable();
            (labels, Source::Row { row: row as u32, offset })
        };
        self.snapshots.series.iter().enumerate().map(row).collect()
    }

    /// The value of a series in a snapshot.
    pub(super) fn value(&self, row: u32, snapshot: u32) -> Option<f64> {
        *self.snapshots.values.get(row as usize)?.get(snapshot as usize)?
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let file = File::open(path)?;
    let mut text = String::new();
    let read = if path.extension().is_some_and(|extension| extension == "zst") {
        let mut decoder = zstd::Decoder::new(file)?;
        decoder.window_log_max(LARGEST_WINDOW)?;
        decoder.take(LARGEST_TEXT).read_to_string(&mut text)?
    } else {
        file.take(LARGEST_TEXT).read_to_string(&mut text)?
    };
    ensure!((read as u64) < LARGEST_TEXT, "more than {LARGEST_TEXT} bytes of text");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_send_the_same_series_from_different_snapshots() {
        let text = "# SNAPSHOT 1\na 1\n# SNAPSHOT 2\na 2\n# SNAPSHOT 3\na 3\n";
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("x.prom");
        std::fs::write(&plain, text).unwrap();
        let packed = dir.path().join("x.prom.zst");
        std::fs::write(&packed, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
        for path in [plain, packed] {
            let replay = Replay::open(&path, 2).unwrap();
            assert_eq!((replay.snapshots(), replay.series_per_instance()), (3, 1));
            let sources: Vec<_> = (0..2).map(|target| replay.target(target, 1)[0].1).collect();
            assert!(matches!(sources[0], Source::Row { row: 0, offset: 0 }), "{sources:?}");
            assert!(matches!(sources[1], Source::Row { row: 0, offset: 1 }), "{sources:?}");
            assert_eq!(replay.value(0, 2), Some(3.0));
            assert_eq!(replay.value(0, 3), None);
        }
        assert!(Replay::open(&dir.path().join("absent"), 1).is_err());
    }
}
