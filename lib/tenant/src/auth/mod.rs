//! From a request's headers to its tenants.

mod authenticator;
mod config;

pub use authenticator::{AuthError, Authenticator, ORG_ID_HEADER};
pub use config::{AuthConfig, AuthMode, Credential};
