//! Where all data lives.

use std::time::Duration;

use mneme_server::config::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where all data lives.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BucketConfig {
    /// `file:///DIR` for a directory, which is locked and synced; `memory://` to forget everything at the end. Empty is
    /// `file://<data_dir>/bucket`. The flag `--bucket` overrides it.
    pub(crate) url: String,
    /// How long one request to the bucket may take before it is given up or asked again. Shorter notices a hanging store
    /// sooner, longer bears a slow one.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) request_timeout: Duration,
    /// How long an operation may take with all its retries.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) operation_timeout: Duration,
    /// After this long without an answer a segment of the write-ahead log is sent once more, the same bytes under the same
    /// name, so that one slow request does not hold up writes; later where the slowest twentieth of the store's answers takes
    /// longer. Two are under way at most. Shorter costs more requests. Only for stores behind a network: never for `file://`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) hedge_after: Duration,
}

impl Default for BucketConfig {
    fn default() -> Self {
        let options = mneme_bucket::Options::default();
        Self {
            url: String::new(),
            request_timeout: options.request_timeout,
            operation_timeout: options.operation_timeout,
            hedge_after: options.hedge_after,
        }
    }
}

impl BucketConfig {
    /// For the handle.
    pub(crate) fn options(&self) -> mneme_bucket::Options {
        mneme_bucket::Options {
            request_timeout: self.request_timeout,
            operation_timeout: self.operation_timeout,
            hedge_after: self.hedge_after,
            ..mneme_bucket::Options::default()
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let known = ["file:///", "memory://"].iter().any(|scheme| self.url.starts_with(scheme));
        if !self.url.is_empty() && !known {
            return Err(format!(
                "url {:?} is not one that this version opens: take file:///DIR or memory://",
                self.url
            ));
        }
        if self.hedge_after.is_zero() {
            return Err("hedge_after 0s would send everything twice: take at least 1ms".to_owned());
        }
        for (name, value) in
            [("request_timeout", self.request_timeout), ("operation_timeout", self.operation_timeout)]
        {
            if value.is_zero() {
                return Err(format!("{name} 0s leaves no time for any request: take at least 1s"));
            }
        }
        if self.operation_timeout < self.request_timeout {
            return Err(
                "operation_timeout is shorter than request_timeout: make it at least as long".to_owned()
            );
        }
        Ok(())
    }
}
