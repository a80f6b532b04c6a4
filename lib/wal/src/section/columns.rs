//! Columns of integers as differences: samples of one scrape lie side by side, so most differences take one byte.

use super::wire::put_zigzag;

/// A growing column.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnWriter {
    bytes: Vec<u8>,
    last: i64,
}

/// Reads a column. Never fails: what [`is_column`] has not let through gives wrong numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ColumnReader<'a> {
    rest: &'a [u8],
    last: i64,
}

impl ColumnWriter {
    /// Appends the difference to the number before; the first one's is to 0.
    #[inline]
    pub(crate) fn push(&mut self, number: i64) {
        self.put(number.wrapping_sub(self.last));
        self.last = number;
    }

    /// Appends the difference to one more than the number before; the first one's is to 0.
    #[inline]
    pub(crate) fn push_ascending(&mut self, number: u32) {
        self.put(i64::from(number) - self.last);
        self.last = i64::from(number) + 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    fn put(&mut self, difference: i64) {
        if (-64..64).contains(&difference) {
            self.bytes.push((difference << 1 ^ difference >> 63) as u8);
        } else {
            put_zigzag(&mut self.bytes, difference);
        }
    }
}

/// Whether the bytes are a column of so many numbers.
pub(crate) fn is_column(bytes: &[u8], count: usize) -> bool {
    let ends = bytes.iter().filter(|byte| **byte < 0x80).count();
    ends == count && bytes.last().is_none_or(|last| *last < 0x80)
}

impl<'a> ColumnReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, last: 0 }
    }

    /// The next number that was pushed.
    #[inline]
    pub(crate) fn next_number(&mut self) -> i64 {
        self.last = self.last.wrapping_add(self.difference());
        self.last
    }

    /// The next number that was pushed as ascending.
    #[inline]
    pub(crate) fn next_ascending(&mut self) -> u32 {
        let number = self.last.wrapping_add(self.difference());
        self.last = number.wrapping_add(1);
        // One that was never pushed becomes one that was never given out.
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    #[inline]
    fn difference(&mut self) -> i64 {
        let zigzag = match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                u64::from(*byte)
            }
            _ => self.long(),
        };
        (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed()
    }

    fn long(&mut self) -> u64 {
        let mut value = 0;
        let mut shift = 0;
        while let [byte, rest @ ..] = self.rest {
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if *byte < 0x80 {
                break;
            }
            shift = shift.saturating_add(7);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_come_back_and_neighbours_take_a_byte() {
        let numbers =
            [0, 1, -1, i64::MAX, i64::MIN, i64::MIN + 64, 5, 5, 1_700_000_000_000, 1_700_000_000_063];
        let mut column = ColumnWriter::default();
        numbers.iter().for_each(|number| column.push(*number));
        assert!(is_column(column.bytes(), numbers.len()) && !is_column(column.bytes(), numbers.len() + 1));
        let mut reader = ColumnReader::new(column.bytes());
        assert_eq!(numbers.map(|_| reader.next_number()), numbers);
        let mut ascending = ColumnWriter::default();
        let references = [0, 1, 2, 9, 3, u32::MAX, 0];
        references.iter().for_each(|reference| ascending.push_ascending(*reference));
        let mut reader = ColumnReader::new(ascending.bytes());
        assert_eq!(references.map(|_| reader.next_ascending()), references);
        let mut row = ColumnWriter::default();
        (100..1000).for_each(|reference| row.push_ascending(reference));
        assert!(row.bytes().len() < 905, "{}", row.bytes().len());
    }

    #[test]
    fn broken_columns_give_numbers_and_no_panic() {
        let mut reader = ColumnReader::new(&[0xff; 40]);
        for _ in 0..5 {
            let _ = (reader.next_number(), reader.next_ascending());
        }
        assert!(!is_column(&[0xff], 0) && is_column(&[], 0) && !is_column(&[1, 0x80], 1));
    }
}
