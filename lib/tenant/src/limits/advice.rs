//! How a refusal is told: its stable id, and which option to change where a limit is behind it.

/// `message (err-mneme-<id>)`, and where an option sets the limit, in Mimir's words which one. Without an id the message alone.
#[must_use]
pub fn error_text(message: &str, id: &str) -> String {
    if id.is_empty() {
        return message.to_owned();
    }
    let text = format!("{message} (err-mneme-{id})");
    match options(id) {
        [] => text,
        options => {
            // An option of a section is the process'.
            let of_tenant =
                if options.iter().any(|name| name.starts_with("limits.")) { "per-tenant " } else { "" };
            format!(
                "{text}. To adjust the related {of_tenant}limit, configure {}, or contact your service administrator.",
                options.join(" and ")
            )
        }
    }
}

fn options(id: &str) -> &'static [&'static str] {
    OPTIONS.iter().find(|(of, _)| *of == id).map_or(&[], |(_, options)| options)
}

/// Ids of limits, and the options that set them.
const OPTIONS: &[(&str, &[&str])] = &[
    ("tenant-max-request-rate", &["limits.request_rate", "limits.request_burst_size"]),
    ("tenant-max-ingestion-rate", &["limits.ingestion_rate", "limits.ingestion_burst_size"]),
    ("label-name-too-long", &["limits.max_label_name_length"]),
    ("label-value-too-long", &["limits.max_label_value_length"]),
    ("max-label-names-per-series", &["limits.max_label_names_per_series"]),
    ("metric-name-too-long", &["limits.max_metadata_length"]),
    ("unit-too-long", &["limits.max_metadata_length"]),
    ("max-native-histogram-buckets", &["limits.max_native_histogram_buckets"]),
    ("not-reducible-native-histogram", &["limits.max_native_histogram_buckets"]),
    ("too-far-in-future", &["limits.creation_grace_period"]),
    ("exemplar-too-far-in-future", &["limits.creation_grace_period"]),
    ("max-query-expression-size-bytes", &["limits.max_query_expression_size_bytes"]),
    ("max-total-query-length", &["limits.max_total_query_length"]),
    ("max-series-per-query", &["limits.max_fetched_series_per_query"]),
    (
        "max-estimated-memory-consumption-per-query",
        &["limits.max_estimated_memory_consumption_per_query", "querier.max_memory_bytes_per_query"],
    ),
    ("too-many-outstanding-requests", &["querier.max_outstanding_requests_per_tenant"]),
    (
        "distributor-max-write-message-size",
        &["distributor.max_recv_msg_size_bytes", "distributor.max_decompressed_size_bytes"],
    ),
    ("distributor-max-inflight-push-requests-bytes", &["distributor.max_inflight_push_requests_bytes"]),
    ("distributor-recv-timeout", &["distributor.recv_timeout"]),
    ("wal-overloaded", &["wal.max_buffered_bytes"]),
    ("wal-tenant-overloaded", &["wal.max_buffered_bytes"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn limits_tell_their_option_and_others_their_id() {
        assert_eq!(error_text("no", ""), "no");
        assert_eq!(error_text("no", "missing-metric-name"), "no (err-mneme-missing-metric-name)");
        assert_eq!(
            error_text("too many", "max-series-per-query"),
            "too many (err-mneme-max-series-per-query). To adjust the related per-tenant limit, configure \
             limits.max_fetched_series_per_query, or contact your service administrator."
        );
        assert_eq!(
            error_text("slow", "distributor-recv-timeout"),
            "slow (err-mneme-distributor-recv-timeout). To adjust the related limit, configure distributor.recv_timeout, or \
             contact your service administrator."
        );
    }

    #[test]
    fn options_of_limits_are_there() {
        let limits = serde_json::to_value(Limits::default()).unwrap();
        for option in OPTIONS.iter().flat_map(|(_, options)| *options) {
            if let Some(name) = option.strip_prefix("limits.") {
                assert!(limits.get(name).is_some(), "{option}");
            }
        }
    }
}
