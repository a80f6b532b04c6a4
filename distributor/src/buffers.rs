//! Memory that one request leaves to the next.

use mneme_model::TenantId;
use mneme_wal::Records;
use parking_lot::Mutex;

/// How many of each are kept.
const KEPT: usize = 16;
/// Larger ones are given back to the system.
const LARGEST: usize = 4 << 20;

/// Buffers for decompressed messages, and staged records.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    messages: Mutex<Vec<Vec<u8>>>,
    records: Mutex<Vec<Records>>,
}

impl Buffers {
    pub(crate) fn message(&self) -> Vec<u8> {
        self.messages.lock().pop().unwrap_or_default()
    }

    pub(crate) fn give_message(&self, buffer: Vec<u8>) {
        let mut kept = self.messages.lock();
        if kept.len() < KEPT && buffer.capacity() <= LARGEST {
            kept.push(buffer);
        }
    }

    pub(crate) fn records(&self, tenant: &TenantId) -> Records {
        match self.records.lock().pop() {
            Some(mut records) => {
                records.reset(tenant.clone());
                records
            }
            None => Records::new(tenant.clone()),
        }
    }

    /// Keeps them without what they name: a catalog that nobody needs any more must not stay for them.
    pub(crate) fn give_records(&self, mut records: Records) {
        let is_small = records.size() <= LARGEST;
        let tenant = records.tenant().clone();
        records.reset(tenant);
        let mut kept = self.records.lock();
        if kept.len() < KEPT && is_small {
            kept.push(records);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mneme_wal::Catalog;

    use super::*;

    #[test]
    fn records_that_are_kept_hold_no_catalog() {
        let (buffers, catalog) = (Buffers::default(), Arc::new(Catalog::new(1 << 20)));
        let mut records = buffers.records(&TenantId::anonymous());
        records.set_catalog(Arc::clone(&catalog));
        buffers.give_records(records);
        assert_eq!(Arc::strong_count(&catalog), 1);
        assert_eq!(buffers.records.lock().len(), 1);
    }
}
