//! Raw samples of one target over some steps, as the query API gives them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::client::Client;
use super::workload::Workload;

/// The samples of one answer at most, so that long runs are read in pieces.
const MOST_SAMPLES: u64 = 200_000;

/// Which samples are read at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) target: u64,
    pub(super) steps: Range<u32>,
}

/// The pages of a target.
pub(super) fn pages(workload: &Workload, target: u64) -> impl Iterator<Item = Page> {
    let size = (MOST_SAMPLES / workload.series_per_target()).clamp(1, u64::from(u32::MAX)) as u32;
    let end = workload.steps;
    (0..end)
        .step_by(size as usize)
        .map(move |from| Page { target, steps: from..from.saturating_add(size).min(end) })
}

/// What is there.
#[derive(Debug, Deserialize)]
pub(super) struct Found<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Debug, Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    result: Vec<FoundSeries<'a>>,
}

/// One series of an answer. Numbers are texts, times seconds.
#[derive(Debug, Deserialize)]
pub(super) struct FoundSeries<'a> {
    #[serde(borrow)]
    pub(super) metric: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) values: Vec<(f64, Cow<'a, str>)>,
    #[serde(default, borrow)]
    pub(super) histograms: Vec<(f64, FoundHistogram<'a>)>,
}

/// A native histogram of an answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FoundHistogram<'a> {
    #[serde(borrow)]
    pub(super) count: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) sum: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) buckets: Vec<FoundBucket<'a>>,
}

/// Rule for the bounds, lower bound, upper bound, count.
type FoundBucket<'a> = (u8, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

impl<'a> Found<'a> {
    /// Reads an answer.
    ///
    /// # Errors
    /// Where it is not an answer of the query API.
    pub(super) fn parse(body: &'a [u8]) -> anyhow::Result<Vec<FoundSeries<'a>>> {
        let found: Self = serde_json::from_slice(body).context("not an answer of the query API")?;
        Ok(found.data.result)
    }
}

impl Page {
    /// Asks for the page; `url` is what stands before `/api/v1`.
    ///
    /// # Errors
    /// Where no answer came, or none with status 200.
    pub(super) fn fetch(&self, client: &Client, url: &str, workload: &Workload) -> anyhow::Result<Vec<u8>> {
        let (after, until) = (workload.begin_of(self.steps.start) - 1, workload.begin_of(self.steps.end) - 1);
        let query = format!("{{instance=\"{}\"}}[{}ms]", workload.instance(self.target), until - after);
        let url = format!("{}/api/v1/query", url.trim_end_matches('/'));
        let answer = client.get(&url, &[("query", &query), ("time", &seconds(until))])?;
        ensure!(answer.status == 200, "{url}: {query}: status {}: {}", answer.status, answer.words());
        Ok(answer.body)
    }
}

/// Milliseconds as the query API takes them.
pub(super) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_with_floats_histograms_and_escapes() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"a","x":"q\"\n"},"values":[[1.5,"2"],[3,"NaN"]]},
            {"metric":{},"histograms":[[1,{"count":"3","sum":"1e-3","buckets":[[0,"1","2","3"]]}]]}]}}"#;
        let series = Found::parse(body).unwrap();
        assert_eq!(series[0].metric["x"], "q\"\n");
        assert_eq!(series[0].values, [(1.5, "2".into()), (3.0, "NaN".into())]);
        assert_eq!(series[1].histograms[0].1.buckets.len(), 1);
        assert!(Found::parse(b"<html>").is_err());
    }

    #[test]
    fn times_are_seconds_with_milliseconds() {
        assert_eq!(seconds(1_795_234_935_007), "1795234935.007");
        assert_eq!(seconds(-1_500), "-1.500");
    }
}
