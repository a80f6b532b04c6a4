//! What a request may ask for: the limits of its tenants, the strictest of several.

use std::time::Duration;

use mneme_model::{TimestampMs, duration};
use mneme_promql::{Features, Select};
use mneme_proto::internal::ingester::FetchBudget;
use mneme_tenant::Limits;

use crate::Config;
use crate::api::{Error, ErrorType};

/// The limits of one request. 0 = no limit, as in Mimir.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct QueryLimits {
    /// Samples older than this before now are not shown.
    pub(crate) max_query_lookback: Duration,
    /// Longest range of a query.
    pub(crate) max_total_query_length: Duration,
    /// Longest text.
    pub(crate) max_query_expression_size_bytes: usize,
    /// Most series fetched.
    pub(crate) max_fetched_series_per_query: u64,
    /// Most bytes, fetched and computed.
    pub(crate) max_memory_bytes: u64,
    /// Most samples at once.
    pub(crate) max_samples: u64,
    /// Longest time to compute.
    pub(crate) timeout: Duration,
    /// Most items of an answer.
    pub(crate) max_series_query_limit: usize,
    /// Most items of an answer.
    pub(crate) max_label_names_limit: usize,
    /// Most items of an answer.
    pub(crate) max_label_values_limit: usize,
    /// What of the language is on: only what all tenants have on.
    pub(crate) features: Features,
}

impl From<&Limits> for QueryLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            max_query_lookback: limits.max_query_lookback,
            max_total_query_length: limits.max_total_query_length,
            max_query_expression_size_bytes: limits.max_query_expression_size_bytes,
            max_fetched_series_per_query: limits.max_fetched_series_per_query,
            max_memory_bytes: limits.max_estimated_memory_consumption_per_query,
            max_samples: limits.max_samples_per_query,
            timeout: limits.query_timeout,
            max_series_query_limit: limits.max_series_query_limit,
            max_label_names_limit: limits.max_label_names_limit,
            max_label_values_limit: limits.max_label_values_limit,
            features: features(&limits.enabled_promql_features),
        }
    }
}

impl QueryLimits {
    /// The strictest of the tenants' limits and of the process' own.
    pub(crate) fn of<'a>(tenants: impl IntoIterator<Item = &'a Limits>, config: &Config) -> Self {
        let mut limits: Option<Self> = None;
        for tenant in tenants {
            let next = Self::from(tenant);
            limits = Some(limits.map_or_else(|| next.clone(), |before| before.and(&next)));
        }
        let mut limits = limits.unwrap_or_default();
        limits.max_memory_bytes = stricter(limits.max_memory_bytes, config.max_memory_bytes_per_query);
        limits.timeout = stricter(limits.timeout, config.timeout);
        limits
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            max_query_lookback: stricter(self.max_query_lookback, other.max_query_lookback),
            max_total_query_length: stricter(self.max_total_query_length, other.max_total_query_length),
            max_query_expression_size_bytes: stricter(
                self.max_query_expression_size_bytes,
                other.max_query_expression_size_bytes,
            ),
            max_fetched_series_per_query: stricter(
                self.max_fetched_series_per_query,
                other.max_fetched_series_per_query,
            ),
            max_memory_bytes: stricter(self.max_memory_bytes, other.max_memory_bytes),
            max_samples: stricter(self.max_samples, other.max_samples),
            timeout: stricter(self.timeout, other.timeout),
            max_series_query_limit: stricter(self.max_series_query_limit, other.max_series_query_limit),
            max_label_names_limit: stricter(self.max_label_names_limit, other.max_label_names_limit),
            max_label_values_limit: stricter(self.max_label_values_limit, other.max_label_values_limit),
            features: common(self.features, other.features),
        }
    }

    /// The `limit` of `/series`, cut down silently to the tenant's.
    pub(crate) fn series_limit(&self, asked: usize) -> usize {
        stricter(asked, self.max_series_query_limit)
    }

    /// The `limit` of `/labels`, cut down silently to the tenant's.
    pub(crate) fn label_names_limit(&self, asked: usize) -> usize {
        stricter(asked, self.max_label_names_limit)
    }

    /// The `limit` of `/label/../values`, cut down silently to the tenant's.
    pub(crate) fn label_values_limit(&self, asked: usize) -> usize {
        stricter(asked, self.max_label_values_limit)
    }

    /// What one query may fetch.
    pub(crate) fn budget(&self) -> FetchBudget {
        FetchBudget::new(self.max_fetched_series_per_query, self.max_memory_bytes)
    }

    /// The time before which nothing is shown.
    pub(crate) fn floor(&self, now: TimestampMs) -> TimestampMs {
        match millis(self.max_query_lookback) {
            0 => TimestampMs::MIN,
            lookback => now.saturating_sub(lookback),
        }
    }

    /// Refuses a text that is too long.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), Error> {
        let (size, limit) = (text.len(), self.max_query_expression_size_bytes);
        if limit == 0 || size <= limit {
            return Ok(());
        }
        let message = format!(
            "the request raw query size in bytes exceeds the limit (query size: {size}, limit: {limit})"
        );
        Err(Error::limit(ErrorType::BadData, "max-query-expression-size-bytes", message))
    }

    /// Refuses a query that looks at too long a time.
    pub(crate) fn check_length(&self, selects: &[Select]) -> Result<(), Error> {
        let limit = millis(self.max_total_query_length);
        let length = selects.iter().map(|s| s.end.saturating_sub(s.start)).max().unwrap_or(0);
        if limit == 0 || length <= limit {
            return Ok(());
        }
        let (length, limit) = (duration::format_ms(length), duration::format_ms(limit));
        let message =
            format!("the total query time range exceeds the limit (query length: {length}, limit: {limit})");
        Err(Error::limit(ErrorType::BadData, "max-total-query-length", message))
    }
}

/// The smaller limit of two where 0 is none.
fn stricter<T: Ord + Default>(a: T, b: T) -> T {
    if a == T::default() || (b != T::default() && b < a) { b } else { a }
}

/// What the tenant has switched on, over the defaults of the released Prometheus. `Limits::validate` has refused unknown names.
fn features(names: &[String]) -> Features {
    Features::from_names(names).unwrap_or_default()
}

/// What both have on.
fn common(a: Features, b: Features) -> Features {
    Features {
        experimental_functions: a.experimental_functions && b.experimental_functions,
        duration_expressions: a.duration_expressions && b.duration_expressions,
        extended_range_selectors: a.extended_range_selectors && b.extended_range_selectors,
        binop_fill_modifiers: a.binop_fill_modifiers && b.binop_fill_modifiers,
        delayed_name_removal: a.delayed_name_removal && b.delayed_name_removal,
        type_and_unit_labels: a.type_and_unit_labels && b.type_and_unit_labels,
        use_start_timestamps: a.use_start_timestamps && b.use_start_timestamps,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
