//! What one tenant may do.

mod advice;
mod strategy;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration;

pub use advice::error_text;
pub use strategy::{LabelValueStrategy, NameValidation};

/// One tenant's limits. Names and defaults are Mimir's and Cortex's, except that limits of rate and series are off until set:
/// the process protects itself by its byte budgets. 0 = no limit, unless said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Write requests per second; over it 429. Default 0.
    pub request_rate: f64,
    /// How many write requests may come at once on top of a steady `request_rate`. 0 = one second's worth. Default 0.
    pub request_burst_size: u64,
    /// Samples, exemplars and metadata per second; over it the whole request is refused with 429. Default 0.
    pub ingestion_rate: f64,
    /// How many samples may come at once on top of a steady `ingestion_rate`. 0 = one second's worth. Default 0.
    pub ingestion_burst_size: u64,
    /// The longest label name in bytes; a series with a longer one is refused (400). Default 1024.
    pub max_label_name_length: usize,
    /// The longest label value in bytes. Default 2048.
    pub max_label_value_length: usize,
    /// What becomes of a longer label value: `error` refuses the series (400), `truncate` keeps the beginning and appends a hash of
    /// the whole, `drop` keeps the hash alone. Default `error`.
    pub label_value_length_over_limit_strategy: LabelValueStrategy,
    /// The most labels of one series, the metric name included; a series with more is refused (400). Default 30.
    pub max_label_names_per_series: usize,
    /// The longest metric name, unit and help text in metadata, in bytes. Longer names and units are refused (400), longer help texts
    /// cut. Default 1024.
    pub max_metadata_length: usize,
    /// Which metric and label names are valid: `utf8` (every non-empty text, as in Prometheus 3) or `legacy` (`[a-zA-Z_:][a-zA-Z0-9_:]*`).
    /// Default `utf8`; Mimir's default is `legacy`.
    pub name_validation_scheme: NameValidation,
    /// Whether native histograms are taken; if not they are dropped silently, as in Mimir. Default true.
    pub native_histograms_ingestion_enabled: bool,
    /// The most buckets of one native histogram. Default 0.
    pub max_native_histogram_buckets: usize,
    /// Whether a histogram with more buckets loses resolution until it fits; if not, or if it cannot, it is refused (400). Default true.
    pub reduce_native_histogram_over_max_buckets: bool,
    /// How far in the future a sample may lie; further ones are refused (400). "0s" = any. Default "10m".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub creation_grace_period: Duration,
    /// Accepted for the sake of existing files and ignored: samples of any age are taken. Default "0s".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub out_of_order_time_window: Duration,
    /// The most exemplars of one series in one request; further ones are dropped silently. Default 0.
    pub max_exemplars_per_series_per_request: usize,
    /// How many series the tenant is expected to have: decides over how many partitions it is spread, one for every 100,000. This version
    /// refuses no series over it. Default 0 (unknown: the active series decide); Mimir's default is 150000.
    pub max_global_series_per_user: u64,
    /// Over how many partitions the tenant is spread. More spread the load, fewer keep small tenants cheap: a write has a section for each
    /// partition that it touches, and each holds labels of its own. 0 = one for every 100,000 of `max_global_series_per_user` or,
    /// without that limit, of the tenant's active series: it grows at once, and shrinks after a flush (every two hours) that found far
    /// fewer. A change by hand moves series, which take their memory twice until the next flush. Default 0.
    pub ingestion_tenant_shard_size: u16,

    /// How long a query may compute; over it 503. "0s" = the process' own limit. Default "0s".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub query_timeout: Duration,
    /// The longest time range of a query with its selectors' ranges and offsets; over it 400. "0s" = any. Cortex's name is
    /// `max_query_length`. Default "0s".
    #[serde(with = "duration", alias = "max_query_length")]
    #[schemars(with = "String")]
    pub max_total_query_length: Duration,
    /// How far back queries see; older data is as if absent. "0s" = all. Default "0s".
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub max_query_lookback: Duration,
    /// The longest query text in bytes; over it 400. Default 0.
    pub max_query_expression_size_bytes: usize,
    /// The most memory of one query in bytes; over it 422. 0 = the process' own limit. Default 0.
    pub max_estimated_memory_consumption_per_query: u64,
    /// The most series that one query may read; over it 422. Default 0.
    pub max_fetched_series_per_query: u64,
    /// The most samples that one query may hold at once, as Prometheus' `query.max-samples`; over it 422. Default 50000000.
    pub max_samples_per_query: u64,
    /// The most series in an answer of the series endpoint; the rest is cut with a warning. Default 0.
    pub max_series_query_limit: usize,
    /// The most names in an answer of the labels endpoint; the rest is cut with a warning. Default 0.
    pub max_label_names_limit: usize,
    /// The most values in an answer of the label values endpoint; the rest is cut with a warning. Default 0.
    pub max_label_values_limit: usize,
    /// PromQL features beyond those of a released Prometheus, by Prometheus' own names: `promql-experimental-functions`,
    /// `promql-extended-range-selectors`, `promql-binop-fill-modifiers`, `promql-delayed-name-removal`, `type-and-unit-labels`,
    /// `use-start-timestamps`; `all` = every one. Default none.
    pub enabled_promql_features: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_rate: 0.0,
            request_burst_size: 0,
            ingestion_rate: 0.0,
            ingestion_burst_size: 0,
            max_label_name_length: 1024,
            max_label_value_length: 2048,
            label_value_length_over_limit_strategy: LabelValueStrategy::Error,
            max_label_names_per_series: 30,
            max_metadata_length: 1024,
            name_validation_scheme: NameValidation::Utf8,
            native_histograms_ingestion_enabled: true,
            max_native_histogram_buckets: 0,
            reduce_native_histogram_over_max_buckets: true,
            creation_grace_period: Duration::from_secs(600),
            out_of_order_time_window: Duration::ZERO,
            max_exemplars_per_series_per_request: 0,
            max_global_series_per_user: 0,
            ingestion_tenant_shard_size: 0,
            query_timeout: Duration::ZERO,
            max_total_query_length: Duration::ZERO,
            max_query_lookback: Duration::ZERO,
            max_query_expression_size_bytes: 0,
            max_estimated_memory_consumption_per_query: 0,
            max_fetched_series_per_query: 0,
            max_samples_per_query: 50_000_000,
            max_series_query_limit: 0,
            max_label_names_limit: 0,
            max_label_values_limit: 0,
            enabled_promql_features: Vec::new(),
        }
    }
}

/// Every PromQL feature that can be switched on, by Prometheus' name.
const FEATURES: [&str; 8] = [
    "all",
    "promql-experimental-functions",
    "promql-duration-expr",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
    "promql-delayed-name-removal",
    "type-and-unit-labels",
    "use-start-timestamps",
];

impl Limits {
    /// Says which value cannot be, and why.
    pub fn validate(&self) -> Result<(), String> {
        for (name, rate) in [("request_rate", self.request_rate), ("ingestion_rate", self.ingestion_rate)] {
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(format!("{name} is {rate}: it must be a number of at least 0"));
            }
        }
        let strategy = self.label_value_length_over_limit_strategy;
        if strategy != LabelValueStrategy::Error
            && (1..strategy.shortest()).contains(&self.max_label_value_length)
        {
            return Err(format!(
                "max_label_value_length is {}: with label_value_length_over_limit_strategy {strategy:?} it must be at least {}, \
                 so that the hash fits",
                self.max_label_value_length,
                strategy.shortest()
            ));
        }
        match self.enabled_promql_features.iter().find(|name| !FEATURES.contains(&name.as_str())) {
            Some(unknown) => {
                Err(format!("enabled_promql_features: {unknown:?} is none of {}", FEATURES.join(", ")))
            }
            None => Ok(()),
        }
    }
}
