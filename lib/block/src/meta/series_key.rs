//! The order of series in a block.

use std::cmp::Ordering;

use mneme_model::labels::METRIC_NAME;
use mneme_model::{Labels, LabelsRef};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A series where it bounds a part: ordered by metric name, then label by label. In JSON an object of its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesKey(pub Labels);

impl SeriesKey {
    /// The order of series in a block: by metric name (`""` if absent), then as labels are ordered.
    #[must_use]
    pub fn order(a: LabelsRef<'_>, b: LabelsRef<'_>) -> Ordering {
        // `None`, a series without a name, is before every name.
        a.get(METRIC_NAME).cmp(&b.get(METRIC_NAME)).then_with(|| a.cmp(&b))
    }

    /// The metric name, `""` if absent.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.0.metric_name()
    }
}

impl Ord for SeriesKey {
    fn cmp(&self, other: &Self) -> Ordering {
        Self::order(self.0.view(), other.0.view())
    }
}

impl PartialOrd for SeriesKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for SeriesKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for SeriesKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = SeriesKey;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of label names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SeriesKey, A::Error> {
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                if pairs.iter().any(|(name, value)| name.is_empty() || value.is_empty()) {
                    return Err(de::Error::custom("a label has an empty name or value"));
                }
                Ok(SeriesKey(Labels::from_pairs(pairs)))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_ordered_by_metric_name_first_also_where_a_label_sorts_before_it() {
        let key = |pairs: &[(&str, &str)]| SeriesKey(Labels::from_pairs(pairs.iter().copied()));
        let sorted = [
            key(&[("job", "a")]),
            key(&[("A", "z"), ("__name__", "up")]),
            key(&[("__name__", "up")]),
            key(&[("__name__", "up"), ("job", "a")]),
            key(&[("A", "a"), ("__name__", "vp")]),
        ];
        assert!(sorted.is_sorted(), "{sorted:?}");
    }

    #[test]
    fn a_key_survives_json() {
        let key = SeriesKey(Labels::from_pairs([("__name__", "up"), ("a", "\"é\n")]));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, r#"{"__name__":"up","a":"\"é\n"}"#);
        assert_eq!(serde_json::from_str::<SeriesKey>(&json).unwrap(), key);
        assert!(serde_json::from_str::<SeriesKey>(r#"{"":"x"}"#).is_err());
    }
}
