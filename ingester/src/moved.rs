//! Which series are in several heads.
//!
//! A series lives in one partition, unless its tenant's shard size was changed: then what came before is in another one.

use std::collections::HashSet;

/// Bits of the filter per identity.
const BITS: usize = 8;

/// The identities that several heads have. `all` are those of one head after the other, and `ends` where each head's end.
///
/// Two passes over the identities, and room for one bit per [`BITS`]th of one: cheap where there are none, which is nearly always. A first
/// filter finds those whose bit was set before; only what a second filter, of these alone, lets through is compared.
pub(crate) fn in_several(all: &[u64], ends: &[usize]) -> HashSet<u64> {
    let mut seen = Filter::of(all.len());
    let mut suspects = Filter::of(all.len() / BITS);
    let mut any = false;
    for &identity in all {
        if seen.put(identity) {
            suspects.put(identity);
            any = true;
        }
    }
    if !any {
        return HashSet::new();
    }
    let mut found: Vec<(u64, usize)> = Vec::new();
    let mut from = 0;
    for (head, &end) in ends.iter().enumerate() {
        let own = all.get(from..end).unwrap_or_default().iter();
        found.extend(own.filter(|&&identity| suspects.has(identity)).map(|&identity| (identity, head)));
        from = end;
    }
    found.sort_unstable();
    let two = |pair: &&[(u64, usize)]| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1;
    found.windows(2).filter(two).map(|pair| pair[0].0).collect()
}

/// A set of hashes that may say yes too often.
struct Filter {
    words: Vec<u64>,
    mask: u64,
}

impl Filter {
    fn of(len: usize) -> Self {
        let bits = len.saturating_mul(BITS).next_power_of_two().max(64);
        Self { words: vec![0; bits / 64], mask: bits as u64 - 1 }
    }

    /// Whether it was there already.
    fn put(&mut self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        let was = self.words[word] & bit != 0;
        self.words[word] |= bit;
        was
    }

    fn has(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.words[word] & bit != 0
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let at = hash & self.mask;
        ((at / 64) as usize, 1 << (at % 64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn those_of_two_heads_are_found_and_no_others(
            heads in prop::collection::vec(prop::collection::vec(prop_oneof![0u64..40, any::<u64>()], 0..60), 0..6)
        ) {
            let all: Vec<u64> = heads.iter().flatten().copied().collect();
            let mut end = 0;
            let ends: Vec<usize> = heads.iter().map(|head| { end += head.len(); end }).collect();
            let holders = |identity: &u64| heads.iter().filter(|head| head.contains(identity)).count();
            let want: HashSet<u64> = all.iter().copied().filter(|identity| holders(identity) > 1).collect();
            prop_assert_eq!(in_several(&all, &ends), want);
        }
    }
}
