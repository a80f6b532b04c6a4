//! Entries that are gone: told from the log's end, and passed over.

use std::collections::BTreeSet;

use mneme_model::{Cut, WriterId};

use super::{Log, WriterInfo};
use crate::Error;

/// More entries than this are not missing: some object's name is foreign.
const MOST_MISSING: u64 = 1 << 20;

impl Log {
    /// Passes a hole after the position, if there is one: entries follow it, or segments of writers that joined in it.
    /// `false`: this is the end.
    pub(super) async fn pass_hole(&mut self) -> Result<bool, Error> {
        if let Some(hole) = self.chain.hole(self.position).await? {
            let writers = self.writers_with_segments(Some(*hole.end())).await?;
            self.pass(*hole.end(), &writers)?;
            // What follows says which cut it is.
            self.unknown_cuts += 1 + hole.end() - hole.start();
            return Ok(true);
        }
        if self.writers_known {
            return Ok(false);
        }
        let writers = self.writers_with_segments(None).await?;
        self.writers_known = true;
        let Some(last) = writers.last().copied() else { return Ok(false) };
        if self.chain.read(self.position + 1).await?.is_some() {
            // They joined meanwhile.
            self.writers_known = false;
            return Ok(true);
        }
        let before = self.position;
        self.pass(last, &writers)?;
        // Each may have been a cut, and no cut's number may be given out twice.
        self.cut = Cut(self.cut.0 + (last - before));
        Ok(true)
    }

    /// The numbers after the position, up to `last`, below which there are segments.
    async fn writers_with_segments(&self, last: Option<u64>) -> Result<BTreeSet<u64>, Error> {
        let directory = |number: u64| format!("wal/{number:020}");
        let until = last.map_or_else(|| super::PREFIX.to_owned(), |last| directory(last + 1));
        let keys = self.chain.bucket().keys("wal", Some(&directory(self.position + 1)), Some(&until)).await?;
        let name = |key: &str| {
            key.strip_prefix("wal/")?.split('/').next().filter(|name| name.len() == 20)?.parse().ok()
        };
        let numbers = keys.iter().filter_map(|key| name(key));
        Ok(numbers
            .filter(|number| *number > self.position && last.is_none_or(|last| *number <= last))
            .collect())
    }

    /// Goes to entry `last`; each of `writers` joined on the way.
    fn pass(&mut self, last: u64, writers: &BTreeSet<u64>) -> Result<(), Error> {
        let (missing, key) = (last - self.position, self.chain.key(self.position + 1));
        if missing > MOST_MISSING {
            let reason =
                format!("entries are missing up to {last}: too many to be true, look for a foreign object");
            return Err(Error::Corrupt { key, offset: 0, reason });
        }
        tracing::error!(
            key,
            missing,
            last = self.chain.key(last),
            writers = writers.len(),
            "entries of the write-ahead log are missing: reading goes on after them, with the writers whose segments are there"
        );
        self.missing += missing;
        self.position = last;
        for number in writers {
            let (writer, cut) = (WriterId(*number), self.cut);
            let (instance, zone) = (String::new(), String::new());
            self.writers.insert(writer, WriterInfo { writer, instance, zone, joined: 0, cut });
        }
        Ok(())
    }
}
