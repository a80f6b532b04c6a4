//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::dispatch::answer;
use super::search::What;
use super::seen::Seen;
use super::stubs;
use crate::querier::Api;

/// Below which the same endpoints are found: Mimir's and Cortex' path, Prometheus' own, Cortex' old one.
const PREFIXES: [&str; 3] = ["/prometheus/api/v1", "/api/v1", "/api/prom/api/v1"];

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Query,
    QueryRange,
    QueryExemplars,
    QueryExplain,
    FormatQuery,
    ParseQuery,
    Series,
    Labels,
    LabelValues,
    Metadata,
    Search(What),
    Federate,
    Read,
    Queries,
    CancelQuery,
    CardinalityNames,
    CardinalityValues,
    ActiveSeries,
    Tsdb,
    UserStats,
    Features,
    BuildInfo,
    RuntimeInfo,
    Rules,
    TargetsMetadata,
    ScrapePoolConfig,
    RelabelSteps,
    Admin,
    Stub(&'static str),
    NoContent,
    OpenApi,
}

/// Path, methods, endpoint.
type Route = (&'static str, MethodFilter, Endpoint);

const GET: MethodFilter = MethodFilter::GET;
const FORM: MethodFilter = MethodFilter::GET.or(MethodFilter::POST);
const CHANGE: MethodFilter = MethodFilter::POST.or(MethodFilter::PUT);

/// Below each of the prefixes. The path is the endpoint's name in metrics.
const ENDPOINTS: [Route; 43] = [
    ("query", FORM, Endpoint::Query),
    ("query_range", FORM, Endpoint::QueryRange),
    ("query_exemplars", FORM, Endpoint::QueryExemplars),
    ("query_explain", FORM, Endpoint::QueryExplain),
    ("format_query", FORM, Endpoint::FormatQuery),
    ("parse_query", FORM, Endpoint::ParseQuery),
    ("series", FORM, Endpoint::Series),
    ("labels", FORM, Endpoint::Labels),
    ("label/{name}/values", GET, Endpoint::LabelValues),
    ("metadata", GET, Endpoint::Metadata),
    ("search/metric_names", FORM, Endpoint::Search(What::MetricNames)),
    ("search/label_names", FORM, Endpoint::Search(What::LabelNames)),
    ("search/label_values", FORM, Endpoint::Search(What::LabelValues)),
    ("read", MethodFilter::POST, Endpoint::Read),
    ("queries", GET, Endpoint::Queries),
    ("queries/{id}", MethodFilter::DELETE, Endpoint::CancelQuery),
    ("cardinality/label_names", FORM, Endpoint::CardinalityNames),
    ("cardinality/label_values", FORM, Endpoint::CardinalityValues),
    ("cardinality/active_series", FORM, Endpoint::ActiveSeries),
    ("user_stats", GET, Endpoint::UserStats),
    ("features", GET, Endpoint::Features),
    ("openapi.yaml", GET, Endpoint::OpenApi),
    ("status/buildinfo", GET, Endpoint::BuildInfo),
    ("status/runtimeinfo", GET, Endpoint::RuntimeInfo),
    ("status/config", GET, Endpoint::Stub(stubs::CONFIG)),
    ("status/flags", GET, Endpoint::Stub(stubs::EMPTY_MAP)),
    ("status/tsdb", GET, Endpoint::Tsdb),
    ("status/tsdb/blocks", GET, Endpoint::Stub(stubs::BLOCKS)),
    ("status/walreplay", GET, Endpoint::Stub(stubs::WAL_REPLAY)),
    ("status/self_metrics", GET, Endpoint::Stub(stubs::EMPTY_LIST)),
    ("targets", GET, Endpoint::Stub(stubs::TARGETS)),
    ("targets/metadata", GET, Endpoint::TargetsMetadata),
    ("targets/relabel_steps", GET, Endpoint::RelabelSteps),
    ("scrape_pools", GET, Endpoint::Stub(stubs::SCRAPE_POOLS)),
    ("scrape_pools/config", GET, Endpoint::ScrapePoolConfig),
    ("alertmanagers", GET, Endpoint::Stub(stubs::ALERTMANAGERS)),
    ("rules", GET, Endpoint::Rules),
    ("alerts", GET, Endpoint::Stub(stubs::ALERTS)),
    ("notifications", GET, Endpoint::Stub(stubs::EMPTY_LIST)),
    ("notifications/live", GET, Endpoint::NoContent),
    ("admin/tsdb/delete_series", CHANGE, Endpoint::Admin),
    ("admin/tsdb/clean_tombstones", CHANGE, Endpoint::Admin),
    ("admin/tsdb/snapshot", CHANGE, Endpoint::Admin),
];

/// Whole paths, as Prometheus and Cortex have them outside of their APIs.
const OTHERS: [Route; 4] = [
    ("/federate", GET, Endpoint::Federate),
    ("/prometheus/federate", GET, Endpoint::Federate),
    ("/api/prom/federate", GET, Endpoint::Federate),
    ("/api/prom/read", MethodFilter::POST, Endpoint::Read),
];

/// All paths.
pub(crate) fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for prefix in PREFIXES {
        for (path, methods, endpoint) in ENDPOINTS {
            router = router.route(&format!("{prefix}/{path}"), handler(path, methods, endpoint));
        }
    }
    for (path, methods, endpoint) in OTHERS {
        let name = path.rsplit('/').next().unwrap_or(path);
        router = router.route(path, handler(name, methods, endpoint));
    }
    router.with_state(api)
}

fn handler(name: &'static str, methods: MethodFilter, endpoint: Endpoint) -> MethodRouter<Arc<Api>> {
    let handler = move |State(api): State<Arc<Api>>, path: Option<Path<String>>, request: Request| async move {
        let seen = Seen::new(&api, name);
        let path = path.map_or_else(String::new, |Path(path)| path);
        let answer: Result<Response, _> = answer(api, endpoint, &path, request).await;
        seen.answered(answer.unwrap_or_else(IntoResponse::into_response))
    };
    on(methods, handler)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::api::openapi::DOCUMENT;

    fn methods(filter: MethodFilter) -> Vec<&'static str> {
        let mut names = match filter {
            GET => vec!["get"],
            FORM => vec!["get", "post"],
            CHANGE => vec!["post", "put"],
            MethodFilter::POST => vec!["post"],
            MethodFilter::DELETE => vec!["delete"],
            other => panic!("{other:?}"),
        };
        names.sort_unstable();
        names
    }

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| match member {
                Value::String(text) if name == "$ref" => found.push(text.clone()),
                member => references(member, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_document_names_every_path_with_its_methods_and_no_other() {
        let document: Value = serde_saphyr::from_str(DOCUMENT).unwrap();
        let told: BTreeMap<String, Vec<String>> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, item)| (path.clone(), item.as_object().unwrap().keys().cloned().collect()))
            .collect();
        let real: BTreeMap<String, Vec<String>> = ENDPOINTS
            .iter()
            .map(|(path, filter, _)| {
                (format!("/{path}"), methods(*filter).into_iter().map(str::to_owned).collect())
            })
            .collect();
        assert_eq!(told, real);
        let mut all = Vec::new();
        references(&document, &mut all);
        assert!(all.len() > 50, "{} references", all.len());
        for reference in all {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }
}
