//! Doubles as integers over a power of ten, where that is exact to the bit.

/// 10^0 to 10^14: each is exact in a double, so that a division by it is exactly rounded.
pub(crate) const POWERS: [f64; 15] =
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// Adding this to a number below 2^51 rounds it to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Integers below this are found by [`ROUND`].
const QUICK: f64 = 2_251_799_813_685_248.0;

/// Integers up to here are exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The integer `m` with `(m as f64 / 10^e).to_bits() == v.to_bits()`; `None` if there is none up to 2^53.
#[inline]
pub(crate) fn to_integer(v: f64, e: u8) -> Option<i64> {
    let power = POWERS[usize::from(e)];
    let scaled = v * power;
    let integer = if scaled.abs() < QUICK {
        ((scaled + ROUND).to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64)
    } else if scaled.abs() <= EXACT {
        scaled.round() as i64
    } else {
        return None;
    };
    (to_float(integer, power).to_bits() == v.to_bits()).then_some(integer)
}

/// The double of an integer over a power of ten.
#[inline]
pub(crate) fn to_float(integer: i64, power: f64) -> f64 {
    integer as f64 / power
}

/// The least exponent for which `v` is an integer.
pub(crate) fn exponent(v: f64, from: u8) -> Option<u8> {
    if !v.is_finite() {
        return None;
    }
    (from..POWERS.len() as u8).find(|e| to_integer(v, *e).is_some())
}
