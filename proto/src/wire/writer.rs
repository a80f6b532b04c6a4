//! Writes messages. As proto3 does, fields with their default value are left out.

/// A message in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn append(&mut self, fields: &Writer) {
        self.bytes.extend_from_slice(&fields.bytes);
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn tag(&mut self, field: u32, wire_type: u64) {
        self.raw_varint(u64::from(field) << 3 | wire_type);
    }

    pub(crate) fn varint(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.present_varint(field, value);
        }
    }

    /// Also writes a zero, as members of a `oneof` need.
    pub(crate) fn present_varint(&mut self, field: u32, value: u64) {
        self.tag(field, 0);
        self.raw_varint(value);
    }

    pub(crate) fn int64(&mut self, field: u32, value: i64) {
        self.varint(field, value.cast_unsigned());
    }

    pub(crate) fn sint64(&mut self, field: u32, value: i64) {
        self.varint(field, zigzag(value));
    }

    pub(crate) fn double(&mut self, field: u32, value: f64) {
        if value.to_bits() != 0 {
            self.present_double(field, value);
        }
    }

    /// Also writes a zero.
    pub(crate) fn present_double(&mut self, field: u32, value: f64) {
        self.tag(field, 1);
        self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    pub(crate) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.element(field, text.as_bytes());
        }
    }

    /// Also writes an empty one, as elements of a list need.
    pub(crate) fn element(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, 2);
        self.raw_varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// A nested message, also an empty one.
    pub(crate) fn message(&mut self, field: u32, fill: impl FnOnce(&mut Writer)) {
        let mut inner = Writer::default();
        fill(&mut inner);
        self.element(field, &inner.bytes);
    }

    pub(crate) fn packed_varints(&mut self, field: u32, values: impl IntoIterator<Item = u64>) {
        let mut inner = Writer::default();
        values.into_iter().for_each(|value| inner.raw_varint(value));
        if !inner.bytes.is_empty() {
            self.element(field, &inner.bytes);
        }
    }

    pub(crate) fn packed_doubles(&mut self, field: u32, values: &[f64]) {
        if !values.is_empty() {
            self.tag(field, 2);
            self.raw_varint(values.len() as u64 * 8);
            values.iter().for_each(|value| self.bytes.extend_from_slice(&value.to_bits().to_le_bytes()));
        }
    }
}

/// ZigZag, the encoding of `sint32` and `sint64`.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}
