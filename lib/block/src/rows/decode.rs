//! A row's samples, from its scalars and the slices of its lists.

use mneme_model::TimestampMs;

use super::decimal::POWERS;
use super::{RowHead, flag};
use crate::codec::{Bad, unzigzag};

/// Where the values of a row's lists come from.
pub(crate) trait Lists {
    /// Appends the row's values of `td` / `d` (zigzag, as they are in the file).
    fn td(&self, out: &mut Vec<i32>) -> Result<(), Bad>;
    /// See above.
    fn d(&self, out: &mut Vec<i32>) -> Result<(), Bad>;
    /// Appends the row's values of `dl` / `sd` (zigzag).
    fn dl(&self, out: &mut Vec<i64>) -> Result<(), Bad>;
    /// See above.
    fn sd(&self, out: &mut Vec<i64>) -> Result<(), Bad>;
    /// Appends the row's raw values.
    fn f(&self, out: &mut Vec<f64>) -> Result<(), Bad>;
    /// Appends the places of exceptions.
    fn xi(&self, out: &mut Vec<i32>) -> Result<(), Bad>;
    /// Appends the exceptions.
    fn xv(&self, out: &mut Vec<f64>) -> Result<(), Bad>;
}

/// Memory that is used again from row to row.
#[derive(Default)]
pub(crate) struct Scratch {
    short: Vec<i32>,
    long: Vec<i64>,
    values: Vec<f64>,
}

/// Appends all samples of a row: times, values, and start timestamps if `st` is given.
pub(crate) fn decode(
    head: &RowHead,
    lists: &impl Lists,
    scratch: &mut Scratch,
    t: &mut Vec<TimestampMs>,
    v: &mut Vec<f64>,
    st: Option<&mut Vec<TimestampMs>>,
) -> Result<(), Bad> {
    if !head.is_valid() {
        return Err(Bad("a row's scalars are invalid"));
    }
    times(head, lists, scratch, t)?;
    values(head, lists, scratch, v)?;
    match st {
        Some(st) => starts(head, lists, scratch, st),
        None => Ok(()),
    }
}

fn times(
    head: &RowHead,
    lists: &impl Lists,
    scratch: &mut Scratch,
    t: &mut Vec<TimestampMs>,
) -> Result<(), Bad> {
    let step = i64::from(head.step);
    let from = t.len();
    if !head.has(flag::TD) {
        t.extend((0..i64::from(head.n)).map(|i| head.t0.wrapping_add(i * step)));
    } else {
        scratch.short.clear();
        lists.td(&mut scratch.short)?;
        t.push(head.t0);
        t.extend(scratch.short.iter().zip(1i64..).map(|(difference, i)| {
            head.t0.wrapping_add(i * step).wrapping_add(unzigzag(i64::from(*difference)))
        }));
    }
    let row = &t[from..];
    if row.len() == head.n as usize && row.is_sorted_by(|a, b| a < b) {
        Ok(())
    } else {
        Err(Bad("times do not ascend"))
    }
}

fn values(head: &RowHead, lists: &impl Lists, scratch: &mut Scratch, v: &mut Vec<f64>) -> Result<(), Bad> {
    let (from, n) = (v.len(), head.n as usize);
    let power = *POWERS.get(usize::from(head.e)).ok_or(Bad("an exponent is too large"))?;
    if head.has(flag::F1) && head.has(flag::F) {
        scratch.values.clear();
        lists.f(&mut scratch.values)?;
        let value = *scratch.values.first().ok_or(Bad("a value is missing"))?;
        v.resize(from + n, value);
    } else if head.has(flag::F) {
        lists.f(v)?;
    } else if head.has(flag::D) {
        scratch.short.clear();
        lists.d(&mut scratch.short)?;
        let mut integer = head.m0;
        v.reserve(n);
        v.push(to_float(integer, power));
        if head.e == 0 {
            v.extend(scratch.short.iter().map(|difference| {
                integer = integer.wrapping_add(unzigzag(i64::from(*difference)));
                integer as f64
            }));
        } else {
            v.extend(scratch.short.iter().map(|difference| {
                integer = integer.wrapping_add(unzigzag(i64::from(*difference)));
                integer as f64 / power
            }));
        }
    } else if head.has(flag::DL) {
        scratch.long.clear();
        lists.dl(&mut scratch.long)?;
        let mut integer = head.m0;
        v.push(to_float(integer, power));
        v.extend(scratch.long.iter().map(|difference| {
            integer = integer.wrapping_add(unzigzag(*difference));
            to_float(integer, power)
        }));
    } else {
        v.resize(from + n, to_float(head.m0, power));
    }
    if v.len() != from + n {
        return Err(Bad("a row has another number of values than samples"));
    }
    if head.has(flag::X) {
        exceptions(lists, scratch, &mut v[from..])?;
    }
    Ok(())
}

fn exceptions(lists: &impl Lists, scratch: &mut Scratch, v: &mut [f64]) -> Result<(), Bad> {
    scratch.short.clear();
    scratch.values.clear();
    lists.xi(&mut scratch.short)?;
    lists.xv(&mut scratch.values)?;
    for (at, value) in scratch.short.iter().zip(&scratch.values) {
        let place = usize::try_from(*at).ok().and_then(|at| v.get_mut(at));
        *place.ok_or(Bad("an exception lies outside of its row"))? = *value;
    }
    Ok(())
}

fn starts(
    head: &RowHead,
    lists: &impl Lists,
    scratch: &mut Scratch,
    st: &mut Vec<TimestampMs>,
) -> Result<(), Bad> {
    let (from, n) = (st.len(), head.n as usize);
    if !head.has(flag::SD) {
        st.resize(from + n, head.st);
        return Ok(());
    }
    scratch.long.clear();
    lists.sd(&mut scratch.long)?;
    let mut start = head.st;
    st.push(start);
    st.extend(scratch.long.iter().map(|difference| {
        start = start.wrapping_add(unzigzag(*difference));
        start
    }));
    if st.len() == from + n { Ok(()) } else { Err(Bad("a row has another number of start timestamps")) }
}

fn to_float(integer: i64, power: f64) -> f64 {
    super::decimal::to_float(integer, power)
}
