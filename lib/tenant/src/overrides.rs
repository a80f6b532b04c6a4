//! Every tenant's limits: defaults, then the config file's overrides, then the runtime file's.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mneme_model::TenantId;
use parking_lot::RwLock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Limits;

/// Some of a tenant's limits by name; those left out are as in the layer below.
pub type LimitsPatch = Map<String, Value>;

/// Overrides by tenant name: the shape of `overrides:`.
pub type TenantPatches = BTreeMap<String, LimitsPatch>;

/// The process' overrides, shared by its parts.
pub type SharedOverrides = Arc<Overrides>;

/// The reloadable file `runtime_config.file`: of the same shape as Mimir's and Cortex's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuntimeConfig {
    /// Limits by tenant, over those of the config file's `overrides:`.
    pub overrides: TenantPatches,
}

/// Why overrides were refused. The ones before them stay in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// The file is not YAML of the shape of [`RuntimeConfig`].
    #[error("runtime config: {0}")]
    Syntax(String),
    /// The default limits cannot be.
    #[error("limits: {0}")]
    Defaults(String),
    /// One tenant's limits cannot be.
    #[error("overrides: tenant {tenant:?}: {problem}")]
    Tenant {
        /// The key under `overrides:`.
        tenant: String,
        /// The field and what is wrong with it.
        problem: String,
    },
}

/// Older or other systems' names of a limit, and ours. A file may use either, not both for one tenant.
const ALIASES: [(&str, &str); 1] = [("max_query_length", "max_total_query_length")];

/// The limits of every tenant.
#[derive(Debug)]
pub struct Overrides {
    defaults: Arc<Limits>,
    patches: TenantPatches,
    runtime: RwLock<Runtime>,
}

#[derive(Debug, Default)]
struct Runtime {
    config: RuntimeConfig,
    tenants: HashMap<TenantId, Arc<Limits>>,
}

impl Overrides {
    /// `defaults` are the config file's `limits:`, `patches` its `overrides:`.
    pub fn new(defaults: Limits, patches: TenantPatches) -> Result<Self, OverrideError> {
        defaults.validate().map_err(OverrideError::Defaults)?;
        let overrides = Self { defaults: Arc::new(defaults), patches, runtime: RwLock::default() };
        overrides.replace(RuntimeConfig::default())?;
        Ok(overrides)
    }

    /// Every tenant's limits are `limits`: for tests and tools.
    ///
    /// # Panics
    /// Where the limits cannot be.
    #[must_use]
    pub fn uniform(limits: Limits) -> SharedOverrides {
        Arc::new(Self::new(limits, TenantPatches::new()).expect("the caller gives limits that can be"))
    }

    /// The tenant's limits now.
    #[must_use]
    pub fn limits(&self, tenant: &TenantId) -> Arc<Limits> {
        self.runtime.read().tenants.get(tenant).unwrap_or(&self.defaults).clone()
    }

    /// The limits of tenants without overrides.
    #[must_use]
    pub fn defaults(&self) -> Arc<Limits> {
        self.defaults.clone()
    }

    /// The runtime file in force, for `/runtime_config`.
    #[must_use]
    pub fn runtime_config(&self) -> RuntimeConfig {
        self.runtime.read().config.clone()
    }

    /// Puts the runtime file's text (YAML, may be empty) in force; on an error everything stays as it was.
    pub fn reload(&self, text: &str) -> Result<(), OverrideError> {
        let empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        let config = if empty {
            RuntimeConfig::default()
        } else {
            serde_saphyr::from_str(text).map_err(|error| OverrideError::Syntax(error.to_string()))?
        };
        self.replace(config)
    }

    fn replace(&self, config: RuntimeConfig) -> Result<(), OverrideError> {
        let mut tenants = HashMap::new();
        for name in self.patches.keys().chain(config.overrides.keys()) {
            let fail = |problem| OverrideError::Tenant { tenant: name.clone(), problem };
            let tenant = TenantId::new(name).map_err(|invalid| fail(invalid.to_string()))?;
            let layers = [self.patches.get(name), config.overrides.get(name)];
            tenants.insert(
                tenant,
                Arc::new(patched(&self.defaults, layers.into_iter().flatten()).map_err(fail)?),
            );
        }
        *self.runtime.write() = Runtime { config, tenants };
        Ok(())
    }
}

/// `defaults` with the layers' fields over them, the last layer on top.
fn patched<'a>(defaults: &Limits, layers: impl Iterator<Item = &'a LimitsPatch>) -> Result<Limits, String> {
    let mut fields = match serde_json::to_value(defaults) {
        Ok(Value::Object(fields)) => fields,
        other => return Err(format!("limits are not a map: {other:?}")),
    };
    for layer in layers {
        for (alias, name) in ALIASES.iter().filter(|(alias, _)| layer.contains_key(*alias)) {
            if layer.contains_key(*name) {
                return Err(format!("has both {alias} and {name}, which are the same limit"));
            }
        }
        for (name, value) in layer {
            let name =
                ALIASES.iter().find(|(alias, _)| alias == name).map_or(name.as_str(), |(_, ours)| ours);
            if !fields.contains_key(name) {
                return Err(format!("{name} is no limit of this version"));
            }
            fields.insert(name.to_owned(), value.clone());
            // One field at a time, so that the error names it.
            Limits::deserialize(Value::Object(Map::from_iter([(name.to_owned(), value.clone())])))
                .map_err(|error| format!("{name}: {error}"))?;
        }
    }
    let limits = Limits::deserialize(Value::Object(fields)).map_err(|error| error.to_string())?;
    limits.validate()?;
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn overrides(limits: &str, patches: &str) -> Overrides {
        Overrides::new(serde_saphyr::from_str(limits).unwrap(), serde_saphyr::from_str(patches).unwrap())
            .unwrap()
    }

    #[test]
    fn layers_lie_upon_one_another_field_by_field() {
        let all = overrides(
            "{ingestion_rate: 5, max_label_value_length: 100}",
            "{a: {ingestion_rate: 7, request_rate: 1}}",
        );
        all.reload("overrides:\n  a:\n    request_rate: 2.5\n  b:\n    creation_grace_period: 1h\n    max_query_length: 0\n").unwrap();
        let a = all.limits(&tenant("a"));
        assert_eq!((a.ingestion_rate, a.request_rate, a.max_label_value_length), (7.0, 2.5, 100));
        assert_eq!(all.limits(&tenant("b")).creation_grace_period, Duration::from_secs(3600));
        assert_eq!(all.limits(&tenant("b")).ingestion_rate, 5.0);
        assert_eq!(all.limits(&tenant("c")), all.defaults());
    }

    #[test]
    fn a_reload_replaces_the_runtime_layer_and_an_emptied_file_removes_it() {
        let all = overrides("{}", "{}");
        all.reload("overrides: {a: {ingestion_rate: 1}}").unwrap();
        all.reload("overrides: {b: {ingestion_rate: 2}}").unwrap();
        assert_eq!(
            (all.limits(&tenant("a")).ingestion_rate, all.limits(&tenant("b")).ingestion_rate),
            (0.0, 2.0)
        );
        for empty in ["", "# nothing\n\n", "overrides: {}", "{}"] {
            all.reload(empty).unwrap();
            assert_eq!(all.limits(&tenant("b")), all.defaults());
        }
    }

    #[test]
    fn a_bad_file_is_named_by_tenant_and_field_and_changes_nothing() {
        let all = overrides("{}", "{}");
        all.reload("overrides: {a: {ingestion_rate: 1}}").unwrap();
        let cases = [
            ("overrides: {a: {ingestion_rat: 2}}", "tenant \"a\": ingestion_rat"),
            ("overrides: {a: {ingestion_rate: -2}}", "ingestion_rate is -2"),
            ("overrides: {a: {ingestion_rate: fast}}", "ingestion_rate: "),
            ("overrides: {a/b: {}}", "unsupported character"),
            ("overrides: {a: {creation_grace_period: 10 minutes}}", "creation_grace_period: "),
            ("overrides: {a: {max_query_length: 1h, max_total_query_length: 1h}}", "both max_query_length"),
            ("overrides: {a: {enabled_promql_features: [promql-magic]}}", "promql-magic"),
            ("multi_kv_config: {}", "multi_kv_config"),
            ("overrides: [", "runtime config"),
        ];
        for (text, want) in cases {
            let error = all.reload(text).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
            assert_eq!(all.limits(&tenant("a")).ingestion_rate, 1.0, "{text}");
        }
    }

    #[test]
    fn defaults_survive_a_round_trip_through_yaml() {
        let text = serde_saphyr::to_string(&Limits::default()).unwrap();
        assert_eq!(serde_saphyr::from_str::<Limits>(&text).unwrap(), Limits::default());
    }
}
