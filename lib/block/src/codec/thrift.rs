//! The compact Thrift protocol, as far as a page header needs it.

use super::Bad;
use super::varint::Cursor;

/// A field of a structure.
pub(crate) struct Field {
    pub(crate) id: i16,
    kind: u8,
}

/// Nested deeper than this is no page header.
const MAX_DEPTH: u32 = 8;

impl Cursor<'_> {
    /// The next field of a structure whose last field was `last` (0 at its start); `None` at its end.
    pub(crate) fn field(&mut self, last: i16) -> Result<Option<Field>, Bad> {
        let byte = self.byte()?;
        let (delta, kind) = (i16::from(byte >> 4), byte & 15);
        if kind == 0 {
            return Ok(None);
        }
        let id = if delta == 0 {
            i16::try_from(self.zigzag()?).map_err(|_| Bad("a field's number is too large"))?
        } else {
            last.checked_add(delta).ok_or(Bad("a field's number is too large"))?
        };
        Ok(Some(Field { id, kind }))
    }

    /// A field's 32-bit number.
    pub(crate) fn i32(&mut self, field: &Field) -> Result<i32, Bad> {
        if field.kind != 5 {
            return Err(Bad("a field has another type"));
        }
        i32::try_from(self.zigzag()?).map_err(|_| Bad("a number is too large"))
    }

    /// A field's number that must not be negative.
    pub(crate) fn size(&mut self, field: &Field) -> Result<usize, Bad> {
        usize::try_from(self.i32(field)?).map_err(|_| Bad("a size is negative"))
    }

    /// A field's truth value.
    pub(crate) fn bool(&mut self, field: &Field) -> Result<bool, Bad> {
        match field.kind {
            1 => Ok(true),
            2 => Ok(false),
            _ => Err(Bad("a field has another type")),
        }
    }

    /// Fails where the field is no structure.
    pub(crate) fn structure(&self, field: &Field) -> Result<(), Bad> {
        if field.kind == 12 { Ok(()) } else { Err(Bad("a field has another type")) }
    }

    /// Passes over a field.
    pub(crate) fn skip(&mut self, field: &Field) -> Result<(), Bad> {
        self.skip_kind(field.kind, false, 0)
    }

    fn skip_kind(&mut self, kind: u8, in_list: bool, depth: u32) -> Result<(), Bad> {
        if depth > MAX_DEPTH {
            return Err(Bad("nested too deep"));
        }
        match kind {
            1 | 2 if in_list => drop(self.byte()?),
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => drop(self.take(8)?),
            8 => {
                let len = usize::try_from(self.varint()?).map_err(|_| Bad("a text is too long"))?;
                self.take(len)?;
            }
            9 | 10 => {
                let byte = self.byte()?;
                let len = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                for _ in 0..len {
                    self.skip_kind(byte & 15, true, depth + 1)?;
                }
            }
            12 => {
                let mut last = 0;
                while let Some(field) = self.field(last)? {
                    last = field.id;
                    self.skip_kind(field.kind, false, depth + 1)?;
                }
            }
            _ => return Err(Bad("an unknown type")),
        }
        Ok(())
    }
}
