//! Floats of one series as columns: what a row of a block is, and a chunk that is made of it without encoding anything anew.
//!
//! Times are a grid and differences from it, values integers over a power of ten by their differences, or as they are; numbers lie in
//! [`Planes`]. See `docs/formats/chunk.md`.

use super::planes::{Planes, add_equal, add_grid};
use super::{Chunk, Encoding, Error};
use crate::TimestampMs;

/// So many samples a row may have.
pub const MAX_COLUMN_SAMPLES: usize = 1 << 16;

/// 10^0 to 10^14: each is exact in a double, so that a division by it is exactly rounded.
const POWERS: [f64; 15] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// Bytes before the planes.
const HEADER: usize = 24;

/// No start timestamps are known.
const NO_STARTS: u8 = 0xff;

/// Float samples of one series, ascending in time. What it borrows may be foreign bytes: they are checked when they are read.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Time of the first sample.
    pub min_time: TimestampMs,
    /// How many samples.
    pub count: usize,
    /// The common interval (milliseconds).
    pub step: i64,
    /// Zigzags of the differences of all times but the first from the grid; `None`: there are no differences.
    pub jitter: Option<Planes<'a>>,
    /// The values.
    pub values: Values<'a>,
    /// Values that are others than `values` says: places in the row (4 bytes each, little-endian) ...
    pub places: &'a [u8],
    /// ... and values (bits, 8 bytes each, little-endian).
    pub exceptions: &'a [u8],
    /// The first start timestamp, and zigzags of the differences between them; `None`: none is known.
    pub starts: Option<(TimestampMs, Option<Planes<'a>>)>,
}

/// How values are kept.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// All are this one.
    One(f64),
    /// Integers over a power of ten.
    Integers {
        /// The first one.
        first: i64,
        /// The power, 0 to 14.
        exponent: u8,
        /// Zigzags of the differences between neighbours.
        differences: Planes<'a>,
    },
    /// The bits of each.
    Bits(Planes<'a>),
}

impl<'a> Columns<'a> {
    /// Time of the last sample.
    #[must_use]
    pub fn max_time(&self) -> TimestampMs {
        let last = self.count.saturating_sub(1);
        let jitter = self.jitter.filter(|_| last > 0).map_or(0, |planes| planes.get(last - 1));
        let grid = self.min_time.wrapping_add((last as i64).wrapping_mul(self.step));
        grid.wrapping_add(super::bits::unzigzag(jitter))
    }

    /// Appends the samples of `start..=end`, which must be behind those that are there. `st` stays empty as long as no start timestamp
    /// is known; else it is as long as `t`. On an error some samples may have been appended.
    pub fn append(
        &self,
        (start, end): (TimestampMs, TimestampMs),
        t: &mut Vec<TimestampMs>,
        v: &mut Vec<f64>,
        st: &mut Vec<TimestampMs>,
    ) -> Result<(), Error> {
        self.check()?;
        let from = t.len();
        self.append_times(t)?;
        let row = &t[from..];
        let first = if self.min_time >= start { 0 } else { row.partition_point(|t| *t < start) };
        let behind = if row.last().is_some_and(|last| *last <= end) {
            row.len()
        } else {
            row.partition_point(|t| *t <= end)
        };
        if first >= behind {
            t.truncate(from);
            return Ok(());
        }
        t.truncate(from + behind);
        t.drain(from..from + first);
        self.append_values(first, behind, v)?;
        if self.starts.is_some() && st.is_empty() {
            st.resize(from, 0);
        }
        if self.starts.is_some() || !st.is_empty() {
            self.append_starts(first, behind, st);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        let rest = self.count.checked_sub(1).ok_or(Error::Invalid("count"))?;
        if self.count > MAX_COLUMN_SAMPLES {
            return Err(Error::TooLarge);
        }
        let fits = |planes: &Planes<'_>| planes.len() == rest;
        let values = match &self.values {
            Values::One(_) => true,
            Values::Integers { exponent, differences, .. } => {
                usize::from(*exponent) < POWERS.len() && fits(differences)
            }
            Values::Bits(planes) => planes.len() == self.count,
        };
        let starts = self.starts.as_ref().and_then(|(_, planes)| planes.as_ref()).is_none_or(fits);
        let exceptions = self.places.len() / 4 == self.exceptions.len() / 8;
        if values && starts && exceptions && self.jitter.as_ref().is_none_or(fits) {
            Ok(())
        } else {
            Err(Error::Truncated)
        }
    }

    fn append_times(&self, t: &mut Vec<TimestampMs>) -> Result<(), Error> {
        let from = t.len();
        t.reserve(self.count);
        match &self.jitter {
            None => {
                let last = i64::try_from(self.count - 1).ok().and_then(|last| last.checked_mul(self.step));
                let fits = last.and_then(|last| self.min_time.checked_add(last)).is_some();
                if !fits || self.step <= 0 && self.count > 1 {
                    return Err(Error::Time);
                }
                add_grid(self.count, self.min_time, self.step, t);
            }
            Some(planes) => {
                t.push(self.min_time);
                planes.add_times(self.min_time, self.step, t);
                let row = &t[from..];
                let ascend =
                    row.iter().zip(row.get(1..).unwrap_or_default()).fold(true, |ok, (a, b)| ok & (a < b));
                if !ascend {
                    return Err(Error::Time);
                }
            }
        }
        Ok(())
    }

    /// Appends the values from `first` on and before `behind`.
    fn append_values(&self, first: usize, behind: usize, v: &mut Vec<f64>) -> Result<(), Error> {
        let from = v.len();
        match &self.values {
            Values::One(value) => {
                v.reserve(behind);
                add_equal(behind, *value, v);
            }
            Values::Bits(planes) => {
                v.reserve(behind);
                planes.add_doubles(behind, v);
            }
            Values::Integers { first, exponent, differences } => {
                let power = *POWERS.get(usize::from(*exponent)).ok_or(Error::Invalid("exponent"))?;
                v.reserve(behind);
                v.push(*first as f64 / power);
                differences.add_sums(behind - 1, *first, power, v);
            }
        }
        let places = self.places.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize);
        let values = self.exceptions.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
        for (place, value) in places.zip(values) {
            if place >= self.count {
                return Err(Error::Invalid("exception"));
            }
            if let Some(slot) = v.get_mut(from + place) {
                *slot = value;
            }
        }
        v.drain(from..from + first);
        Ok(())
    }

    fn append_starts(&self, first: usize, behind: usize, st: &mut Vec<TimestampMs>) {
        let from = st.len();
        match &self.starts {
            None => st.resize(from + behind, 0),
            Some((start, None)) => st.resize(from + behind, *start),
            Some((start, Some(planes))) => {
                st.push(*start);
                planes.add_integers(behind - 1, *start, st);
            }
        }
        st.drain(from..from + first);
    }

    /// Appends the bytes of a chunk of [`Encoding::Columns`] with these samples. Its first and last time and its count are not among
    /// them.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (kind, exponent, word, values) = match &self.values {
            Values::One(value) => (0, 0, value.to_bits(), None),
            Values::Integers { first, exponent, differences } => {
                (1, *exponent, first.cast_unsigned(), Some(differences))
            }
            Values::Bits(planes) => (2, 0, 0, Some(planes)),
        };
        let width = |planes: Option<&Planes<'_>>| planes.map_or(0, |planes| planes.width() as u8);
        let starts = self.starts.as_ref().and_then(|(_, planes)| planes.as_ref());
        let jitter = self.jitter.as_ref();
        out.extend([kind, exponent, width(jitter) + u8::from(jitter.is_some()), width(values)]);
        out.extend([if self.starts.is_some() { width(starts) } else { NO_STARTS }, 0, 0, 0]);
        out.extend((self.step as i32).to_le_bytes());
        out.extend(((self.places.len() / 4) as u32).to_le_bytes());
        out.extend(word.to_le_bytes());
        if let Some((start, _)) = &self.starts {
            out.extend(start.to_le_bytes());
        }
        [jitter, values, starts].into_iter().flatten().for_each(|planes| planes.write(out));
        out.extend_from_slice(self.places);
        out.extend_from_slice(self.exceptions);
    }

    /// The samples of a chunk of [`Encoding::Columns`].
    pub(super) fn parse(chunk: &'a Chunk) -> Result<Self, Error> {
        let count = chunk.count as usize;
        let rest = count.checked_sub(1).ok_or(Error::Invalid("count"))?;
        let (header, mut data) = chunk.data.split_first_chunk::<HEADER>().ok_or(Error::Truncated)?;
        let mut take = |len: usize| {
            let (taken, behind) = data.split_at_checked(len).ok_or(Error::Truncated)?;
            data = behind;
            Ok::<&'a [u8], Error>(taken)
        };
        let [kind, exponent, jitter, values, starts, ..] = *header;
        let number =
            |at: usize| header.get(at..).and_then(|it| it.first_chunk::<4>()).map_or([0; 4], |it| *it);
        let word = header.last_chunk::<8>().map_or(0, |it| u64::from_le_bytes(*it));
        let start = match starts {
            NO_STARTS => None,
            _ => Some(take(8)?.first_chunk().map_or(0, |it| i64::from_le_bytes(*it))),
        };
        let mut planes = |width: usize, len: usize| {
            let bytes = take(width.checked_mul(len).ok_or(Error::TooLarge)?)?;
            Planes::split(bytes, width, len).ok_or(Error::Invalid("width"))
        };
        let jitter = jitter.checked_sub(1).map(|width| planes(usize::from(width), rest)).transpose()?;
        let values = match kind {
            0 => Values::One(f64::from_bits(word)),
            1 => Values::Integers {
                first: word.cast_signed(),
                exponent,
                differences: planes(usize::from(values), rest)?,
            },
            2 => Values::Bits(planes(usize::from(values), count)?),
            _ => return Err(Error::Invalid("kind")),
        };
        let starts = match start {
            None => None,
            Some(start) => Some((start, Some(planes(usize::from(starts), rest)?))),
        };
        let exceptions = u32::from_le_bytes(number(12)) as usize;
        let places = take(exceptions.checked_mul(4).ok_or(Error::TooLarge)?)?;
        let exceptions = take(exceptions.checked_mul(8).ok_or(Error::TooLarge)?)?;
        let step = i64::from(i32::from_le_bytes(number(8)));
        let columns =
            Self { min_time: chunk.min_time, count, step, jitter, values, places, exceptions, starts };
        if columns.max_time() == chunk.max_time { Ok(columns) } else { Err(Error::Time) }
    }
}

impl Chunk {
    /// A chunk of samples whose bytes [`Columns::write`] has written into `data`.
    #[must_use]
    pub fn of_columns(columns: &Columns<'_>, data: bytes::Bytes) -> Self {
        Self {
            encoding: Encoding::Columns,
            min_time: columns.min_time,
            max_time: columns.max_time(),
            count: columns.count as u32,
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Samples;

    /// A chunk of integers by their differences, with jitter, exceptions and start timestamps as one likes.
    fn chunk(
        differences: &[u64],
        jitter: Option<&[u64]>,
        exceptions: &[(u32, f64)],
        starts: Option<&[u64]>,
        exponent: u8,
    ) -> Chunk {
        let n = differences.len();
        let bytes = |numbers: &[u64]| -> Vec<Vec<u8>> {
            (0..8).map(|at| numbers.iter().map(|number| (number >> (8 * at)) as u8).collect()).collect()
        };
        let split = [Some(differences), jitter, starts].map(|numbers| numbers.map(bytes));
        let planes = |at: usize| {
            let planes = split[at].as_ref()?;
            Planes::new(&planes.iter().map(Vec::as_slice).collect::<Vec<_>>(), n)
        };
        let places: Vec<u8> = exceptions.iter().flat_map(|(place, _)| place.to_le_bytes()).collect();
        let values: Vec<u8> = exceptions.iter().flat_map(|(_, value)| value.to_le_bytes()).collect();
        let columns = Columns {
            min_time: 1000,
            count: n + 1,
            step: 15_000,
            jitter: planes(1),
            values: Values::Integers { first: 7, exponent, differences: planes(0).unwrap() },
            places: &places,
            exceptions: &values,
            starts: starts.map(|_| (500, planes(2))),
        };
        let mut data = Vec::new();
        columns.write(&mut data);
        Chunk::of_columns(&columns, data.into())
    }

    fn read(chunk: &Chunk, start: i64, end: i64) -> Result<Samples, Error> {
        let mut out = Samples::default();
        chunk.read(start, end, &mut out)?;
        Ok(out)
    }

    proptest! {
        #[test]
        fn a_range_is_a_range_of_all_whatever_the_numbers(
            differences in prop::collection::vec((any::<u64>(), 0..64u32).prop_map(|(x, bits)| x >> bits), 0..400),
            jitter in prop::option::of(prop::collection::vec(0..10_000u64, 400)),
            starts in prop::option::of(prop::collection::vec(0..1u64 << 20, 400)),
            place in prop::option::of(any::<prop::sample::Index>()),
            (start, len) in (-10_000i64..6_000_000, 0i64..6_000_000),
        ) {
            let n = differences.len();
            let exceptions: Vec<(u32, f64)> =
                place.iter().map(|at| (at.index(n + 1) as u32, f64::NEG_INFINITY)).collect();
            let cut = |numbers: Option<Vec<u64>>| numbers.map(|numbers| numbers[..n].to_vec());
            let (jitter, starts) = (cut(jitter), cut(starts));
            let chunk = chunk(&differences, jitter.as_deref(), &exceptions, starts.as_deref(), 2);
            let all = read(&chunk, i64::MIN, i64::MAX).unwrap();
            // By the letter of the format.
            let (mut t, mut v, mut sum) = (vec![1000i64], vec![0.07f64], 7i64);
            for i in 0..n {
                sum = sum.wrapping_add(super::super::bits::unzigzag(differences[i]));
                v.push(sum as f64 / 100.0);
                let off = jitter.as_ref().map_or(0, |jitter| super::super::bits::unzigzag(jitter[i]));
                t.push(1000 + 15_000 * (i as i64 + 1) + off);
            }
            exceptions.iter().for_each(|(place, value)| v[*place as usize] = *value);
            prop_assert_eq!(&all.t, &t);
            prop_assert_eq!(&all.v, &v);
            prop_assert_eq!(all.st.len(), if starts.is_some() { n + 1 } else { 0 });
            let part = read(&chunk, start, start + len).unwrap();
            let inside: Vec<usize> = (0..t.len()).filter(|i| (start..=start + len).contains(&t[*i])).collect();
            prop_assert_eq!(part.t, inside.iter().map(|i| t[*i]).collect::<Vec<_>>());
            prop_assert_eq!(part.v, inside.iter().map(|i| v[*i]).collect::<Vec<_>>());
            if starts.is_some() {
                prop_assert_eq!(part.st, inside.iter().map(|i| all.st[*i]).collect::<Vec<_>>());
            }
        }

        #[test]
        fn foreign_bytes_are_an_error_or_samples_that_ascend(
            flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8u32), 1..6),
            cut in prop::option::of(any::<prop::sample::Index>()),
            count in prop::option::of(0..100_000u32),
        ) {
            let differences: Vec<u64> = (0..50).map(|i| i * i).collect();
            let mut chunk = chunk(&differences, Some(&differences), &[(3, 1.0)], Some(&differences), 1);
            let mut data = chunk.data.to_vec();
            for (at, bit) in flips {
                let at = at.index(data.len());
                data[at] ^= 1 << bit;
            }
            data.truncate(cut.map_or(data.len(), |cut| cut.index(data.len())));
            chunk.data = data.into();
            chunk.count = count.unwrap_or(chunk.count);
            if let Ok(samples) = read(&chunk, i64::MIN, i64::MAX) {
                prop_assert_eq!(samples.t.len(), chunk.count as usize);
                prop_assert!(samples.t.is_sorted_by(|a, b| a < b));
            }
            prop_assert!(chunk.floats().count() <= chunk.count as usize + 1);
        }
    }
}
