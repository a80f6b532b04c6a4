//! Who may do how much: the tenant of a request, each tenant's limits and overrides, rate limiters.
//! Pure values and decisions: time comes in as an argument, nothing here reads files or clocks.
//!
//! - [`Authenticator`] a request's headers in, its tenant (writes) or tenants (reads, `a|b`) out.
//! - [`Limits`] what one tenant may do; [`Overrides`] the limits of every tenant: defaults, then the config file's `overrides:`,
//!   then the reloadable runtime file.
//! - [`error_text`] how a refusal is told: its id, and the option behind a limit.
//! - [`RateLimiter`] token buckets by tenant; [`duration`] how config files write durations.

mod auth;
pub mod duration;
mod limits;
mod overrides;
mod rate;
mod secret;

pub use auth::{AuthConfig, AuthError, AuthMode, Authenticator, Credential, ORG_ID_HEADER};
pub use limits::{LabelValueStrategy, Limits, NameValidation, error_text};
pub use overrides::{LimitsPatch, OverrideError, Overrides, RuntimeConfig, SharedOverrides, TenantPatches};
pub use rate::RateLimiter;
pub use secret::Secret;
