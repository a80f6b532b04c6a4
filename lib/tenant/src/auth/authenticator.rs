//! Finds a request's tenants.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use mneme_model::{InvalidTenant, TenantId};

use super::{AuthConfig, AuthMode, Credential};

/// The header that names a request's tenant; `a|b` names several, for reads.
pub const ORG_ID_HEADER: &str = "x-scope-orgid";

/// The most tenants that one read may name.
const MAX_TENANTS: usize = 1000;

/// Why a request has no tenant. The texts are written for the caller and name no other tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// 401: the header is missing.
    #[error("no org id")]
    NoOrgId,
    /// 401: no `Authorization`, or one that nobody has.
    #[error("no valid credentials")]
    NoCredentials,
    /// 403: these credentials are not for that tenant.
    #[error("these credentials are not for tenant '{0}'")]
    Forbidden(TenantId),
    /// 403: what the process shows of all tenants is not for one tenant.
    #[error("this is for the process' operators: {0}")]
    NotOperator(&'static str),
    /// 400: not a tenant name.
    #[error(transparent)]
    Invalid(#[from] InvalidTenant),
    /// 400: a write, or another request for one tenant, names several.
    #[error("multiple org IDs present")]
    Several,
    /// 400: more tenants than a read may name.
    #[error("too many org IDs: {0}, at most {MAX_TENANTS} are allowed")]
    TooMany(usize),
}

impl AuthError {
    /// The HTTP status: 400, 401 or 403.
    #[must_use]
    pub fn http(&self) -> u16 {
        match self {
            Self::NoOrgId | Self::NoCredentials => 401,
            Self::Forbidden(_) | Self::NotOperator(_) => 403,
            Self::Invalid(_) | Self::Several | Self::TooMany(_) => 400,
        }
    }
}

/// Finds a request's tenants by the configured mode.
#[derive(Clone, Debug)]
pub struct Authenticator {
    mode: Mode,
}

#[derive(Clone, Debug)]
enum Mode {
    Loopback,
    TrustHeader,
    Credentials(Vec<Credential>),
}

impl Authenticator {
    /// # Errors
    /// Those of [`AuthConfig::validate`].
    pub fn new(config: AuthConfig) -> Result<Self, String> {
        config.validate()?;
        let mode = match config.mode {
            AuthMode::TrustHeader => Mode::TrustHeader,
            AuthMode::Auto if config.credentials.is_empty() => Mode::Loopback,
            AuthMode::Auto | AuthMode::Credentials => Mode::Credentials(config.credentials),
        };
        Ok(Self { mode })
    }

    /// Whether `listener` may be listened on: without authentication only a loopback address may.
    ///
    /// # Errors
    /// Names the address and the ways out.
    pub fn validate_listener(&self, listener: SocketAddr) -> Result<(), String> {
        if matches!(self.mode, Mode::Loopback) && !listener.ip().to_canonical().is_loopback() {
            return Err(format!(
                "refusing to listen on {listener} without authentication: anyone who reaches it could read and write every \
                 tenant; set auth.credentials, or auth.mode: trust-header behind a gateway that sets X-Scope-OrgID, or listen on \
                 127.0.0.1"
            ));
        }
        Ok(())
    }

    /// The one tenant of a write.
    pub fn tenant(&self, headers: &HeaderMap) -> Result<TenantId, AuthError> {
        let mut tenants = self.tenants(headers)?;
        match (tenants.pop(), tenants.is_empty()) {
            (Some(tenant), true) => Ok(tenant),
            (None, _) => Err(AuthError::NoOrgId),
            (Some(_), false) => Err(AuthError::Several),
        }
    }

    /// Whether the caller may see what names all tenants (`/config`, `/runtime_config`): on a loopback listener everyone; with
    /// credentials whoever has one for `*`; behind a gateway whoever comes past it, that is without its `X-Scope-OrgID`.
    pub fn operator(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        match &self.mode {
            Mode::Loopback => Ok(()),
            Mode::TrustHeader if headers.contains_key(ORG_ID_HEADER) => {
                Err(AuthError::NotOperator("ask without X-Scope-OrgID, past the gateway"))
            }
            Mode::TrustHeader => Ok(()),
            Mode::Credentials(known) => {
                let credential =
                    known.iter().find(|c| presents(headers, c)).ok_or(AuthError::NoCredentials)?;
                let every = credential.tenants.iter().any(|tenant| tenant == "*");
                every
                    .then_some(())
                    .ok_or(AuthError::NotOperator("credentials for every tenant ('*') are needed"))
            }
        }
    }

    /// The tenants of a read: sorted, each once, at least one.
    pub fn tenants(&self, headers: &HeaderMap) -> Result<Vec<TenantId>, AuthError> {
        match &self.mode {
            Mode::Loopback => Ok(named(headers)?.unwrap_or_else(|| vec![TenantId::anonymous()])),
            Mode::TrustHeader => named(headers)?.ok_or(AuthError::NoOrgId),
            Mode::Credentials(known) => {
                let credential =
                    known.iter().find(|c| presents(headers, c)).ok_or(AuthError::NoCredentials)?;
                allowed(credential, named(headers)?)
            }
        }
    }
}

/// The tenants that the header names; `None` if it is absent or empty.
fn named(headers: &HeaderMap) -> Result<Option<Vec<TenantId>>, AuthError> {
    let mut values = headers.get_all(ORG_ID_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(AuthError::Several);
    }
    let text = String::from_utf8_lossy(value.as_bytes());
    if text.is_empty() {
        return Ok(None);
    }
    let count = text.split('|').count();
    if count > MAX_TENANTS {
        return Err(AuthError::TooMany(count));
    }
    let mut tenants = text.split('|').map(TenantId::new).collect::<Result<Vec<_>, _>>()?;
    tenants.sort();
    tenants.dedup();
    Ok(Some(tenants))
}

/// Whether the request's `Authorization` is this credential.
fn presents(headers: &HeaderMap, credential: &Credential) -> bool {
    let Some((scheme, rest)) =
        headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' '))
    else {
        return false;
    };
    if !credential.token.is_empty() {
        return scheme.eq_ignore_ascii_case("bearer") && credential.token.matches(rest.trim().as_bytes());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return false;
    }
    let Ok(decoded) = STANDARD.decode(rest.trim()) else { return false };
    let Some(colon) = decoded.iter().position(|b| *b == b':') else { return false };
    let (user, password) = decoded.split_at(colon);
    user == credential.user.as_bytes() && credential.password.matches(password.get(1..).unwrap_or_default())
}

/// The tenants that a known caller asks for, or its only one.
fn allowed(credential: &Credential, named: Option<Vec<TenantId>>) -> Result<Vec<TenantId>, AuthError> {
    let may = |tenant: &TenantId| credential.tenants.iter().any(|t| t == "*" || t == tenant.as_str());
    match named {
        Some(tenants) => match tenants.iter().find(|tenant| !may(tenant)) {
            Some(stranger) => Err(AuthError::Forbidden(stranger.clone())),
            None => Ok(tenants),
        },
        None => match credential.tenants.as_slice() {
            [only] if only != "*" => Ok(vec![TenantId::new(only)?]),
            _ => Err(AuthError::NoOrgId),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn names(result: Result<Vec<TenantId>, AuthError>) -> Result<Vec<String>, AuthError> {
        result.map(|tenants| tenants.iter().map(ToString::to_string).collect())
    }

    fn with(mode: AuthMode, credentials: Vec<Credential>) -> Authenticator {
        Authenticator::new(AuthConfig { mode, credentials }).unwrap()
    }

    #[test]
    fn without_authentication_the_header_is_believed_on_loopback_only() {
        let auth = with(AuthMode::Auto, vec![]);
        assert_eq!(names(auth.tenants(&headers(&[]))).unwrap(), ["anonymous"]);
        assert_eq!(names(auth.tenants(&headers(&[("x-scope-orgid", "b|a|b")]))).unwrap(), ["a", "b"]);
        for loopback in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            auth.validate_listener(loopback.parse().unwrap()).unwrap();
        }
        for open in ["0.0.0.0:1", "10.0.0.1:1", "[::]:1"] {
            let refused = auth.validate_listener(open.parse().unwrap()).unwrap_err();
            assert!(refused.contains(open) && refused.contains("trust-header"), "{refused}");
        }
    }

    #[test]
    fn what_names_all_tenants_is_for_operators() {
        let token = |token: &str, tenant: &str| Credential {
            token: Secret::new(token),
            tenants: vec![tenant.to_owned()],
            ..Credential::default()
        };
        let auth = with(AuthMode::Credentials, vec![token("one", "a"), token("all", "*")]);
        let ask = |auth: &Authenticator, pairs: &[(&'static str, &str)]| {
            auth.operator(&headers(pairs)).map_err(|error| error.http())
        };
        assert_eq!(ask(&auth, &[]), Err(401));
        assert_eq!(ask(&auth, &[("authorization", "Bearer one")]), Err(403));
        assert_eq!(ask(&auth, &[("authorization", "Bearer all")]), Ok(()));
        let gateway = with(AuthMode::TrustHeader, vec![]);
        assert_eq!(ask(&gateway, &[("x-scope-orgid", "a")]), Err(403));
        assert_eq!(ask(&gateway, &[]), Ok(()));
        assert_eq!(ask(&with(AuthMode::Auto, vec![]), &[]), Ok(()));
    }

    #[test]
    fn a_trusted_header_is_required() {
        let auth = with(AuthMode::TrustHeader, vec![]);
        auth.validate_listener("0.0.0.0:1".parse().unwrap()).unwrap();
        let error = auth.tenant(&headers(&[])).unwrap_err();
        assert_eq!((error.http(), error.to_string().as_str()), (401, "no org id"));
        assert_eq!(auth.tenant(&headers(&[("x-scope-orgid", "a")])).unwrap().as_str(), "a");
    }

    #[test]
    fn a_write_has_one_tenant_with_a_valid_name() {
        let auth = with(AuthMode::TrustHeader, vec![]);
        for (value, want) in [
            ("a|b", AuthError::Several),
            ("a/b", TenantId::new("a/b").unwrap_err().into()),
            ("|", InvalidTenant::Empty.into()),
        ] {
            let error = auth.tenant(&headers(&[("x-scope-orgid", value)])).unwrap_err();
            assert_eq!((error.http(), &error), (400, &want), "{value}");
        }
        let many = vec!["t"; MAX_TENANTS + 1].join("|");
        assert_eq!(
            auth.tenants(&headers(&[("x-scope-orgid", &many)])),
            Err(AuthError::TooMany(MAX_TENANTS + 1))
        );
    }

    #[test]
    fn credentials_open_their_own_tenants_only() {
        let token =
            Credential { token: Secret::new("t0ken"), tenants: vec!["a".into()], ..Credential::default() };
        let basic = Credential {
            user: "u".into(),
            password: Secret::new("p:w"),
            tenants: vec!["a".into(), "b".into()],
            ..Credential::default()
        };
        let auth = with(AuthMode::Auto, vec![token, basic]);
        auth.validate_listener("0.0.0.0:1".parse().unwrap()).unwrap();
        let basic = format!("Basic {}", STANDARD.encode("u:p:w"));
        assert_eq!(names(auth.tenants(&headers(&[("authorization", "Bearer t0ken")]))).unwrap(), ["a"]);
        let both = headers(&[("authorization", basic.as_str()), ("x-scope-orgid", "a|b")]);
        assert_eq!(names(auth.tenants(&both)).unwrap(), ["a", "b"]);
        let stranger = headers(&[("authorization", "bearer t0ken"), ("x-scope-orgid", "b")]);
        assert_eq!(auth.tenants(&stranger).unwrap_err().http(), 403);
        assert_eq!(auth.tenants(&headers(&[("authorization", basic.as_str())])), Err(AuthError::NoOrgId));
        for wrong in ["Bearer t0keN", "Bearer", "Basic t0ken", "Basic dTpwOnc", "Bearer "] {
            let given = headers(&[("authorization", wrong), ("x-scope-orgid", "a")]);
            assert_eq!(auth.tenants(&given), Err(AuthError::NoCredentials), "{wrong}");
        }
        assert_eq!(auth.tenants(&headers(&[("x-scope-orgid", "a")])).unwrap_err().http(), 401);
    }

    #[test]
    fn a_configuration_that_would_not_protect_is_refused() {
        let cases = [
            (AuthConfig { mode: AuthMode::Credentials, credentials: vec![] }, "is empty"),
            (
                AuthConfig { mode: AuthMode::TrustHeader, credentials: vec![Credential::default()] },
                "trust-header",
            ),
            (AuthConfig { mode: AuthMode::Auto, credentials: vec![Credential::default()] }, "credentials[0]"),
        ];
        for (config, want) in cases {
            let error = Authenticator::new(config).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }
}
