//! Checksums of a file's data: one CRC-32C per sector, kept in the footer, which the manifest's checksum covers.

use std::ops::Range;

/// Bytes of data that have one checksum, counted from the start of the file; the last sector ends with the data.
pub(crate) const SECTOR: u64 = 32 << 10;

/// The key of the checksums in the footer.
pub(crate) const KEY: &str = "mneme.crc32c";

/// The checksums of all sectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checks {
    sectors: Vec<u32>,
}

/// Takes bytes as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checker {
    sectors: Vec<u32>,
    open: u32,
    filled: usize,
}

impl Checker {
    /// The next bytes of the file.
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(SECTOR as usize - self.filled));
            self.open = crc32c::crc32c_append(self.open, now);
            self.filled += now.len();
            if self.filled == SECTOR as usize {
                self.sectors.push(std::mem::take(&mut self.open));
                self.filled = 0;
            }
            bytes = later;
        }
    }

    /// Those of all bytes so far.
    pub(crate) fn finish(mut self) -> Checks {
        if self.filled > 0 {
            self.sectors.push(self.open);
        }
        Checks { sectors: self.sectors }
    }
}

impl Checks {
    /// Eight hexadecimal digits each.
    pub(crate) fn text(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(8 * self.sectors.len());
        for sector in &self.sectors {
            let _ = write!(text, "{sector:08x}");
        }
        text
    }

    /// Reads [`Self::text`]; `None` where it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes().as_chunks::<8>();
        if !digits.1.is_empty() {
            return None;
        }
        let number = |digits: &[u8; 8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        Some(Self { sectors: digits.0.iter().map(number).collect::<Option<_>>()? })
    }

    /// Whether there are as many as so many bytes of data need.
    pub(crate) fn fit(&self, data: u64) -> bool {
        self.sectors.len() as u64 == data.div_ceil(SECTOR)
    }

    /// The whole sectors that a range of data lies in.
    pub(crate) fn whole(range: &Range<u64>, data: u64) -> Range<u64> {
        let end = range.end.checked_next_multiple_of(SECTOR).unwrap_or(u64::MAX);
        range.start - range.start % SECTOR..end.min(data).max(range.end)
    }

    /// Where the first sector starts that differs, of those that lie in `bytes` as a whole; `bytes` start at `start` in the file.
    pub(crate) fn broken(&self, start: u64, bytes: &[u8], data: u64) -> Option<u64> {
        let end = start.saturating_add(bytes.len() as u64).min(data);
        let first = start.div_ceil(SECTOR);
        let at = |sector: u64| usize::try_from(sector.checked_sub(start)?).ok();
        (first..).map(|number| number * SECTOR).take_while(|from| *from < end).find(|from| {
            let to = (from + SECTOR).min(data);
            let sector = at(*from).zip(at(to)).and_then(|(from, to)| bytes.get(from..to));
            let want = usize::try_from(from / SECTOR).ok().and_then(|number| self.sectors.get(number));
            sector.is_some_and(|sector| Some(&crc32c::crc32c(sector)) != want)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_whole_sectors_is_found() {
        let data: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        let mut checker = Checker::default();
        data.chunks(777).for_each(|piece| checker.add(piece));
        let checks = checker.finish();
        let size = data.len() as u64;
        assert!(checks.fit(size) && !checks.fit(size + SECTOR));
        assert_eq!(Checks::parse(&checks.text()), Some(checks.clone()));
        assert!(Checks::parse("0123456x").is_none() && Checks::parse("0123").is_none());
        assert_eq!(checks.broken(0, &data, size), None);
        for at in [0usize, 32_767, 32_768, 70_000, 99_999] {
            let mut bad = data.clone();
            bad[at] ^= 16;
            let sector = at as u64 / SECTOR * SECTOR;
            assert_eq!(checks.broken(0, &bad, size), Some(sector));
            let range = Checks::whole(&(at as u64..at as u64 + 1), size);
            let piece = &bad[range.start as usize..range.end as usize];
            assert_eq!(checks.broken(range.start, piece, size), Some(sector));
        }
        // A sector that is there in part is not looked at.
        assert_eq!(checks.broken(5, &data[5..40_000], size), None);
        assert_eq!(Checks::whole(&(99_000..99_500), size), 98_304..100_000);
    }
}
