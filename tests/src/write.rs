//! Sends remote write requests.

use mneme_proto::remote_write::{Encoder, Sample, SeriesToEncode, Version, snappy};

use crate::http::{Client, Reply};

/// Labels and samples of one series.
pub type FloatSeries<'a> = (&'a [(&'a str, &'a str)], &'a [Sample]);

/// A request of float series, ready to be sent: compressed.
pub fn body(version: Version, series: &[FloatSeries<'_>]) -> Vec<u8> {
    let mut encoder = Encoder::new(version);
    for (labels, samples) in series {
        encoder.series(&SeriesToEncode { labels, samples, ..SeriesToEncode::default() });
    }
    snappy::compress(&encoder.finish())
}

/// The headers of a well-formed request.
pub fn headers(version: Version) -> [(&'static str, &'static str); 3] {
    [
        ("Content-Encoding", "snappy"),
        ("Content-Type", version.content_type()),
        ("X-Prometheus-Remote-Write-Version", version.header()),
    ]
}

/// POSTs a compressed body as Prometheus does; `Err` where no answer came.
pub fn send(client: &Client, url: &str, version: Version, body: &[u8]) -> Result<Reply, String> {
    client.post(url, &headers(version), body).map_err(|error| error.to_string())
}
