//! Reads over several tenants, and tenants that never meet.

use crate::fake::Fake;
use crate::harness::{Api, success};

fn api() -> Api {
    Api::new(Fake::default().with("a", &[("__name__", "up"), ("job", "x")], &[(1000, 1.0)]).with(
        "b",
        &[("__name__", "up"), ("job", "y"), ("__tenant_id__", "own")],
        &[(1000, 2.0)],
    ))
}

#[tokio::test]
async fn one_tenant_sees_its_own_series_only() {
    let api = api();
    assert_eq!(
        api.get_as("a", "/api/v1/series?match[]=up").await,
        success(r#"[{"__name__":"up","job":"x"}]"#)
    );
    assert_eq!(api.get_as("b", "/api/v1/label/job/values").await, success(r#"["y"]"#));
    assert_eq!(api.get_as("c", "/api/v1/labels").await, success("[]"));
}

#[tokio::test]
async fn several_tenants_are_told_apart_by_a_label() {
    let api = api();
    let a = r#"{"__name__":"up","__tenant_id__":"a","job":"x"}"#;
    let b = r#"{"__name__":"up","__tenant_id__":"b","job":"y","original___tenant_id__":"own"}"#;
    assert_eq!(api.get_as("a|b", "/api/v1/series?match[]=up").await, success(&format!("[{a},{b}]")));
    let names = r#"["__name__","__tenant_id__","job","original___tenant_id__"]"#;
    assert_eq!(api.get_as("b|a", "/api/v1/labels").await, success(names));
    assert_eq!(api.get_as("a|b", "/api/v1/label/__tenant_id__/values").await, success(r#"["a","b"]"#));
    assert_eq!(api.get_as("a|b", "/api/v1/label/original___tenant_id__/values").await, success(r#"["own"]"#));
    let chosen = "/api/v1/query?query=up%7B__tenant_id__=%22b%22%7D&time=1";
    let value = format!(r#"{{"resultType":"vector","result":[{{"metric":{b},"value":[1,"2"]}}]}}"#);
    assert_eq!(api.get_as("a|b", chosen).await, success(&value));
}
