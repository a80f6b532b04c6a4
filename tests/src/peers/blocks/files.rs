//! How many bytes of a server's files hold samples, and how many say whose they are.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::super::Peer;

/// Bytes of blocks, and the samples in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Samples in blocks. Prometheus keeps the newest hours elsewhere.
    pub in_blocks: u64,
    /// Bytes of timestamps and values, with what finds them.
    pub samples: u64,
    /// Bytes of labels and of what finds series by them.
    pub index: u64,
}

impl Size {
    /// Of a server that has ended, of its data directory; `sent` are the samples that it took.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub(super) fn of(peer: Peer, data: &Path, sent: u64) -> anyhow::Result<Self> {
        let mut size = Self { in_blocks: sent, ..Self::default() };
        match peer {
            Peer::Mneme => walk(&data.join("bucket/tenants"), &mut |path, bytes| match path
                .file_name()
                .and_then(|name| name.to_str())
            {
                Some("samples.parquet" | "hist.parquet") => size.samples += bytes,
                Some("series.parquet" | "metadata.parquet" | "exemplars.parquet") => size.index += bytes,
                _ => {}
            })?,
            Peer::VictoriaMetrics => {
                walk(&data.join("data"), &mut |_, bytes| size.samples += bytes)?;
                walk(&data.join("indexdb"), &mut |_, bytes| size.index += bytes)?;
            }
            Peer::Prometheus => {
                size.in_blocks = 0;
                for entry in std::fs::read_dir(data)? {
                    let block = entry?.path();
                    let Ok(text) = std::fs::read(block.join("meta.json")) else { continue };
                    let meta: Value = serde_json::from_slice(&text)?;
                    size.in_blocks += meta["stats"]["numSamples"].as_u64().context("meta.json")?;
                    walk(&block.join("chunks"), &mut |_, bytes| size.samples += bytes)?;
                    size.index += std::fs::metadata(block.join("index"))?.len();
                }
            }
        }
        Ok(size)
    }

    /// Bytes per sample: of samples, of labels.
    #[must_use]
    pub fn per_sample(&self) -> (f64, f64) {
        let samples = self.in_blocks.max(1) as f64;
        (self.samples as f64 / samples, self.index as f64 / samples)
    }
}

fn walk(directory: &Path, see: &mut dyn FnMut(&Path, u64)) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            walk(&entry.path(), see)?;
        } else {
            see(&entry.path(), metadata.len());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_by_what_they_hold() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: usize| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, vec![b' '; bytes]).unwrap();
        };
        write("bucket/tenants/a/blocks/X/0000/samples.parquet", 100);
        write("bucket/tenants/a/blocks/X/0000/series.parquet", 10);
        write("bucket/tenants/a/blocks/X/0001/samples.parquet", 200);
        write("bucket/tenants/a/manifest/1", 7);
        write("bucket/wal/1", 7);
        let size = Size::of(Peer::Mneme, directory.path(), 300).unwrap();
        assert_eq!(size, Size { in_blocks: 300, samples: 300, index: 10 });
        assert_eq!(size.per_sample(), (1.0, 10.0 / 300.0));
        write("01X/chunks/000001", 50);
        write("01X/index", 5);
        std::fs::write(directory.path().join("01X/meta.json"), r#"{"stats": {"numSamples": 40}}"#).unwrap();
        let size = Size::of(Peer::Prometheus, directory.path(), 300).unwrap();
        assert_eq!(size, Size { in_blocks: 40, samples: 50, index: 5 });
    }
}
