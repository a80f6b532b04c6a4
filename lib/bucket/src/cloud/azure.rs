//! Azure Blob Storage.

use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http::Connector;
use super::{Credential, check_endpoint, no_retries, set};

/// Azure Blob Storage (`az://CONTAINER/PREFIX`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AzureConfig {
    /// The storage account. Empty is `AZURE_STORAGE_ACCOUNT_NAME`.
    pub account_name: String,
    /// The account's key. Empty is the environment: `AZURE_STORAGE_ACCOUNT_KEY`, `AZURE_STORAGE_SAS_TOKEN`, a client
    /// (`AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET` or `AZURE_FEDERATED_TOKEN_FILE`), else the machine's identity.
    pub account_key: Credential,
    /// A shared access signature in place of the key.
    pub sas_token: Credential,
    /// Client id of the managed identity, where the machine has several.
    pub user_assigned_id: String,
    /// URL of the account's blobs where it is not `https://ACCOUNT.blob.core.windows.net`.
    pub endpoint: String,
    /// Allows an endpoint without TLS (`http://`).
    pub insecure: bool,
}

impl AzureConfig {
    /// # Errors
    /// What is wrong, with the option's name and value.
    pub fn validate(&self) -> Result<(), String> {
        check_endpoint("azure", &self.endpoint, self.insecure)?;
        if !self.account_key.expose().is_empty() && !self.sas_token.expose().is_empty() {
            return Err("azure.account_key and azure.sas_token are both set: take one".to_owned());
        }
        Ok(())
    }
}

pub(super) fn build(
    container: &str,
    config: &AzureConfig,
    connector: Connector,
) -> Result<MicrosoftAzure, String> {
    config.validate()?;
    let mut builder = MicrosoftAzureBuilder::from_env();
    let options = [
        (AzureConfigKey::AccountName, config.account_name.as_str()),
        (AzureConfigKey::AccessKey, config.account_key.expose()),
        (AzureConfigKey::SasKey, config.sas_token.expose()),
        (AzureConfigKey::ClientId, config.user_assigned_id.as_str()),
        (AzureConfigKey::Endpoint, config.endpoint.as_str()),
    ];
    for (key, text) in options {
        if let Some(text) = set(text) {
            builder = builder.with_config(key, text);
        }
    }
    builder
        .with_container_name(container)
        .with_retry(no_retries())
        .with_http_connector(connector)
        .build()
        .map_err(|error| error.to_string())
}
