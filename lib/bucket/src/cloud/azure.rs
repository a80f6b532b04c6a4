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
        let given = [
            ("account_key", self.account_key.expose()),
            ("sas_token", self.sas_token.expose()),
            ("user_assigned_id", self.user_assigned_id.as_str()),
        ];
        let given: Vec<&str> =
            given.into_iter().filter_map(|(name, text)| set(text).and(Some(name))).collect();
        match given.as_slice() {
            [one, other, ..] => Err(format!("azure.{one} and azure.{other} are both set: take one")),
            _ => Ok(()),
        }
    }

    /// The library's name of the credentials that are configured here, which go before those of the environment.
    fn credentials(&self) -> Option<&'static str> {
        let kinds = [
            ("access_key", self.account_key.expose()),
            ("sas_token", self.sas_token.expose()),
            ("managed_identity", self.user_assigned_id.as_str()),
        ];
        kinds.into_iter().find_map(|(kind, text)| set(text).and(Some(kind)))
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
        // The container is added behind a slash.
        (AzureConfigKey::Endpoint, config.endpoint.trim_end_matches('/')),
        (AzureConfigKey::CredentialType, config.credentials().unwrap_or_default()),
    ];
    for (key, text) in options {
        if let Some(text) = set(text) {
            builder = builder.with_config(key, text);
        }
    }
    if builder.get_config_value(&AzureConfigKey::AccountName).is_none() {
        return Err("azure.account_name is empty, and AZURE_STORAGE_ACCOUNT_NAME is not set".to_owned());
    }
    builder
        .with_container_name(container)
        .with_retry(no_retries())
        .with_http_connector(connector)
        .build()
        .map_err(|error| match error.to_string() {
            words if words.contains("Invalid Access Key") => {
                "the account's key (azure.account_key, or AZURE_STORAGE_ACCOUNT_KEY) is not base64".to_owned()
            }
            words => words,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::HttpOptions;

    fn opened(config: &AzureConfig) -> Result<MicrosoftAzure, String> {
        build("container", config, Connector::new(&HttpOptions::default()).unwrap())
    }

    #[test]
    fn what_cannot_be_opened_is_refused_by_name() {
        let account = || AzureConfig { account_name: "mine".to_owned(), ..AzureConfig::default() };
        let key = || Credential::new("bm90LWEtc2VjcmV0");
        for (config, words) in [
            (AzureConfig { endpoint: "http://127.0.0.1:10000/a".into(), ..account() }, "set azure.insecure"),
            (
                AzureConfig { account_key: key(), sas_token: Credential::new("sv=1"), ..account() },
                "azure.account_key and azure.sas_token",
            ),
            (
                AzureConfig { account_key: key(), user_assigned_id: "id".into(), ..account() },
                "azure.user_assigned_id are both set",
            ),
            (AzureConfig { account_key: Credential::new("no base64!"), ..account() }, "is not base64"),
        ] {
            let error = opened(&config).unwrap_err();
            assert!(error.contains(words) && !error.contains("no base64!"), "{error}");
        }
        assert!(opened(&AzureConfig { account_key: key(), ..account() }).is_ok());
    }
}
