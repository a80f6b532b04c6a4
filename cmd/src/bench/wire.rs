//! The few pieces of protocol buffers that requests are put together from; field numbers as in Prometheus' remote write protos.

/// Appends an unsigned varint.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes the varint takes.
pub(super) fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a length-delimited field below 16.
pub(super) fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Appends a label of remote write 1.0 as field 1.
pub(super) fn label(out: &mut Vec<u8>, name: &str, value: &str) {
    let field = |text: &str| 1 + varint_len(text.len() as u64) + text.len();
    out.push(0x0a);
    varint(out, (field(name) + field(value)) as u64);
    bytes(out, 1, name.as_bytes());
    bytes(out, 2, value.as_bytes());
}

/// Appends a value (field 1, or 2 in exemplars) and its time behind it.
pub(super) fn value_at(out: &mut Vec<u8>, field: u8, value: f64, t: i64) {
    out.push(field << 3 | 1);
    out.extend_from_slice(&value.to_bits().to_le_bytes());
    out.push((field + 1) << 3);
    varint(out, t.cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_their_length() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
        }
    }
}
