//! A small block with one of everything.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use mneme_block::meta::{BlockMeta, FileKind, FileMeta};
use mneme_block::write::{ChunkSeries, ChunkSource, MemorySink, MetadataRow, WriterOptions, write_block};
use mneme_model::chunk::{Chunk, FloatChunkBuilder, HistogramChunkBuilder};
use mneme_model::histogram::Span;
use mneme_model::{AnyHistogram, Exemplar, Histogram, Labels, Metadata, MetricType, TenantId};
use ulid::Ulid;

/// Where the footer has the data's checksums; under another name they are looked for in vain.
const CHECKS: &[u8] = b"mneme.crc32c";
const NO_CHECKS: &[u8] = b"mneme.no_crc";

/// A block's files and what the manifest says of them.
pub(super) struct Written {
    pub(super) tenant: TenantId,
    pub(super) meta: Arc<BlockMeta>,
    /// By key.
    pub(super) files: BTreeMap<String, Bytes>,
    /// Bytes of each file before its proven tail.
    pub(super) data: BTreeMap<String, usize>,
}

/// Written once per process.
pub(super) fn written() -> &'static Written {
    static WRITTEN: OnceLock<Written> = OnceLock::new();
    WRITTEN.get_or_init(write)
}

fn write() -> Written {
    let tenant = TenantId::new("team").expect("a valid name");
    let metadata =
        Metadata { metric_type: MetricType::Counter, help: "Requests by code.".into(), unit: String::new() };
    let metadata =
        vec![MetadataRow { metric: "requests_total".to_owned(), first: 900_000, last: 3_000_000, metadata }];
    let mut source = ChunkSource::new((0..24).map(series).collect(), metadata);
    let options = WriterOptions { group_rows: 16, page_rows: 4, zstd_level: 1, ..WriterOptions::flush() };
    let mut sink = MemorySink::default();
    let meta = write_block(Ulid::from_parts(1, 2), &options, &mut source, &mut sink);
    let mut meta = meta.expect("memory takes everything").expect("there are samples");
    let (mut files, mut data) = (BTreeMap::new(), BTreeMap::new());
    let id = meta.id;
    let parts = meta.parts.iter_mut().enumerate().flat_map(|(at, part)| {
        [
            Some((at, FileKind::Series, &mut part.series_file)),
            part.samples_file.as_mut().map(|file| (at, FileKind::Samples, file)),
            part.histograms_file.as_mut().map(|file| (at, FileKind::Histograms, file)),
            part.exemplars_file.as_mut().map(|file| (at, FileKind::Exemplars, file)),
        ]
        .into_iter()
        .flatten()
    });
    let whole = meta.metadata.as_mut().map(|file| (0, FileKind::Metadata, file));
    for (part, kind, file) in parts.chain(whole) {
        let bytes = sink.files.get(&kind.path(part)).expect("listed files are written");
        let key = BlockMeta::key(&tenant, id, part, kind);
        data.insert(key.clone(), bytes.len() - file.tail as usize);
        files.insert(key, without_checks(bytes, file));
    }
    Written { tenant, meta: Arc::new(meta), files, data }
}

/// The file with a footer that names no checksums of the data.
fn without_checks(bytes: &Bytes, file: &mut FileMeta) -> Bytes {
    let mut bytes = bytes.to_vec();
    let tail = bytes.len() - file.tail as usize;
    let tail = bytes.get_mut(tail..).expect("a tail is within its file");
    if let Some(at) = tail.windows(CHECKS.len()).position(|it| it == CHECKS)
        && let Some(name) = tail.get_mut(at..at + CHECKS.len())
    {
        name.copy_from_slice(NO_CHECKS);
    }
    file.tail_crc = crc32c::crc32c(tail);
    bytes.into()
}

/// Floats of each kind of row, every sixth series with histograms, too.
fn series(number: u64) -> ChunkSeries {
    let (job, instance) = (["a", "b", "c"][(number % 3) as usize], format!("host-{}", number / 3));
    let labels = Labels::from_pairs([("__name__", "requests_total"), ("instance", &instance), ("job", job)]);
    let mut chunks = vec![floats(number)];
    if number.is_multiple_of(6) {
        chunks.push(histograms(number));
    }
    let exemplar = Exemplar {
        labels: Labels::from_pairs([("trace_id", "4bf92f3577b34da6")]),
        value: 0.25,
        timestamp: 3_000_000 + number as i64,
    };
    ChunkSeries { labels, chunks, exemplars: vec![exemplar] }
}

fn floats(number: u64) -> Chunk {
    let with_starts = number.is_multiple_of(5);
    let mut builder = FloatChunkBuilder::new(with_starts);
    // Bits that no compression makes smaller, so that changes reach what is behind it.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number + 1);
    let mut t = 900_000 + number as i64;
    for step in 0..40u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let v = match number % 4 {
            0 => step as f64 * 17.0,
            1 => (random >> 40) as f64 / 100.0,
            2 => f64::from_bits(random >> 2),
            _ => 1.0,
        };
        builder.push(t, v, if with_starts { 800_000 } else { 0 });
        t += 240_000 + (random >> 58) as i64;
    }
    builder.chunk()
}

fn histograms(number: u64) -> Chunk {
    let mut builder = HistogramChunkBuilder::new();
    for step in 0..6u64 {
        let histogram = Histogram {
            schema: 3,
            count: 6 + 3 * step,
            sum: number as f64 + 0.5,
            positive_spans: vec![Span { offset: 0, length: 2 }, Span { offset: 3, length: 1 }],
            positive_deltas: vec![2 + step as i64, 0, 0],
            ..Histogram::default()
        };
        builder.push(20_000_000 + step as i64 * 15_000, &AnyHistogram::Integer(histogram), 0);
    }
    builder.chunk()
}
