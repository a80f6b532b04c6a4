//! Who may do how much: tenants from requests, limits, overrides, rate limiters.
