//! Keeps the heads within their budget: over it samples go into local files; where that is not enough, nothing more is taken.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use mneme_head::SpillFile;
use mneme_model::Cut;

use crate::Error;
use crate::ingester::Shared;

/// Whether the heads have everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// They take in what is delivered and read.
    Fresh = 0,
    /// They are full: nothing is taken in, and nothing is answered.
    Behind = 1,
    /// There is room again, and what was left is being read: nothing is answered until then.
    CatchingUp = 2,
}

/// The heads' budget and where they stand.
pub(crate) struct Memory {
    limit: u64,
    directory: Option<PathBuf>,
    next_file: AtomicU64,
    state: AtomicU8,
}

impl Memory {
    /// A budget of `limit` bytes; files for spilled samples go into `directory`, which is emptied.
    pub(crate) fn new(limit: u64, directory: Option<PathBuf>) -> Result<Self, String> {
        if let Some(directory) = &directory {
            empty(directory).map_err(|error| {
                format!("the directory {} for spilled samples: {error}", directory.display())
            })?;
        }
        Ok(Self { limit, directory, next_file: AtomicU64::new(0), state: AtomicU8::new(State::Fresh as u8) })
    }

    /// The budget in bytes.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Over this, nothing more is taken until there is room: an eighth more than the budget.
    pub(crate) fn hard_limit(&self) -> u64 {
        self.limit.saturating_add(self.limit / 8)
    }

    /// Below this there is room again: a sixteenth less than the budget.
    pub(crate) fn low(&self) -> u64 {
        self.limit - self.limit / 16
    }

    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Fresh,
            1 => State::Behind,
            _ => State::CatchingUp,
        }
    }

    pub(crate) fn set(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// A new file for spilled samples; `None` without a directory.
    fn file(&self) -> Option<std::io::Result<Arc<SpillFile>>> {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.as_ref()?.join(format!("{number:08}"));
        Some(SpillFile::create(&path))
    }
}

impl Shared {
    /// Bytes of the heads.
    pub(crate) fn head_bytes(&self) -> u64 {
        self.partitions.figures().bytes as u64
    }

    /// Spills the generations below `cut` if the heads are over their budget, and all of them if that is not enough.
    pub(crate) async fn relieve(&self, cut: Cut) -> Result<(), Error> {
        let mut below = cut;
        while self.head_bytes() > self.memory.limit() {
            let before = self.head_bytes();
            self.spill(below).await?;
            if self.head_bytes() <= self.memory.limit() || below == Cut(u64::MAX) {
                break;
            }
            tracing::info!(
                before,
                now = self.head_bytes(),
                "spilling what is below a cut was not enough: all samples are spilled"
            );
            below = Cut(u64::MAX);
        }
        Ok(())
    }

    /// Moves the samples of the generations below `cut` into a local file. A disk that fails is reported: they stay in memory.
    pub(crate) async fn spill(&self, below: Cut) -> Result<(), Error> {
        let file = match self.memory.file() {
            None => return Ok(()),
            Some(Ok(file)) => file,
            Some(Err(error)) => {
                self.metrics.spill_failures.inc();
                tracing::warn!(%error, "samples cannot be spilled: no file");
                return Ok(());
            }
        };
        let partitions = self.partitions.clone();
        let work = tokio::task::spawn_blocking(move || {
            let mut bytes = 0;
            for head in partitions.iter() {
                match head.spill(below, &file) {
                    Ok(spilled) => bytes += spilled.bytes,
                    Err(error) => return (bytes, Some((file.path().display().to_string(), error))),
                }
            }
            (bytes, None)
        });
        let (bytes, failure) = work.await.map_err(|_| Error::Apply)?;
        self.metrics.spilled_bytes.inc_by(bytes);
        match failure {
            None => {
                tracing::info!(bytes, below = %below, "the heads are over their budget: samples are spilled to disk");
            }
            Some((path, error)) => {
                self.metrics.spill_failures.inc();
                tracing::warn!(path, %error, bytes, "samples cannot be spilled: the rest stays in memory");
            }
        }
        Ok(())
    }

    /// Where the heads stand after a look at them: says when they are full, and when there is room again.
    pub(crate) fn judge_memory(&self) {
        let bytes = self.head_bytes();
        match self.memory.state() {
            State::Behind if bytes <= self.memory.low() => {
                tracing::info!(
                    bytes,
                    limit = self.memory.limit(),
                    "there is room for recent data again: reading what was left"
                );
                self.memory.set(State::CatchingUp);
            }
            State::Fresh | State::CatchingUp if bytes > self.memory.hard_limit() => {
                tracing::warn!(
                    bytes,
                    limit = self.memory.limit(),
                    "recent data takes more memory than it may: nothing more is taken from the write-ahead log and no question is answered; \
                     writes stay durable. Raise ingester.max_head_bytes, give the machine more memory, or lower the number of series"
                );
                self.memory.set(State::Behind);
            }
            _ => {}
        }
        self.metrics.behind.set(i64::from(self.memory.state() != State::Fresh));
    }
}

/// Makes the directory, without anything in it.
fn empty(directory: &PathBuf) -> std::io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(directory)
}
