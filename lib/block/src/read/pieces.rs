//! The pieces of a file that were fetched.

use std::ops::Range;

use bytes::Bytes;

use super::RangeReader;
use super::footer::Footer;
use crate::Error;

/// Pieces of one object, ascending, that do not overlap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    pieces: Vec<(u64, Bytes)>,
}

impl Pieces {
    /// The bytes of a range; `None` if they are not here.
    pub(crate) fn get(&self, range: &Range<u64>) -> Option<Bytes> {
        let at = self.pieces.partition_point(|(start, _)| *start <= range.start).checked_sub(1)?;
        let (start, bytes) = self.pieces.get(at)?;
        let from = usize::try_from(range.start - start).ok()?;
        let len = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        let to = from.checked_add(len).filter(|to| *to <= bytes.len())?;
        Some(bytes.slice(from..to))
    }

    /// Those of these ranges that are here.
    pub(crate) fn part(&self, ranges: &[Range<u64>]) -> Self {
        let here = ranges.iter().filter_map(|range| Some((range.start, self.get(range)?)));
        let mut pieces: Vec<(u64, Bytes)> = here.collect();
        pieces.sort_unstable_by_key(|(start, bytes)| (*start, bytes.len()));
        Self { pieces }
    }

    /// The same in memory of its own.
    pub(crate) fn copy(&self) -> Self {
        let copies = self.pieces.iter().map(|(start, bytes)| (*start, Bytes::copy_from_slice(bytes)));
        Self { pieces: copies.collect() }
    }

    /// These and others, of other ranges.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.pieces.extend(other.pieces.iter().cloned());
        self.pieces.sort_unstable_by_key(|(start, _)| *start);
        self
    }

    /// Fetches what is not here of the ranges of a file's data, with what is needed to check it, and checks it.
    pub(crate) async fn fetch_checked(
        &mut self,
        reader: &dyn RangeReader,
        footer: &Footer,
        ranges: Vec<Range<u64>>,
        gap: u64,
    ) -> Result<(), Error> {
        let missing = ranges.into_iter().filter(|range| self.get(range).is_none());
        let whole = missing.map(|range| footer.whole(range)).collect();
        self.fetch(reader, &footer.key, whole, gap, |start, bytes| footer.check(start, bytes)).await
    }

    /// Fetches what is not here of `ranges`; ranges closer than `gap` come as one. `check` looks at each piece that came.
    pub(crate) async fn fetch(
        &mut self,
        reader: &dyn RangeReader,
        key: &str,
        ranges: Vec<Range<u64>>,
        gap: u64,
        check: impl Fn(u64, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let missing = ranges.into_iter().filter(|range| self.get(range).is_none()).collect();
        let plan = coalesce(missing, gap);
        if plan.is_empty() {
            return Ok(());
        }
        let fetched = reader.get_ranges(key, plan.clone()).await?;
        for (range, bytes) in plan.into_iter().zip(fetched) {
            if bytes.len() as u64 != range.end - range.start {
                return Err(Error::Corrupt {
                    key: key.to_owned(),
                    column: "file".to_owned(),
                    offset: range.start,
                    reason: format!("{} bytes were asked for, {} came", range.end - range.start, bytes.len()),
                });
            }
            check(range.start, &bytes)?;
            // A later, larger piece makes an earlier one inside of it useless.
            self.pieces
                .retain(|(start, old)| !(*start >= range.start && start + old.len() as u64 <= range.end));
            let at = self.pieces.partition_point(|(start, _)| *start < range.start);
            self.pieces.insert(at, (range.start, bytes));
        }
        Ok(())
    }
}

/// Sorts ranges and joins those closer than `gap`.
pub(crate) fn coalesce(mut ranges: Vec<Range<u64>>, gap: u64) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(gap) => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_become_one() {
        let ranges = vec![50..60, 0..10, 12..20, 5..11, 100..100, 90..95];
        assert_eq!(coalesce(ranges.clone(), 2), [0..20, 50..60, 90..95]);
        assert_eq!(coalesce(ranges, 30).first(), Some(&(0..95)));
    }

    #[test]
    fn a_range_is_found_in_the_piece_that_holds_it() {
        let pieces =
            Pieces { pieces: vec![(10, Bytes::from_static(b"abc")), (20, Bytes::from_static(b"xyz"))] };
        assert_eq!(pieces.get(&(11..13)).unwrap(), "bc");
        assert_eq!(pieces.get(&(20..23)).unwrap(), "xyz");
        assert!(pieces.get(&(9..11)).is_none() && pieces.get(&(12..14)).is_none());
        assert!(Pieces::default().get(&(0..1)).is_none());
    }
}
