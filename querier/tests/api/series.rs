//! `/series`, `/labels`, `/label/../values`, `/metadata`.

use crate::fake::Fake;
use crate::harness::{Api, error, success};

fn fake() -> Fake {
    Fake::default()
        .with("anonymous", &[("__name__", "up"), ("job", "a<b")], &[(1000, 1.0)])
        .with("anonymous", &[("__name__", "up"), ("job", "c"), ("http.status", "200")], &[(2000, 1.0)])
        .with("anonymous", &[("__name__", "down"), ("job", "c")], &[(3000, 1.0)])
        .with("stranger", &[("__name__", "up"), ("job", "secret")], &[(1000, 1.0)])
}

#[tokio::test]
async fn series_of_several_selectors_come_once_and_sorted() {
    let api = Api::new(fake());
    let both = r#"[{"__name__":"down","job":"c"},{"__name__":"up","http.status":"200","job":"c"}]"#;
    assert_eq!(api.get(r#"series?match[]=%7Bjob="c"%7D&match[]=down"#).await, success(both));
    let form = "match%5B%5D=up&start=1970-01-01T00:00:00Z&end=1.5";
    assert_eq!(api.post("series", form).await, success(r#"[{"__name__":"up","job":"a<b"}]"#));
    assert_eq!(api.get("series?match[]=nothing").await, success("[]"));
}

#[tokio::test]
async fn a_limit_cuts_with_a_warning() {
    let api = Api::new(fake());
    let cut = r#"{"status":"success","data":["__name__"],"warnings":["results truncated due to limit"]}"#;
    assert_eq!(api.get("labels?limit=1").await, (200, cut.to_owned()));
    assert_eq!(api.get("labels?limit=3").await, success(r#"["__name__","http.status","job"]"#));
    let (_, body) = api.get("series?match[]=up&limit=1").await;
    assert!(body.ends_with(r#""warnings":["results truncated due to limit"]}"#), "{body}");
}

#[tokio::test]
async fn values_are_sorted_and_safe_in_html() {
    let api = Api::new(fake());
    assert_eq!(api.get("label/job/values").await, success(r#"["a\u003cb","c"]"#));
    assert_eq!(api.get("label/U__http_2e_status/values").await, success(r#"["200"]"#));
    assert_eq!(api.get("label/job/values?match[]=down").await, success(r#"["c"]"#));
    assert_eq!(api.get("label/none/values").await, success("[]"));
}

#[tokio::test]
async fn metadata_is_limited_by_families_and_by_entries() {
    let api = Api::new(fake());
    let two = r#"{"type":"counter","unit":"s","help":"\u003ctwo\u003e"}"#;
    let one = r#"{"type":"counter","unit":"s","help":"one"}"#;
    let three = r#"{"type":"counter","unit":"s","help":"three"}"#;
    assert_eq!(api.get("metadata").await, success(&format!(r#"{{"a":[{two},{one}],"b":[{three}]}}"#)));
    assert_eq!(api.get("metadata?limit=1&limit_per_metric=1").await, success(&format!(r#"{{"a":[{two}]}}"#)));
    assert_eq!(api.get("metadata?metric=b").await, success(&format!(r#"{{"b":[{three}]}}"#)));
    assert_eq!(api.get("metadata?limit=x").await, error(400, "bad_data", "limit must be a number"));
}

#[tokio::test]
async fn selectors_are_refused_in_prometheus_words() {
    let api = Api::new(fake());
    assert_eq!(api.get("series").await, error(400, "bad_data", "no match[] parameter provided"));
    let empty = "match[] must contain at least one non-empty matcher";
    assert_eq!(api.get("labels?match[]=%7Bjob=~\".*\"%7D").await, error(400, "bad_data", empty));
    let (code, body) = api.get("series?match[]=%7B").await;
    assert!(
        code == 400
            && body.contains(r#"invalid parameter \"match[]\": 1:2: parse error: unexpected end of input"#),
        "{body}"
    );
}
