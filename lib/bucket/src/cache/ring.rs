//! What goes when a budget is used up.
//!
//! First in, first out, with a second chance: what was used since it came, or since it was passed over, goes to the end of the
//! queue once more. So what is read once, by a scan, goes before what is read again and again.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Values by key within a budget of bytes.
#[derive(Debug)]
pub(super) struct Ring<K, V> {
    budget: u64,
    used: u64,
    slots: HashMap<K, Slot<V>>,
    /// The keys of `slots`, each once, the next one to go first; and keys that were removed since.
    queue: VecDeque<(K, u64)>,
    /// Tells a key's place in the queue from an older one.
    born: u64,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    bytes: u64,
    used: bool,
    born: u64,
}

impl<K: Clone + Eq + Hash, V> Ring<K, V> {
    pub(super) fn new(budget: u64) -> Self {
        Self { budget, used: 0, slots: HashMap::new(), queue: VecDeque::new(), born: 0 }
    }

    /// Bytes in it.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// Whether it takes something of that size: at most an eighth of the budget.
    pub(super) fn fits(&self, bytes: u64) -> bool {
        bytes <= self.budget / 8
    }

    /// The value, which counts as used now.
    pub(super) fn get(&mut self, key: &K) -> Option<&V> {
        let slot = self.slots.get_mut(key)?;
        slot.used = true;
        Some(&slot.value)
    }

    /// Adds a value that fits; what goes for it comes back. A key that is there keeps its value.
    pub(super) fn insert(&mut self, key: K, value: V, bytes: u64) -> Vec<(K, V)> {
        let mut gone = Vec::new();
        if !self.fits(bytes) || self.slots.contains_key(&key) {
            return gone;
        }
        while self.used + bytes > self.budget {
            let Some(evicted) = self.evict() else { break };
            gone.push(evicted);
        }
        self.born += 1;
        self.used += bytes;
        self.queue.push_back((key.clone(), self.born));
        self.slots.insert(key, Slot { value, bytes, used: false, born: self.born });
        gone
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.slots.remove(key)?;
        self.used -= slot.bytes;
        // Its place in the queue is passed over; many such places are cleared out.
        if self.queue.len() > 2 * self.slots.len() + 16 {
            let slots = &self.slots;
            self.queue.retain(|(key, born)| slots.get(key).is_some_and(|slot| slot.born == *born));
        }
        Some(slot.value)
    }

    fn evict(&mut self) -> Option<(K, V)> {
        while let Some((key, born)) = self.queue.pop_front() {
            match self.slots.get_mut(&key) {
                Some(slot) if slot.born != born => {}
                None => {}
                Some(slot) if slot.used => {
                    slot.used = false;
                    self.queue.push_back((key, born));
                }
                Some(_) => {
                    let value = self.remove(&key)?;
                    return Some((key, value));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_used_again_outlives_a_scan() {
        let mut ring = Ring::new(80);
        for n in 0..4 {
            ring.insert(n, "hot", 10);
        }
        for n in 100..200 {
            for hot in 0..4 {
                assert_eq!(ring.get(&hot), Some(&"hot"), "after {n}");
            }
            ring.insert(n, "cold", 10);
        }
        assert_eq!(ring.used(), 80);
    }

    #[test]
    fn what_is_too_large_or_there_already_is_left_out() {
        let mut ring = Ring::new(80);
        assert!(ring.insert(1, "a", 11).is_empty() && ring.get(&1).is_none());
        ring.insert(2, "b", 10);
        ring.insert(2, "c", 10);
        assert_eq!(ring.get(&2), Some(&"b"));
        assert_eq!(ring.used(), 10);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_budget_holds_and_nothing_is_counted_twice(
            steps in prop::collection::vec((0_u8..3, 0_u8..40, 1_u64..=13), 1..300),
        ) {
            let mut ring = Ring::new(100);
            let mut there: HashMap<u8, u64> = HashMap::new();
            for (step, key, bytes) in steps {
                match step {
                    0 => {
                        let known = there.contains_key(&key);
                        for (gone, bytes) in ring.insert(key, bytes, bytes) {
                            prop_assert_eq!(there.remove(&gone), Some(bytes));
                        }
                        if !known && bytes <= 100 / 8 {
                            there.insert(key, bytes);
                        }
                    }
                    1 => prop_assert_eq!(ring.remove(&key), there.remove(&key)),
                    _ => prop_assert_eq!(ring.get(&key), there.get(&key)),
                }
                prop_assert_eq!(ring.used(), there.values().sum::<u64>());
                prop_assert!(ring.used() <= 100 && ring.queue.len() <= 2 * ring.slots.len() + 17);
            }
        }
    }
}
