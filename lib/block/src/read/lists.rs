//! The lists of a row as columns of samples.

use mneme_model::chunk::{Columns, Planes, Values};

use super::plan::{D, DL, F, SD, TD, XI, XV};
use crate::codec::Bad;
use crate::rows::{POWERS, RowHead, flag, to_float};

/// Where the lists of a row lie, by their column.
pub(crate) trait Lists {
    /// The bytes of numbers as streams.
    fn planes(&self, column: usize) -> Result<Planes<'_>, Bad>;

    /// The bytes of numbers one after the other.
    fn plain(&self, column: usize) -> Result<&[u8], Bad>;
}

/// The samples of a row.
pub(crate) fn columns<'l>(head: &RowHead, lists: &'l impl Lists) -> Result<Columns<'l>, Bad> {
    let power = *POWERS.get(usize::from(head.e)).ok_or(Bad("an exponent is too large"))?;
    let jitter = if head.has(flag::TD) { Some(lists.planes(TD)?) } else { None };
    let integers = |differences| Values::Integers { first: head.m0, exponent: head.e, differences };
    let values = if head.has(flag::F) && head.has(flag::F1) {
        Values::One(f64::from_bits(lists.planes(F)?.get(0)))
    } else if head.has(flag::F) {
        Values::Bits(lists.planes(F)?)
    } else if head.has(flag::D) {
        integers(lists.planes(D)?)
    } else if head.has(flag::DL) {
        integers(lists.planes(DL)?)
    } else {
        Values::One(to_float(head.m0, power))
    };
    let (places, exceptions) =
        if head.has(flag::X) { (lists.plain(XI)?, lists.plain(XV)?) } else { Default::default() };
    let starts = match (head.has(flag::SD), head.st) {
        (true, first) => Some((first, Some(lists.planes(SD)?))),
        (false, 0) => None,
        (false, first) => Some((first, None)),
    };
    let (count, step) = (head.n as usize, i64::from(head.step));
    Ok(Columns { min_time: head.t0, count, step, jitter, values, places, exceptions, starts })
}
