//! Whose records go next: appends that wait for room, tenants in turns.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;
use mneme_model::TenantId;

/// Appends that wait for room in a batch, each tenant's in their order. Deficit round robin (Shreedhar and Varghese, 1995):
/// at its turn a tenant may take `quantum` bytes more than it has taken, so that a tenant with little never waits behind
/// another's backlog, and large requests do not win over small ones.
#[derive(Debug)]
pub(super) struct Turns {
    quantum: usize,
    next_ticket: u64,
    tenants: HashMap<TenantId, Queue>,
    /// Tenants that wait; the front one's turn is next.
    order: VecDeque<TenantId>,
    len: usize,
}

/// Names an append that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

#[derive(Debug, Default)]
struct Queue {
    /// Sizes by ticket: the oldest first.
    waiting: BTreeMap<Ticket, usize>,
    deficit: usize,
}

impl Turns {
    pub(super) fn new(quantum: usize) -> Self {
        Self {
            quantum: quantum.max(1),
            next_ticket: 0,
            tenants: HashMap::new(),
            order: VecDeque::new(),
            len: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Waits for `size` bytes of room, behind the tenant's earlier ones.
    pub(super) fn push(&mut self, tenant: &TenantId, size: usize) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let queue = self.tenants.entry(tenant.clone()).or_insert_with(|| {
            self.order.push_back(tenant.clone());
            Queue::default()
        });
        queue.waiting.insert(ticket, size);
        self.len += 1;
        ticket
    }

    /// The next ones that fit into `room` bytes, in turns; with `any`, the first one even if it does not fit.
    pub(super) fn grant(&mut self, mut room: usize, any: bool) -> Vec<(Ticket, usize)> {
        let mut granted: Vec<(Ticket, usize)> = Vec::new();
        while let Some(tenant) = self.order.front() {
            let Some(queue) = self.tenants.get_mut(tenant) else {
                self.order.pop_front();
                continue;
            };
            let Some((_, size)) = queue.waiting.first_key_value() else { break };
            if *size > room && !(any && granted.is_empty()) {
                break;
            }
            if *size > queue.deficit {
                queue.deficit += self.quantum;
                self.order.rotate_left(1);
                continue;
            }
            if let Some((ticket, size)) = queue.waiting.pop_first() {
                queue.deficit -= size;
                room = room.saturating_sub(size);
                self.len -= 1;
                granted.push((ticket, size));
            }
            self.drop_front_if_empty();
        }
        granted
    }

    /// Forgets one that does not wait any more. Returns its size, or `None` if it was granted.
    pub(super) fn remove(&mut self, tenant: &TenantId, ticket: Ticket) -> Option<usize> {
        let queue = self.tenants.get_mut(tenant)?;
        let size = queue.waiting.remove(&ticket)?;
        self.len -= 1;
        if queue.waiting.is_empty() {
            self.tenants.remove(tenant);
            self.order.retain(|waiting| waiting != tenant);
        }
        Some(size)
    }

    /// A tenant that waits for nothing keeps no credit.
    fn drop_front_if_empty(&mut self) {
        let empty = |tenant: &TenantId| self.tenants.get(tenant).is_none_or(|queue| queue.waiting.is_empty());
        if self.order.front().is_some_and(empty)
            && let Some(tenant) = self.order.pop_front()
        {
            self.tenants.remove(&tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenant(n: u8) -> TenantId {
        TenantId::new(&format!("t{n}")).unwrap()
    }

    #[test]
    fn a_small_tenant_does_not_wait_behind_a_large_ones_backlog() {
        let mut turns = Turns::new(1000);
        for _ in 0..100 {
            turns.push(&tenant(1), 1000);
        }
        let small = turns.push(&tenant(2), 10);
        let granted = turns.grant(8000, true);
        assert!(granted.iter().any(|(ticket, _)| *ticket == small), "{granted:?}");
        assert_eq!(granted.iter().map(|(_, size)| size).sum::<usize>(), 7010);
    }

    #[test]
    fn room_is_shared_by_bytes_not_by_requests() {
        let mut turns = Turns::new(500);
        let large: Vec<Ticket> = (0..100).map(|_| turns.push(&tenant(1), 900)).collect();
        for _ in 0..1000 {
            turns.push(&tenant(2), 30);
        }
        let granted = turns.grant(20_000, true);
        let bytes: usize = granted.iter().filter(|(t, _)| large.contains(t)).map(|(_, size)| size).sum();
        assert!((8_000..12_000).contains(&bytes), "{bytes} of 20000");
    }

    #[test]
    fn what_fits_nowhere_goes_alone() {
        let mut turns = Turns::new(10);
        turns.push(&tenant(1), 5000);
        turns.push(&tenant(1), 1);
        assert_eq!(turns.grant(100, false), []);
        assert_eq!(turns.grant(100, true).len(), 1);
        assert_eq!(turns.grant(100, true).len(), 1);
        assert!(turns.is_empty() && turns.order.is_empty() && turns.tenants.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn everyone_is_granted_once_in_the_tenants_order_unless_taken_back(
            pushes in prop::collection::vec((0u8..5, 1usize..300, 0u8..8), 1..80),
            room in 1usize..600,
        ) {
            let mut turns = Turns::new(64);
            let mut waiting: Vec<(u8, Ticket, usize)> = Vec::new();
            for (n, size, fate) in pushes {
                waiting.push((n, turns.push(&tenant(n), size), size));
                if fate == 0 {
                    let (n, ticket, size) = waiting.remove(waiting.len() / 2);
                    prop_assert_eq!(turns.remove(&tenant(n), ticket), Some(size));
                }
                if fate == 1 {
                    for (ticket, size) in turns.grant(room, true) {
                        let place = waiting.iter().position(|w| w.1 == ticket).unwrap();
                        let (n, _, known) = waiting.remove(place);
                        prop_assert_eq!(known, size);
                        prop_assert!(waiting.iter().all(|w| w.0 != n || w.1 > ticket), "in order");
                        prop_assert_eq!(turns.remove(&tenant(n), ticket), None);
                    }
                }
                prop_assert_eq!(turns.len(), waiting.len());
            }
            while !turns.is_empty() {
                let granted = turns.grant(room, true);
                prop_assert!(!granted.is_empty());
                let total: usize = granted.iter().map(|(_, size)| size).sum();
                prop_assert!(total <= room || granted.len() == 1);
            }
            prop_assert!(turns.order.is_empty() && turns.tenants.is_empty());
        }
    }
}
