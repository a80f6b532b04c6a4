//! The pages that a part's next series need: a stretch of it.

use std::ops::Range;
use std::sync::Arc;

use futures::future::try_join_all;

use super::access::Access;
use super::footer::Footer;
use super::pieces::{Pieces, coalesce};
use crate::Error;

/// What is to be fetched for [`super::PartCursor`]. Owns all that it needs, so that it may run anywhere.
pub struct Fetch {
    access: Access,
    files: Vec<(Arc<Footer>, Vec<Range<u64>>)>,
    pub(crate) slices: usize,
    bytes: u64,
}

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// As many as there are files.
    pub(crate) pieces: Vec<Pieces>,
    pub(crate) slices: usize,
}

impl Fetch {
    /// These ranges of files, which are so many slices.
    pub(crate) fn new(access: Access, files: Vec<(Arc<Footer>, Vec<Range<u64>>)>, slices: usize) -> Self {
        let gap = access.options.coalesce_bytes;
        let of_file = |(footer, ranges): &(Arc<Footer>, Vec<Range<u64>>)| {
            let ranges = coalesce(ranges.iter().map(|range| footer.whole(range.clone())).collect(), gap);
            ranges.iter().map(|range| range.end - range.start).sum::<u64>()
        };
        let bytes = files.iter().map(of_file).sum();
        Self { access, files, slices, bytes }
    }

    /// How many bytes will come.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fetches and checks them.
    ///
    /// # Errors
    /// [`Error::Missing`] where the block is gone, bytes that are not those that were written, what the bucket says.
    pub async fn run(self) -> Result<Fetched, Error> {
        let gap = self.access.options.coalesce_bytes;
        let reader = &*self.access.reader;
        let fetch = |(footer, ranges): (Arc<Footer>, Vec<Range<u64>>)| async move {
            let mut pieces = Pieces::default();
            pieces.fetch_checked(reader, &footer, ranges, gap).await?;
            Ok::<_, Error>(pieces)
        };
        let pieces = try_join_all(self.files.into_iter().map(fetch)).await?;
        Ok(Fetched { pieces, slices: self.slices })
    }
}
