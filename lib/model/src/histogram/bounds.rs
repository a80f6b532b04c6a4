//! Where a bucket ends.

use super::CUSTOM_BUCKETS_SCHEMA;
use super::exponential::OCTAVE;

/// The finest and the coarsest exponential schema that can be computed with.
pub const EXPONENTIAL_SCHEMA_MAX: i32 = 8;
/// See [`EXPONENTIAL_SCHEMA_MAX`].
pub const EXPONENTIAL_SCHEMA_MIN: i32 = -4;
/// The finest schema that a future sender may use; it is accepted by reducing it to [`EXPONENTIAL_SCHEMA_MAX`].
pub const EXPONENTIAL_SCHEMA_MAX_RESERVED: i32 = 52;
/// The coarsest reserved schema.
pub const EXPONENTIAL_SCHEMA_MIN_RESERVED: i32 = -9;

/// Whether `schema` stands for custom bucket bounds.
#[must_use]
pub fn is_custom_schema(schema: i32) -> bool {
    schema == CUSTOM_BUCKETS_SCHEMA
}

/// Whether `schema` is exponential and can be computed with.
#[must_use]
pub fn is_exponential_schema(schema: i32) -> bool {
    (EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX).contains(&schema)
}

/// Whether `schema` is exponential, if only reserved.
#[must_use]
pub fn is_exponential_schema_reserved(schema: i32) -> bool {
    (EXPONENTIAL_SCHEMA_MIN_RESERVED..=EXPONENTIAL_SCHEMA_MAX_RESERVED).contains(&schema)
}

/// The upper bound of bucket `index` (absolute value; of a negative bucket the lower one). With custom buckets an
/// index outside of the bounds is clamped to the infinite ends.
#[must_use]
pub fn bound(index: i64, schema: i32, custom_values: &[f64]) -> f64 {
    if !is_custom_schema(schema) {
        return exponential_bound(index, schema);
    }
    match usize::try_from(index) {
        Err(_) => f64::NEG_INFINITY,
        Ok(at) => custom_values.get(at).copied().unwrap_or(f64::INFINITY),
    }
}

/// The upper bound of exponential bucket `index`: `2^(index * 2^-schema)`.
///
/// The bucket that ends at 2^1024 holds the largest regular numbers and ends at `f64::MAX`; the next one holds infinity.
#[must_use]
pub fn exponential_bound(index: i64, schema: i32) -> f64 {
    let index = index.clamp(i64::from(i32::MIN) * 2, i64::from(i32::MAX) * 2);
    if schema < 0 {
        let exponent = index.saturating_mul(1 << (-i64::from(schema)).min(31));
        return if exponent == 1024 { f64::MAX } else { load_exponent(1.0, exponent) };
    }
    if schema > EXPONENTIAL_SCHEMA_MAX {
        return reserved_bound(index, schema);
    }
    let fraction = OCTAVE[((index & ((1 << schema) - 1)) << (EXPONENTIAL_SCHEMA_MAX - schema)) as usize];
    let exponent = (index >> schema) + 1;
    if fraction == 0.5 && exponent == 1025 { f64::MAX } else { load_exponent(fraction, exponent) }
}

/// Bounds of schemas that are only reserved: computed, because nobody counts by a table of them yet.
fn reserved_bound(index: i64, schema: i32) -> f64 {
    let exponent = index as f64 / (f64::from(schema.min(EXPONENTIAL_SCHEMA_MAX_RESERVED))).exp2();
    if exponent == 1024.0 { f64::MAX } else { exponent.exp2() }
}

/// `fraction * 2^exponent`, in two steps so that only the last one can leave the normal range and round.
fn load_exponent(fraction: f64, exponent: i64) -> f64 {
    let exponent = exponent.clamp(-2200, 2200) as i32;
    let half = exponent / 2;
    fraction * 2f64.powi(half) * 2f64.powi(exponent - half)
}

/// The index in the coarser `target` schema of bucket `index` of schema `origin`.
#[must_use]
pub(super) fn target_index(index: i64, origin: i32, target: i32) -> i64 {
    ((index - 1) >> (i64::from(origin) - i64::from(target)).clamp(0, 63)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_at_powers_of_two_are_exact_in_every_schema() {
        for schema in EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX {
            for power in -1000i32..=1000 {
                let index = if schema >= 0 {
                    i64::from(power) << schema
                } else if power % (1 << -schema) == 0 {
                    i64::from(power) >> -schema
                } else {
                    continue;
                };
                assert_eq!(exponential_bound(index, schema), 2f64.powi(power), "{schema} {power}");
            }
        }
    }

    #[test]
    fn the_last_regular_bucket_ends_at_the_largest_number_and_the_next_at_infinity() {
        for schema in EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX {
            let last = if schema >= 0 { 1024i64 << schema } else { 1024i64 >> -schema };
            assert_eq!(exponential_bound(last, schema), f64::MAX, "{schema}");
            assert_eq!(exponential_bound(last + 1, schema), f64::INFINITY, "{schema}");
        }
    }

    #[test]
    fn bounds_ascend_and_no_index_or_schema_panics() {
        for schema in -60..=60 {
            let mut last = 0.0;
            for index in [i64::MIN, -5_000_000_000, -70_000, -3, -1, 0, 1, 2, 300, 70_000, i64::MAX] {
                let bound = bound(index, schema, &[1.0, 2.0]);
                if is_exponential_schema_reserved(schema) {
                    assert!(bound >= last, "{schema} {index}: {last} {bound}");
                    last = bound;
                }
            }
        }
    }

    #[test]
    fn denormal_bounds_are_rounded_once() {
        assert_eq!(exponential_bound(-1074, 0), f64::from_bits(1));
        assert_eq!(exponential_bound(-1075, 0), 0.0);
        assert_eq!(exponential_bound(-1022, 0), f64::MIN_POSITIVE);
    }

    #[test]
    fn a_coarser_bucket_holds_its_finer_ones() {
        for index in -40..40 {
            let target = target_index(index, 3, 1);
            assert!(exponential_bound(index, 3) <= exponential_bound(target, 1));
            assert!(exponential_bound(index - 1, 3) >= exponential_bound(target - 1, 1));
        }
    }
}
