//! Label sets as text.

use std::fmt;

use super::{LabelsRef, METRIC_NAME};

/// Text in double quotes with Go's escapes (`strconv.Quote`), as Prometheus prints label values.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\x07' => f.write_str("\\a")?,
                '\x08' => f.write_str("\\b")?,
                '\x0c' => f.write_str("\\f")?,
                '\x0b' => f.write_str("\\v")?,
                c if u32::from(c) < 0x20 || c == '\x7f' => write!(f, "\\x{:02x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Whether `name` is `[a-zA-Z_][a-zA-Z0-9_]*`, and so needs no quotes as a label name.
#[must_use]
pub fn is_legacy_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether `name` is `[a-zA-Z_:][a-zA-Z0-9_:]*`, and so needs no quotes as a metric name.
#[must_use]
pub fn is_legacy_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

pub(super) fn fmt_metric(labels: LabelsRef<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = labels.get(METRIC_NAME).unwrap_or("");
    let bare = is_legacy_metric_name(name);
    if bare {
        f.write_str(name)?;
    }
    let mut first = true;
    let mut open = |f: &mut fmt::Formatter<'_>| {
        let before = if first { "{" } else { ", " };
        first = false;
        f.write_str(before)
    };
    if !bare && !name.is_empty() {
        open(f)?;
        write!(f, "{}", Quoted(name))?;
    }
    for (label, value) in labels.iter().filter(|(label, _)| *label != METRIC_NAME) {
        open(f)?;
        if is_legacy_label_name(label) {
            write!(f, "{label}={}", Quoted(value))?;
        } else {
            write!(f, "{}={}", Quoted(label), Quoted(value))?;
        }
    }
    match (first, name.is_empty()) {
        (false, _) => f.write_str("}"),
        (true, true) => f.write_str("{}"),
        (true, false) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Labels;

    #[test]
    fn prints_metrics_as_prometheus_does() {
        let text = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied()).to_string();
        assert_eq!(text(&[]), "{}");
        assert_eq!(text(&[("__name__", "up")]), "up");
        assert_eq!(text(&[("__name__", "up"), ("b", "x\"y"), ("a", "1")]), r#"up{a="1", b="x\"y"}"#);
        assert_eq!(text(&[("__name__", "my.metric"), ("a.b", "1")]), r#"{"my.metric", "a.b"="1"}"#);
    }
}
