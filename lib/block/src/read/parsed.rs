//! What was parsed of blocks' files, kept for the next question: footers, and columns of series tables.
//!
//! Files never change, so nothing in here is ever stale; a file that was deleted is asked for by no newer version of a manifest.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::{IntCounter, IntGauge, Registry};

/// A file, and its column; `""` for the footer.
type Key = (Arc<str>, Arc<str>);

type Value = Arc<dyn Any + Send + Sync>;

/// Keeps what was used last, within a budget of bytes. All tenants share it: keys are those of objects, which have the tenant in them.
#[derive(Debug)]
pub struct ParsedCache {
    max_bytes: u64,
    state: Mutex<State>,
    hits: IntCounter,
    misses: IntCounter,
    bytes: IntGauge,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// Keys by when they were used.
    order: BTreeMap<u64, Key>,
    clock: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    bytes: u64,
    used: u64,
}

impl ParsedCache {
    /// At most so many bytes, as they are estimated; 0 keeps nothing.
    ///
    /// # Panics
    /// Never: the names of its metrics are valid.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let counter = |name, help| IntCounter::new(name, help).expect("the name is valid");
        Self {
            max_bytes,
            state: Mutex::default(),
            hits: counter("mneme_block_parsed_hits_total", "Parsed footers and columns that were there."),
            misses: counter("mneme_block_parsed_misses_total", "Footers and columns that had to be parsed."),
            bytes: IntGauge::new(
                "mneme_block_parsed_bytes",
                "Bytes of parsed footers and columns, estimated.",
            )
            .expect("the name is valid"),
        }
    }

    /// Shows `mneme_block_parsed_*`.
    ///
    /// # Errors
    /// Where the registry has metrics of these names already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.hits.clone()))?;
        registry.register(Box::new(self.misses.clone()))?;
        registry.register(Box::new(self.bytes.clone()))
    }

    /// Bytes held, as they are estimated.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self, file: &Arc<str>, column: &str) -> Option<Arc<T>> {
        let found = self.state.lock().get(&(Arc::clone(file), column.into()));
        let found = found.and_then(|value| value.downcast().ok());
        if found.is_some() {
            self.hits.inc();
        } else {
            self.misses.inc();
        }
        found
    }

    /// Keeps a value of about so many bytes; one that is larger than a quarter of all is not kept.
    pub(crate) fn put<T: Send + Sync + 'static>(
        &self,
        file: &Arc<str>,
        column: &str,
        value: &Arc<T>,
        bytes: u64,
    ) {
        let key: Key = (Arc::clone(file), column.into());
        let bytes = bytes.saturating_add((file.len() + column.len() + 200) as u64);
        if bytes > self.max_bytes / 4 {
            return;
        }
        let mut state = self.state.lock();
        state.put(key, Arc::clone(value) as Value, bytes, self.max_bytes);
        self.bytes.set(i64::try_from(state.bytes).unwrap_or(i64::MAX));
    }
}

impl State {
    fn get(&mut self, key: &Key) -> Option<Value> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        let before = std::mem::replace(&mut entry.used, self.clock);
        if let Some(key) = self.order.remove(&before) {
            self.order.insert(self.clock, key);
        }
        Some(Arc::clone(&entry.value))
    }

    fn put(&mut self, key: Key, value: Value, bytes: u64, max_bytes: u64) {
        self.clock += 1;
        let entry = Entry { value, bytes, used: self.clock };
        if let Some(before) = self.entries.insert(key.clone(), entry) {
            self.order.remove(&before.used);
            self.bytes -= before.bytes;
        }
        self.order.insert(self.clock, key);
        self.bytes += bytes;
        while self.bytes > max_bytes {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            if let Some(entry) = self.entries.remove(&oldest) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_is_kept_within_the_budget() {
        let cache = ParsedCache::new(4000);
        let file: Arc<str> = "f".into();
        let put = |name: &str| cache.put(&file, name, &Arc::new(name.to_owned()), 700);
        let get = |name: &str| cache.get::<String>(&file, name).map(|it| it.to_string());
        for name in ["a", "b", "c", "d"] {
            put(name);
        }
        assert_eq!(get("a"), Some("a".to_owned()));
        put("e");
        assert_eq!((get("a").is_some(), get("b"), get("e").is_some()), (true, None, true));
        assert!(cache.bytes() <= 4000);
        // A second value in the same place is counted once; another type is none.
        put("e");
        assert!(cache.bytes() <= 4000 && cache.get::<u32>(&file, "e").is_none());
        cache.put(&file, "large", &Arc::new(0u8), 2000);
        assert!(cache.get::<u8>(&file, "large").is_none());
        assert_eq!((cache.hits.get(), cache.misses.get()), (3, 3));
    }
}
