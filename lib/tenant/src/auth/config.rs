//! How callers prove who they are.

use mneme_model::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// Authentication of every HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// How a request's tenant is found. `auto`: by `credentials` if there are any; else the header `X-Scope-OrgID` is believed, absent
    /// means the tenant `anonymous`, and only loopback addresses may be listened on. `trust-header`: the header is required and
    /// believed on any address: only behind a gateway that sets it. `credentials`: a token or password is required. Default `auto`.
    pub mode: AuthMode,
    /// Who may use which tenants, by bearer token or by user and password. Default none.
    pub credentials: Vec<Credential>,
}

/// How a request's tenant is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// Credentials if there are any, else the header on loopback addresses.
    #[default]
    Auto,
    /// The header is required and believed.
    TrustHeader,
    /// A token or password is required.
    Credentials,
}

/// One caller and the tenants it may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credential {
    /// The token of `Authorization: Bearer <token>`. Either this or `user` and `password`.
    pub token: Secret,
    /// The user of HTTP basic authentication.
    pub user: String,
    /// The password of HTTP basic authentication.
    pub password: Secret,
    /// The tenants that this caller may read and write. With one, `X-Scope-OrgID` may be left out. `*` = every tenant.
    pub tenants: Vec<String>,
}

impl AuthConfig {
    /// Says which value cannot be, and why.
    pub fn validate(&self) -> Result<(), String> {
        match (self.mode, self.credentials.is_empty()) {
            (AuthMode::Credentials, true) => {
                return Err("auth.mode is credentials, but auth.credentials is empty".into());
            }
            (AuthMode::TrustHeader, false) => {
                return Err(
                    "auth.mode is trust-header, but auth.credentials is set: they would not be asked for"
                        .into(),
                );
            }
            _ => {}
        }
        self.credentials.iter().enumerate().try_for_each(|(i, credential)| {
            credential.validate().map_err(|problem| format!("auth.credentials[{i}]: {problem}"))
        })
    }
}

impl Credential {
    fn validate(&self) -> Result<(), String> {
        let basic = !self.user.is_empty() || !self.password.is_empty();
        match (self.token.is_empty(), basic) {
            (true, false) => return Err("has neither token nor user and password".into()),
            (false, true) => return Err("has both token and user or password: use two entries".into()),
            (true, true) if self.user.is_empty() || self.password.is_empty() => {
                return Err("user and password go together".into());
            }
            _ => {}
        }
        if self.user.contains(':') {
            return Err(format!(
                "user {:?} contains ':', which ends a user name in HTTP basic authentication",
                self.user
            ));
        }
        if self.tenants.is_empty() {
            return Err("has no tenants".into());
        }
        for tenant in self.tenants.iter().filter(|tenant| *tenant != "*") {
            TenantId::new(tenant).map_err(|invalid| invalid.to_string())?;
        }
        Ok(())
    }
}
