//! Columns of numbers, and lengths of lists from levels.

use crate::codec::page::{Page, encoding};
use crate::codec::{Bad, delta, hybrid};

/// Appends the numbers of a page of required integers.
pub(crate) fn integers(page: &Page, wide: bool, out: &mut Vec<i64>) -> Result<(), Bad> {
    if page.dictionary || page.count != page.rows || page.entries != page.rows {
        return Err(Bad("another number of values than rows"));
    }
    match page.encoding {
        encoding::DELTA_BINARY_PACKED => {
            let from = out.len();
            delta::decode(&page.values, page.count, out)?;
            if !wide {
                out[from..].iter_mut().for_each(|value| *value = i64::from(*value as i32));
            }
            Ok(())
        }
        encoding::PLAIN => {
            let width = if wide { 8 } else { 4 };
            if page.values.len() != page.count.saturating_mul(width) {
                return Err(Bad("a page has another size than its values"));
            }
            if wide {
                out.extend(page.values.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)));
            } else {
                let values = page.values.as_chunks::<4>().0.iter();
                out.extend(values.map(|bytes| i64::from(i32::from_le_bytes(*bytes))));
            }
            Ok(())
        }
        _ => Err(Bad("integers are laid out in a way that this version does not know")),
    }
}

/// Appends the numbers of a page of required doubles.
pub(crate) fn doubles(page: &Page, out: &mut Vec<f64>) -> Result<(), Bad> {
    let fits = page.count == page.rows && page.values.len() == page.count.saturating_mul(8);
    if page.encoding != encoding::PLAIN || !fits {
        return Err(Bad("doubles are laid out in a way that this version does not know"));
    }
    out.extend(page.values.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)));
    Ok(())
}

/// How many values each row of a page of lists has, from its levels: the greatest definition level marks a value.
pub(crate) fn lens(page: &Page) -> Result<Vec<u32>, Bad> {
    let mut defined = Vec::new();
    levels(page.def(), page.entries, &mut defined)?;
    let mut lens: Vec<u32> = Vec::with_capacity(page.rows.min(page.entries));
    let mut at = 0;
    hybrid::runs(page.rep(), 1, page.entries, |level, times| {
        for _ in 0..times {
            if level == 0 {
                lens.push(0);
            }
            let len = lens.last_mut().ok_or(Bad("a page begins within a row"))?;
            *len += u32::from(defined.get(at).copied().unwrap_or(0));
            at += 1;
        }
        Ok(())
    })?;
    if lens.len() != page.rows {
        return Err(Bad("levels make another number of rows"));
    }
    Ok(lens)
}

/// Appends `count` levels of one bit. No level stream is longer than its page may be.
pub(crate) fn levels(bytes: &[u8], count: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
    if count > 1 << 26 {
        return Err(Bad("a page has too many entries"));
    }
    hybrid::runs(bytes, 1, count, |level, times| {
        out.resize(out.len() + times, level as u8);
        Ok(())
    })
}
