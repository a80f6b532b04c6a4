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

    pub(crate) fn give_records(&self, records: Records) {
        let mut kept = self.records.lock();
        if kept.len() < KEPT && records.size() <= LARGEST {
            kept.push(records);
        }
    }
}
