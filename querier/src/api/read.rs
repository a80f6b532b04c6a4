//! `/read`: remote read (Prometheus 3.14 `storage/remote/read_handler.go`): samples, or a stream of chunks. Errors are plain text.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};
use mneme_model::chunk::{self, SeriesBatch, SeriesView};
use mneme_model::{Matcher, Samples, TimestampMs};
use mneme_proto::internal::ingester::{Held, SeriesAnswer as _, drain};
use mneme_proto::remote_read::{
    EncodedChunk, HistogramChunks, ReadQuery, ReadRequest, ResponseType, SamplesReply, XorChunks, push_frame,
};
use mneme_proto::remote_write::snappy;
use tokio::sync::OwnedSemaphorePermit;

use super::dispatch::Call;
use super::{Error, ErrorType, body};
use crate::answer::Answer;
use crate::engine::Asked;
use crate::json::{PIECE_BYTES, Pieces, Whole};
use crate::running::Entry;
use crate::source::Question;

/// Largest body, compressed and decompressed.
const MAX_BODY_BYTES: usize = 32 << 20;
const STREAM: &str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// What was found for one query.
struct Found {
    series: SeriesBatch,
    start: TimestampMs,
    end: TimestampMs,
    _held: Held,
}

/// First and last, inclusive.
type Times = (TimestampMs, TimestampMs);

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
    let turn = Arc::new(entry.unless_killed("query queue", call.api.engine.turn(call.deadline())).await?);
    let (questions, times) = questions(call, &request.queries, queries);
    let asked = Asked {
        source: &call.source,
        questions: &questions,
        deadline: call.deadline(),
        entry: &entry,
        is_small: false,
    };
    let config = &call.api.config;
    match kind {
        ResponseType::Samples => {
            let limit = config.remote_read_sample_limit;
            let cancel = entry.query().cancel.clone();
            let encode = move |answers| samples(answers, &times, limit, &cancel);
            let message = call.api.engine.read(asked, &turn, encode).await?.result;
            let mut response =
                body::stream(Vec::new(), Box::new(Whole(message)), Vec::new(), "application/x-protobuf");
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("snappy"));
            Ok(response)
        }
        ResponseType::StreamedXorChunks => {
            let max_bytes = config.remote_read_max_bytes_in_frame;
            let sort = move |answers| sorted(answers, &times);
            let found = call.api.engine.read(asked, &turn, sort).await?.result;
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

/// What is asked of the source, and the times of each query that are shown.
fn questions(
    call: &Call,
    queries: &[ReadQuery],
    matchers: Vec<Vec<Matcher>>,
) -> (Vec<Option<Question>>, Vec<Times>) {
    let floor = call.limits.floor(call.now);
    let one = |(query, matchers): (&ReadQuery, Vec<Matcher>)| {
        let (start, end) = (query.start.max(floor), query.end);
        ((start <= end).then(|| Question::new(matchers, start, end)), (start, end))
    };
    queries.iter().zip(matchers).map(one).unzip()
}

/// The samples of one series.
fn decode_series(one: &SeriesView<'_>, start: i64, end: i64, out: &mut Samples) -> Result<(), Error> {
    out.clear();
    chunk::merge(one.chunks, start, end, out).map_err(|error| {
        Error::new(ErrorType::Internal, format!("series {} has a broken chunk: {error}", one.labels))
    })
}

/// The whole reply of type SAMPLES, compressed.
fn samples(
    answers: Vec<Answer>,
    times: &[Times],
    limit: usize,
    cancel: &mneme_promql::Cancel,
) -> Result<Vec<u8>, Error> {
    let mut reply = SamplesReply::default();
    let (mut batch, mut samples) = (SeriesBatch::new(), Samples::default());
    for (mut answer, (start, end)) in answers.into_iter().zip(times) {
        let mut count = 0usize;
        while let Some(_held) = answer.next_batch(&mut batch)? {
            for one in batch.iter() {
                cancel.check()?;
                decode_series(&one, *start, *end, &mut samples)?;
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
        }
        reply.end_query();
    }
    Ok(snappy::compress(&reply.finish()))
}

/// Series are sent in order: all of them have to be there.
fn sorted(answers: Vec<Answer>, times: &[Times]) -> Result<Vec<Found>, Error> {
    let one = |(mut answer, (start, end)): (Answer, &Times)| {
        let (mut series, held) = drain(&mut answer)?;
        series.sort();
        Ok(Found { series, start: *start, end: *end, _held: held })
    };
    answers.into_iter().zip(times).map(one).collect()
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
    _turn: Arc<OwnedSemaphorePermit>,
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
