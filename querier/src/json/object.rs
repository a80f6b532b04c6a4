//! Objects member by member.

use super::push_text;

/// An object being written. Call [`Self::end`] when all members are there.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    any: bool,
}

impl<'a> Object<'a> {
    /// Opens the brace.
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, any: false }
    }

    /// A member whose value `push` writes.
    pub(crate) fn member(&mut self, name: &str, push: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
        push_text(self.out, name);
        self.out.push(b':');
        push(self.out);
        self
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.member(name, |out| push_text(out, value))
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str, value: impl Into<i128>) -> &mut Self {
        self.raw(name, &value.into().to_string())
    }

    /// What is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.member(name, |out| out.extend_from_slice(json.as_bytes()))
    }

    /// An array; `push` writes one item.
    pub(crate) fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        push: impl FnMut(&mut Vec<u8>, T),
    ) -> &mut Self {
        self.member(name, |out| push_array(out, items, push))
    }

    /// Closes the brace.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends a whole array.
pub(crate) fn push_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push(out, item);
    }
    out.push(b']');
}
