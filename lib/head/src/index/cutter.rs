//! Label sets cut down to the labels that matter, each made once.

use hashbrown::HashTable;
use mneme_model::Labels;

use super::Index;

/// Makes series' labels, for one answer.
pub(crate) struct Cutter<'a> {
    index: &'a Index,
    /// Numbers of the names that matter; `None` = all.
    names: Option<Vec<u32>>,
    /// The pairs of a series that matter.
    key: Vec<u32>,
    /// What was made so far: the pairs of each, one after the other, and where they end.
    keys: Vec<u32>,
    made: Vec<(usize, Labels)>,
    by_key: HashTable<u32>,
    /// Neighbours often have the same.
    last: usize,
    buffer: String,
}

impl Index {
    /// Makes labels of which only those called `names` matter; `None` = all.
    pub(crate) fn cutter(&self, names: Option<&[String]>) -> Cutter<'_> {
        let number = |name: &String| self.by_name.get(&**name).copied();
        Cutter {
            index: self,
            names: names.map(|names| names.iter().filter_map(number).collect()),
            key: Vec::new(),
            keys: Vec::new(),
            made: Vec::new(),
            by_key: HashTable::new(),
            last: 0,
            buffer: String::new(),
        }
    }
}

impl Cutter<'_> {
    /// The labels of a series with these pairs.
    pub(crate) fn labels(&mut self, pairs: &[u32]) -> Labels {
        let Self { index, names, key, keys, made, by_key, last, buffer } = self;
        let Some(names) = names else {
            return Labels::concat_by(buffer, pairs.iter().map(|&id| index.at(id).label.view()));
        };
        key.clear();
        key.extend(pairs.iter().copied().filter(|&id| names.contains(&index.at(id).name)));
        let of = |at: usize| {
            let from = at.checked_sub(1).and_then(|before| made.get(before)).map_or(0, |(end, _)| *end);
            made.get(at).and_then(|(end, _)| keys.get(from..*end))
        };
        let same = |at: usize| of(at).is_some_and(|other| other == key.as_slice());
        let found = if same(*last) {
            Some(*last)
        } else {
            by_key.find(hash(key), |&at| same(at as usize)).map(|&at| at as usize)
        };
        if let Some(at) = found {
            *last = at;
            return made[at].1.clone();
        }
        let labels = Labels::concat_by(buffer, key.iter().map(|&id| index.at(id).label.view()));
        let at = made.len();
        keys.extend_from_slice(key);
        made.push((keys.len(), labels.clone()));
        let hash_of = |&at: &u32| {
            let from = (at as usize).checked_sub(1).map_or(0, |before| made[before].0);
            hash(&keys[from..made[at as usize].0])
        };
        by_key.insert_unique(hash(key), at as u32, hash_of);
        *last = at;
        labels
    }
}

/// Of a few numbers that are close together.
fn hash(key: &[u32]) -> u64 {
    let mixed = key.iter().fold(key.len() as u64, |hash, &id| {
        (hash.rotate_left(5) ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_cut_to_the_names_and_each_is_made_once() {
        let mut index = Index::default();
        let series: Vec<Box<[u32]>> = (0..40)
            .map(|i| {
                let (job, pod) = (format!("job-{}", i % 4), format!("pod-{i}"));
                let labels = Labels::from_pairs([("__name__", "m"), ("job", &job), ("pod", &pod)]);
                let pairs = index.intern(labels.view());
                index.add(i, &pairs);
                pairs
            })
            .collect();
        let names = ["absent".to_owned(), "job".to_owned()];
        let mut cutter = index.cutter(Some(&names));
        for (i, pairs) in series.iter().enumerate() {
            let job = format!("job-{}", i % 4);
            assert_eq!(cutter.labels(pairs), Labels::from_pairs([("job", job)]));
        }
        assert_eq!(cutter.made.len(), 4);
        assert_eq!(index.cutter(Some(&[])).labels(&series[0]), Labels::empty());
        assert_eq!(index.cutter(None).labels(&series[7]).get("pod"), Some("pod-7"));
    }
}
