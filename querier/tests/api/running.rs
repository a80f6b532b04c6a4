//! Queries under way: listed, and ended by others.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use mneme_querier::Config;
use mneme_tenant::Limits;

use crate::fake::Fake;
use crate::harness::{Api, error};

fn stuck() -> Arc<Api> {
    let config = Config { max_outstanding_requests_per_tenant: 1, ..Config::default() };
    Arc::new(Api::with(Fake { stuck: true, ..Fake::default() }, Limits::default(), config))
}

async fn list(api: &Api, tenant: &str) -> serde_json::Value {
    let (code, body) = api.get_as(tenant, "/api/v1/queries").await;
    assert_eq!(code, 200, "{body}");
    serde_json::from_str::<serde_json::Value>(&body).unwrap()["data"].take()
}

async fn delete(api: &Api, tenant: &str, id: &str) -> (u16, String) {
    let request = Request::delete(format!("/api/v1/queries/{id}")).header("X-Scope-OrgID", tenant);
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_tenant_sees_and_ends_its_own_queries_only() {
    let api = stuck();
    let query = api.get_as("a", "/api/v1/query?query=sum(up)&timeout=1h");
    let others = async {
        let mine = loop {
            let mine = list(&api, "a").await;
            if mine[0]["stage"] == "fetching" {
                break mine;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!((mine[0]["query"].as_str(), mine[0]["tenant"].as_str()), (Some("sum(up)"), Some("a")));
        let id = mine[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(list(&api, "b").await, serde_json::json!([]));
        let unknown = error(404, "not_found", &format!("no query {id} is running"));
        assert_eq!(delete(&api, "b", &id).await, unknown);

        let (code, body) = api.get_as("a", "/api/v1/query?query=1").await;
        assert!(code == 429 && body.contains("\"errorType\":\"too_many_requests\""), "{code} {body}");
        assert!(body.contains("err-mneme-too-many-outstanding-requests"), "{body}");
        assert_eq!(api.get_as("b", "/api/v1/query?query=1").await.0, 200);

        assert_eq!(delete(&api, "a", &id).await.0, 200);
    };
    let (asker, ()) = futures::future::join(query, others).await;
    assert_eq!(asker, error(499, "canceled", "query was canceled in query preparation"));
    assert_eq!(list(&api, "a").await, serde_json::json!([]));
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_query() {
    let api = stuck();
    let query = api.get_as("a", "/api/v1/query?query=up");
    let seen = async {
        while list(&api, "a").await == serde_json::json!([]) {
            tokio::task::yield_now().await;
        }
    };
    let waited = futures::future::select(Box::pin(query), Box::pin(seen)).await;
    drop(waited);
    assert_eq!(list(&api, "a").await, serde_json::json!([]));
}
