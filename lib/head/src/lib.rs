//! One partition's recent series of all tenants, in memory.
