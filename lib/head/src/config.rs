//! What an operator can set about a head.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a head keeps samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeadConfig {
    /// A chunk is closed at this many samples. More compress a little better and cost more to decode for a short range
    /// and to copy while open. Default 120.
    pub max_samples_per_chunk: u32,
    /// A chunk is closed at this many compressed bytes (native histograms reach it first). Default 4096.
    pub max_chunk_bytes: u32,
    /// Exemplars kept per tenant and partition, the newest to arrive; 0 keeps none. About 200 bytes each. Default 10000.
    pub max_exemplars_per_tenant: u32,
    /// Metric families per tenant and partition whose metadata is kept; further ones are left out. Default 20000.
    pub max_metadata_per_tenant: u32,
    /// Different metadata (type, help, unit) kept per metric family; the oldest gives way. Default 10.
    pub max_metadata_per_metric: u32,
}

impl Default for HeadConfig {
    fn default() -> Self {
        Self {
            max_samples_per_chunk: 120,
            max_chunk_bytes: 4096,
            max_exemplars_per_tenant: 10_000,
            max_metadata_per_tenant: 20_000,
            max_metadata_per_metric: 10,
        }
    }
}

impl HeadConfig {
    /// Refuses values that cannot work, with the value in the message.
    pub fn validate(&self) -> Result<(), String> {
        if !(2..=10_000).contains(&self.max_samples_per_chunk) {
            return Err(format!(
                "max_samples_per_chunk is {}, must be 2 to 10000",
                self.max_samples_per_chunk
            ));
        }
        if !(64..=1 << 20).contains(&self.max_chunk_bytes) {
            return Err(format!("max_chunk_bytes is {}, must be 64 to 1048576", self.max_chunk_bytes));
        }
        if self.max_metadata_per_metric == 0 {
            return Err("max_metadata_per_metric is 0, must be at least 1".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_a_bad_value_is_quoted() {
        assert_eq!(HeadConfig::default().validate(), Ok(()));
        let bad = HeadConfig { max_samples_per_chunk: 1, ..HeadConfig::default() };
        assert!(bad.validate().unwrap_err().contains("is 1,"));
    }
}
