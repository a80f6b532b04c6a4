//! The bytes that wait for the bucket: of all, and of each tenant.

use hashbrown::HashMap;
use mneme_model::TenantId;

use crate::AppendError;

/// One tenant's part of the whole budget is at most one in so many.
const TENANTS_PART: usize = 4;

/// Who has how many bytes waiting, and how many are allowed.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: usize,
    tenants: Shares,
}

/// Bytes by tenant.
#[derive(Debug, Default)]
pub(super) struct Shares(HashMap<TenantId, usize>);

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, used: 0, tenants: Shares::default() }
    }

    /// The most that one tenant may have waiting, of a budget of `limit`.
    pub(super) fn tenant_limit(limit: usize) -> usize {
        limit / TENANTS_PART
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Takes `size` bytes for `tenant`, or nothing.
    pub(super) fn reserve(&mut self, tenant: &TenantId, size: usize) -> Result<(), AppendError> {
        let (buffered, limit) = (self.used, self.limit);
        if buffered + size > limit {
            return Err(AppendError::Overloaded { buffered, limit });
        }
        let (buffered, limit) = (self.tenants.of(tenant), Self::tenant_limit(limit));
        if buffered + size > limit {
            return Err(AppendError::TenantOverloaded { buffered, limit });
        }
        self.used += size;
        self.tenants.add(tenant, size);
        Ok(())
    }

    /// Gives back what one append took.
    pub(super) fn release(&mut self, tenant: &TenantId, size: usize) {
        self.used = self.used.saturating_sub(size);
        self.tenants.subtract(tenant, size);
    }

    /// Gives back what a whole batch took.
    pub(super) fn release_all(&mut self, shares: &Shares) {
        for (tenant, size) in &shares.0 {
            self.release(tenant, *size);
        }
    }
}

impl Shares {
    pub(super) fn add(&mut self, tenant: &TenantId, size: usize) {
        match self.0.get_mut(tenant) {
            Some(share) => *share += size,
            None => drop(self.0.insert(tenant.clone(), size)),
        }
    }

    fn of(&self, tenant: &TenantId) -> usize {
        self.0.get(tenant).copied().unwrap_or(0)
    }

    fn subtract(&mut self, tenant: &TenantId, size: usize) {
        if let Some(share) = self.0.get_mut(tenant) {
            *share = share.saturating_sub(size);
            if *share == 0 {
                self.0.remove(tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_a_quarter_and_all_have_the_whole() {
        let (a, mut budget) = (TenantId::new("a").unwrap(), Budget::new(400));
        budget.reserve(&a, 60).unwrap();
        budget.reserve(&a, 40).unwrap();
        let error = budget.reserve(&a, 1).unwrap_err();
        assert!(matches!(error, AppendError::TenantOverloaded { buffered: 100, limit: 100 }), "{error:?}");
        for n in 0..3 {
            budget.reserve(&TenantId::new(&format!("b{n}")).unwrap(), 100).unwrap();
        }
        let error = budget.reserve(&TenantId::new("c").unwrap(), 1).unwrap_err();
        assert!(matches!(error, AppendError::Overloaded { buffered: 400, limit: 400 }), "{error:?}");
        budget.release(&a, 60);
        budget.reserve(&a, 60).unwrap();
        let mut shares = Shares::default();
        shares.add(&a, 100);
        (0..3).for_each(|n| shares.add(&TenantId::new(&format!("b{n}")).unwrap(), 100));
        budget.release_all(&shares);
        assert_eq!(
            (budget.used(), budget.tenants.0.len()),
            (0, 0),
            "nothing is kept of tenants that wait for nothing"
        );
    }
}
