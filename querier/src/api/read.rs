//! `/read`: remote read (Prometheus 3.14 `storage/remote/read_handler.go`): samples, or a stream of chunks. Errors are plain text.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};
use mneme_model::chunk::{self, SeriesBatch, SeriesView};
use mneme_model::{Matcher, Samples, TimestampMs};
use mneme_proto::remote_read::{
    EncodedChunk, HistogramChunks, ReadQuery, ReadRequest, ResponseType, SamplesReply, XorChunks, push_frame,
};
use mneme_proto::remote_write::snappy;
use tokio::sync::OwnedSemaphorePermit;

use super::dispatch::Call;
use super::{Error, ErrorType, body};
use crate::json::{PIECE_BYTES, Pieces, Whole};
use crate::running::{Entry, Stage};
use crate::source::Question;

/// Largest body, compressed and decompressed.
const MAX_BODY_BYTES: usize = 32 << 20;
const STREAM: &str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// What was found for one query.
struct Found {
    series: SeriesBatch,
    start: TimestampMs,
    end: TimestampMs,
}

/// Answers every query of the request, in the type that the client prefers.
pub(super) async fn read(call: &Call, body: Body) -> Result<Response, Error> {
    let request = decode(body).await?;
    let Some(kind) = request.negotiate() else {
        return Err(Error::bad_data(
            "server does not support any of the requested response types; supported: SAMPLES, STREAMED_XOR_CHUNKS",
        ));
    };
    let queries = request.queries.iter().map(matchers).collect::<Result<Vec<_>, _>>()?;
    let entry = call.begin("read", &text(&queries))?;
    let turn = entry.unless_killed("query queue", call.api.engine.turn(call.deadline())).await?;
    entry.reach(Stage::Fetching);
    let found = fetch(call, &entry, &request.queries, queries).await;
    call.api.engine.count(&entry);
    let found = found?;
    entry.reach(Stage::Evaluating);
    let config = &call.api.config;
    match kind {
        ResponseType::Samples => {
            let limit = config.remote_read_sample_limit;
            let cancel = entry.query().cancel.clone();
            let encode = call.api.engine.work(call.deadline(), move || {
                let _turn = turn;
                samples(found, limit, &cancel)
            });
            let message = entry.unless_killed("query execution", encode).await??;
            let mut response =
                body::stream(Vec::new(), Box::new(Whole(message)), Vec::new(), "application/x-protobuf");
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("snappy"));
            Ok(response)
        }
        ResponseType::StreamedXorChunks => {
            let max_bytes = config.remote_read_max_bytes_in_frame;
            let sort = call.api.engine.work(call.deadline(), move || sorted(found));
            let found = entry.unless_killed("query execution", sort).await?;
            let frames = Frames {
                found,
                max_bytes,
                query: 0,
                series: 0,
                samples: Samples::default(),
                entry,
                _turn: turn,
            };
            Ok(body::stream(Vec::new(), Box::new(frames), Vec::new(), STREAM))
        }
    }
}

async fn decode(body: Body) -> Result<ReadRequest, Error> {
    let compressed = axum::body::to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|error| Error::bad_data(format!("cannot read the request: {error}")))?;
    let mut buffer = Vec::new();
    let message = snappy::decompress(&compressed, MAX_BODY_BYTES, &mut buffer)
        .map_err(|error| Error::bad_data(error.to_string()))?;
    ReadRequest::decode(message).map_err(|error| Error::bad_data(error.to_string()))
}

fn matchers(query: &ReadQuery) -> Result<Vec<Matcher>, Error> {
    let compile = |(op, name, value): &(_, String, String)| {
        Matcher::new(*op, name, value).map_err(|error| Error::bad_data(error.to_string()))
    };
    query.matchers.iter().map(compile).collect()
}

/// The request as a list of running queries shows it.
fn text(queries: &[Vec<Matcher>]) -> String {
    let one = |matchers: &Vec<Matcher>| {
        let all: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        format!("{{{}}}", all.join(","))
    };
    queries.iter().map(one).collect::<Vec<_>>().join(" ")
}

async fn fetch(
    call: &Call,
    entry: &Entry,
    queries: &[ReadQuery],
    matchers: Vec<Vec<Matcher>>,
) -> Result<Vec<Found>, Error> {
    let floor = call.limits.floor(call.now);
    let mut found = Vec::with_capacity(queries.len());
    for (query, matchers) in queries.iter().zip(matchers) {
        let (start, end) = (query.start.max(floor), query.end);
        let series = if start > end {
            SeriesBatch::new()
        } else {
            let question = Question::new(matchers, start, end);
            let select = call.within(call.source.select(&question, &entry.query().budget));
            entry.unless_killed("query preparation", select).await?
        };
        found.push(Found { series, start, end });
    }
    Ok(found)
}

/// The samples of one series.
fn decode_series(one: &SeriesView<'_>, start: i64, end: i64, out: &mut Samples) -> Result<(), Error> {
    out.clear();
    chunk::merge(one.chunks, start, end, out).map_err(|error| {
        Error::new(ErrorType::Internal, format!("series {} has a broken chunk: {error}", one.labels))
    })
}

/// The whole reply of type SAMPLES, compressed.
fn samples(found: Vec<Found>, limit: usize, cancel: &mneme_promql::Cancel) -> Result<Vec<u8>, Error> {
    let (mut reply, mut samples) = (SamplesReply::default(), Samples::default());
    for Found { series, start, end } in found {
        let mut count = 0usize;
        for one in series.iter() {
            cancel.check()?;
            decode_series(&one, start, end, &mut samples)?;
            count += samples.len();
            if limit > 0 && count > limit {
                return Err(Error::bad_data(format!("exceeded sample limit ({limit})")));
            }
            if reply.size() > u32::MAX as usize / 2 {
                return Err(Error::bad_data(
                    "the reply is too large for one message: ask for STREAMED_XOR_CHUNKS",
                ));
            }
            if !samples.is_empty() {
                reply.push(one.labels.view(), &samples);
            }
        }
        reply.end_query();
    }
    Ok(snappy::compress(&reply.finish()))
}

/// Series are sent in order.
fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    for one in &mut found {
        one.series.sort();
    }
    found
}

/// Frames, one series at a time: decoded and encoded again when the client has room for them. Until the last one the query is
/// under way, for its data is in memory.
struct Frames {
    found: Vec<Found>,
    max_bytes: usize,
    query: usize,
    series: usize,
    samples: Samples,
    entry: Entry,
    _turn: OwnedSemaphorePermit,
}

impl Frames {
    /// All frames of the next series; `false` after the last one.
    fn push_next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.entry.query().cancel.check().is_err() {
            return false;
        }
        let Some(found) = self.found.get(self.query) else { return false };
        let Some(one) = found.series.get(self.series) else {
            (self.query, self.series) = (self.query + 1, 0);
            return true;
        };
        self.series += 1;
        if let Err(error) = decode_series(&one, found.start, found.end, &mut self.samples) {
            tracing::error!(error = %error.message, "a series is missing in a remote read");
            return true;
        }
        let room = self.max_bytes.saturating_sub(one.labels.as_bytes().len());
        let (mut chunks, mut size) = (Vec::<EncodedChunk>::new(), 0);
        for next in chunks_of(&self.samples) {
            size += next.size();
            chunks.push(next);
            if size >= room {
                push_frame(out, self.query, one.labels.view(), &chunks);
                chunks.clear();
                size = 0;
            }
        }
        if !chunks.is_empty() {
            push_frame(out, self.query, one.labels.view(), &chunks);
        }
        true
    }
}

/// Chunks of floats and of histograms, in the order of their first samples.
fn chunks_of(samples: &Samples) -> Vec<EncodedChunk> {
    let mut chunks: Vec<EncodedChunk> = XorChunks::new(&samples.t, &samples.v).collect();
    if !samples.histograms.is_empty() {
        chunks.extend(HistogramChunks::new(&samples.histograms));
        chunks.sort_by_key(|chunk| chunk.min_time);
    }
    chunks
}

impl Pieces for Frames {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let full = out.len() + PIECE_BYTES;
        while out.len() < full {
            if !self.push_next(out) {
                return false;
            }
        }
        true
    }
}
