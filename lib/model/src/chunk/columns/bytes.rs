//! Columns as the bytes of a chunk. See `docs/formats/chunk.md`.

use super::{Chunk, Columns, Encoding, Error, Planes, Values};

/// Bytes before the planes.
const HEADER: usize = 24;

/// No start timestamps are known.
const NO_STARTS: u8 = 0xff;

impl<'a> Columns<'a> {
    /// How many bytes [`Self::write`] appends.
    #[must_use]
    pub fn size(&self) -> usize {
        let values = match &self.values {
            Values::One(_) => None,
            Values::Integers { differences, .. } => Some(differences),
            Values::Bits(planes) => Some(planes),
        };
        let starts = self.starts.as_ref().and_then(|(_, planes)| planes.as_ref());
        let planes = [self.jitter.as_ref(), values, starts].into_iter().flatten();
        let planes: usize = planes.map(|planes| planes.width() * planes.len()).sum();
        let first = if self.starts.is_some() { 8 } else { 0 };
        HEADER + first + planes + self.places.len() + self.exceptions.len()
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
    pub(in crate::chunk) fn parse(chunk: &'a Chunk) -> Result<Self, Error> {
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
