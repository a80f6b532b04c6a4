//! Names outside of `[a-zA-Z0-9_:]` in places that take no others (prometheus/common `model.NameEscapingScheme`).

use std::borrow::Cow;

/// How such names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escaping {
    /// As they are, in quotes.
    None,
    /// Every other character as `_`.
    Underscores,
    /// `.` as `_dot_`, `_` as `__`, every other character as `__`.
    Dots,
    /// `U__` before the name, `_` as `__`, every other character as `_<hex>_`.
    Values,
}

impl Escaping {
    /// The scheme of this name in an `Accept` header.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "allow-utf-8" => Some(Self::None),
            "underscores" => Some(Self::Underscores),
            "dots" => Some(Self::Dots),
            "values" => Some(Self::Values),
            _ => None,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The name as this scheme writes it.
    pub(super) fn escape(self, name: &str) -> Cow<'_, str> {
        if self == Self::None || name.is_empty() || (is_legacy(name) && self != Self::Dots) {
            return Cow::Borrowed(name);
        }
        let mut out = String::with_capacity(name.len() + 16);
        if self == Self::Values {
            out.push_str("U__");
        }
        for (at, c) in name.chars().enumerate() {
            match (self, c) {
                (Self::Values | Self::Dots, '_') => out.push_str("__"),
                (Self::Dots, '.') => out.push_str("_dot_"),
                (_, c) if fits(at, c) => out.push(c),
                (Self::Values, c) => out.push_str(&format!("_{:x}_", u32::from(c))),
                (Self::Dots, _) => out.push_str("__"),
                (_, _) => out.push('_'),
            }
        }
        Cow::Owned(out)
    }
}

/// Whether a metric may have this name in the old text format.
pub(super) fn is_legacy(name: &str) -> bool {
    !name.is_empty() && name.chars().enumerate().all(|(at, c)| fits(at, c))
}

fn fits(at: usize, c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0)
}

/// Undoes [`Escaping::Values`]. A name that breaks the rule stands for itself.
pub(super) fn unescape(name: &str) -> String {
    let Some(escaped) = name.strip_prefix("U__") else { return name.to_owned() };
    try_unescape(escaped).unwrap_or_else(|| name.to_owned())
}

fn try_unescape(escaped: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::with_capacity(escaped.len()), escaped);
    while let Some(at) = rest.find('_') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('_') {
            plain.push('_');
            rest = after;
            continue;
        }
        let (code, after) = rest.split_once('_')?;
        if code.is_empty() || code.len() > 6 || !code.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        plain.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_read_and_broken_ones_stand_for_themselves() {
        assert_eq!(unescape("job"), "job");
        assert_eq!(unescape("U__http_2e_status"), "http.status");
        assert_eq!(unescape("U__a__b"), "a_b");
        assert_eq!(unescape("U___263a___x"), "☺_x");
        assert_eq!(unescape("U__a_zz_b"), "U__a_zz_b");
        assert_eq!(unescape("U__a_d800_b"), "U__a_d800_b");
        assert_eq!(unescape("U__tail_2e"), "U__tail_2e");
    }

    #[test]
    fn names_are_escaped_in_four_ways() {
        let name = "http.status:sum_1 ☺";
        assert_eq!(Escaping::None.escape(name), name);
        assert_eq!(Escaping::Underscores.escape(name), "http_status:sum_1__");
        assert_eq!(Escaping::Dots.escape(name), "http_dot_status:sum__1____");
        let values = Escaping::Values.escape(name);
        assert_eq!(values, "U__http_2e_status:sum__1_20__263a_");
        assert_eq!(unescape(&values), name);
        assert_eq!(Escaping::Values.escape("up_1"), "up_1");
    }
}
