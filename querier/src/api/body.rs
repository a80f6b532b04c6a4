//! The body of an answer: an envelope around data that is written only as fast as the client reads.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderValue, StatusCode, header};

use super::reply::Reply;
use crate::json::{PIECE_BYTES, Pieces, push_text};

/// The type of nearly every reply.
pub(super) const JSON: &str = "application/json";

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Some(data) = self.data else {
            return StatusCode::NO_CONTENT.into_response();
        };
        let begin = br#"{"status":"success","data":"#.to_vec();
        stream(begin, data, end(&self.warnings, &self.infos), JSON)
    }
}

/// 200 with `begin`, `data` and `end` one after the other, written as fast as the client reads.
pub(super) fn stream(
    begin: Vec<u8>,
    mut data: Box<dyn Pieces>,
    end: Vec<u8>,
    content_type: &'static str,
) -> Response {
    let mut first = begin;
    let body = if data.next(&mut first) {
        streamed(first, data, end)
    } else {
        first.extend_from_slice(&end);
        Body::from(first)
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What comes next of a body.
enum State {
    Piece(Vec<u8>, Box<dyn Pieces>, Vec<u8>),
    Pieces(Box<dyn Pieces>, Vec<u8>),
    Done,
}

fn streamed(first: Vec<u8>, data: Box<dyn Pieces>, end: Vec<u8>) -> Body {
    Body::from_stream(stream::unfold(State::Piece(first, data, end), |state| std::future::ready(step(state))))
}

fn step(state: State) -> Option<(Result<Bytes, std::convert::Infallible>, State)> {
    let (piece, rest) = match state {
        State::Done => return None,
        State::Piece(piece, data, end) => (piece, State::Pieces(data, end)),
        State::Pieces(mut data, end) => {
            let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
            if data.next(&mut piece) {
                (piece, State::Pieces(data, end))
            } else {
                piece.extend_from_slice(&end);
                (piece, State::Done)
            }
        }
    };
    Some((Ok(piece.into()), rest))
}

/// The envelope's rest, with at most ten warnings and ten infos as in Prometheus.
fn end(warnings: &[String], infos: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    remarks(&mut out, "warning", warnings);
    remarks(&mut out, "info", infos);
    out.push(b'}');
    out
}

fn remarks(out: &mut Vec<u8>, kind: &str, texts: &[String]) {
    const MAX: usize = 10;
    if texts.is_empty() {
        return;
    }
    out.extend_from_slice(format!(",\"{kind}s\":[").as_bytes());
    for (i, text) in texts.iter().take(MAX).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_text(out, text);
    }
    if texts.len() > MAX {
        out.push(b',');
        push_text(out, &format!("{} more {kind} annotations omitted", texts.len() - MAX));
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_follow_the_data_and_are_capped() {
        assert_eq!(end(&[], &[]), b"}");
        let text = String::from_utf8(end(&["a<b".to_owned()], &["i".to_owned()])).unwrap();
        assert_eq!(text, r#","warnings":["a\u003cb"],"infos":["i"]}"#);
        let many: Vec<String> = (0..12).map(|i| i.to_string()).collect();
        assert!(
            String::from_utf8(end(&many, &[]))
                .unwrap()
                .ends_with(r#""9","2 more warning annotations omitted"]}"#)
        );
    }

    #[tokio::test]
    async fn a_long_answer_is_streamed_whole() {
        let texts: Vec<String> = (0..30_000).map(|i| format!("v{i}")).collect();
        let response =
            Reply::new(crate::json::TextPieces::new(texts.clone())).warn_if(true, "w").into_response();
        assert!(response.headers().get(header::CONTENT_LENGTH).is_none());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["data"].as_array().unwrap().len(), texts.len());
        assert_eq!(value["warnings"][0], "w");
    }
}
