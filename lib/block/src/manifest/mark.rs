//! Marks: below which cut a partition's samples are in blocks.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use mneme_model::{Cut, PartitionId};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A partition with the count that it is one of: `<p>of<count>`. Of another count it is another partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionOf {
    /// How many partitions there are.
    pub count: u16,
    /// Which one.
    pub partition: PartitionId,
}

impl PartitionOf {
    /// Partition `partition` of `count`.
    #[must_use]
    pub fn new(partition: PartitionId, count: u16) -> Self {
        Self { count, partition }
    }
}

impl fmt::Display for PartitionOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}of{}", self.partition, self.count)
    }
}

impl FromStr for PartitionOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not of the form <p>of<count>");
        let (partition, count) = text.split_once("of").ok_or_else(wrong)?;
        let partition = partition.parse().map_err(|_| wrong())?;
        let count = count.parse().map_err(|_| wrong())?;
        if partition >= count {
            return Err(format!("{text:?} names a partition past their count"));
        }
        Ok(Self::new(PartitionId(partition), count))
    }
}

impl Serialize for PartitionOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartitionOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The marks of a tenant. A partition without one is at cut 0: nothing of it is in blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(BTreeMap<PartitionOf, Cut>);

impl Marks {
    /// The cut below which the partition's samples are in blocks.
    #[must_use]
    pub fn get(&self, partition: PartitionOf) -> Cut {
        self.0.get(&partition).copied().unwrap_or_default()
    }

    /// Those that are not 0, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (PartitionOf, Cut)> + '_ {
        self.0.iter().map(|(partition, cut)| (*partition, *cut))
    }

    pub(super) fn set(&mut self, partition: PartitionOf, cut: Cut) {
        self.0.insert(partition, cut);
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(partition, cut)| (partition, cut.0)))
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let marks = BTreeMap::<PartitionOf, u64>::deserialize(deserializer)?;
        Ok(Self(marks.into_iter().map(|(partition, cut)| (partition, Cut(cut))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_written_as_the_bucket_names_them() {
        let partition = PartitionOf::new(PartitionId(3), 64);
        assert_eq!(partition.to_string(), "3of64");
        assert_eq!("3of64".parse(), Ok(partition));
        for wrong in ["", "of", "3", "3of", "of64", "64of64", "3of64of64", "-1of64", "3of70000"] {
            assert!(wrong.parse::<PartitionOf>().is_err(), "{wrong}");
        }
    }
}
