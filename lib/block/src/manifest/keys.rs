//! Where a tenant's manifest lies.

use mneme_model::TenantId;
use ulid::Ulid;

/// The chain of versions.
pub(super) fn chain(tenant: &TenantId) -> String {
    format!("tenants/{tenant}/manifest")
}

/// The lists of closed days.
pub(super) fn lists(tenant: &TenantId) -> String {
    format!("tenants/{tenant}/lists")
}

/// A list of closed days.
pub(super) fn list(tenant: &TenantId, id: Ulid) -> String {
    format!("{}/{id}", lists(tenant))
}

/// All blocks' folders.
pub(super) fn blocks(tenant: &TenantId) -> String {
    format!("tenants/{tenant}/blocks")
}

/// The id that follows `prefix/` in `key`; `None` for a key that is not of that form.
pub(super) fn id_below(prefix: &str, key: &str) -> Option<Ulid> {
    let rest = key.strip_prefix(prefix)?.strip_prefix('/')?;
    rest.split('/').next()?.parse().ok()
}
