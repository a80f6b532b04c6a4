//! Where in a YAML file an option stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// A place in a file and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// The value as written, if it is a scalar.
    pub value: Option<String>,
}

/// The place of the option at `path` (keys and list positions). Of an option that is unknown to its section the name's
/// place, of one that is absent its section's.
#[must_use]
pub fn locate(yaml: &str, path: &[String]) -> Option<Place> {
    let root: Spanned<Node> = serde_saphyr::from_str(yaml).ok()?;
    let mut found = place(&root);
    let mut node = &root.value;
    for (depth, step) in path.iter().enumerate() {
        match node {
            Node::Map(entries) => {
                let Some((key, value)) = entries.iter().find(|(key, _)| key.value == *step) else { break };
                let last = depth + 1 == path.len();
                found = if last && matches!(value.value, Node::Scalar(_)) {
                    place(value)
                } else {
                    at(key.referenced, None)
                };
                node = &value.value;
            }
            Node::Seq(items) => {
                let Some(item) = step.parse::<usize>().ok().and_then(|index| items.get(index)) else { break };
                found = place(item);
                node = &item.value;
            }
            Node::Scalar(_) => break,
        }
    }
    found
}

/// `server.list[2]`.
pub(super) fn render_path(steps: &[String]) -> String {
    let mut text = String::new();
    for step in steps {
        if !text.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) {
            text.push_str(&format!("[{step}]"));
        } else {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(step);
        }
    }
    text
}

fn place(node: &Spanned<Node>) -> Option<Place> {
    let value = match &node.value {
        Node::Scalar(text) => Some(text.clone()),
        Node::Map(_) | Node::Seq(_) => None,
    };
    at(node.referenced, value)
}

fn at(location: Location, value: Option<String>) -> Option<Place> {
    (location.line() > 0).then(|| Place { line: location.line(), column: location.column(), value })
}

/// Any YAML, with places.
enum Node {
    Scalar(String),
    Seq(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(String::new()))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(String::new()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::Seq(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(yaml: &str, path: &[&str]) -> Option<(u64, u64, Option<String>)> {
        let path: Vec<_> = path.iter().map(|&step| step.to_owned()).collect();
        locate(yaml, &path).map(|place| (place.line, place.column, place.value))
    }

    #[test]
    fn finds_values_lists_sections_and_what_is_absent() {
        let yaml = "a:\n  b: 17\n  c:\n    - x\n    - y: true\n";
        assert_eq!(find(yaml, &["a", "b"]), Some((2, 6, Some("17".to_owned()))));
        assert_eq!(find(yaml, &["a", "c", "0"]), Some((4, 7, Some("x".to_owned()))));
        assert_eq!(find(yaml, &["a", "c", "1", "y"]), Some((5, 10, Some("true".to_owned()))));
        assert_eq!(find(yaml, &["a", "c"]), Some((3, 3, None)), "a section is at its name");
        assert_eq!(find(yaml, &["a", "missing"]), Some((1, 1, None)), "the section that lacks it");
        assert_eq!(find("a: [", &["a"]), None);
    }
}
