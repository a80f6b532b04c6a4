//! What a sender was promised: it sends numbered requests, each until it is acknowledged, and later knows every sample
//! that must be there, by the seed alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mneme_proto::remote_write::{Sample, Version};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::http::{Client, encode};
use crate::{wait, write};

/// Series per sender.
const SERIES: usize = 7;
/// Milliseconds from one request's samples to the next one's.
const STEP_MS: i64 = 250;

/// One sender: its requests are numbered from 0, and request `k` has one sample for each of its series at one time.
pub struct Sender {
    /// Makes every value.
    pub seed: u64,
    /// The sender's own number, a label of its series.
    pub number: u64,
    /// Time of request 0.
    pub start_ms: i64,
}

/// How far a sender came.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Requests `0..acknowledged` had a 2xx.
    pub acknowledged: u64,
    /// Times that a request had to be sent again.
    pub resent: u64,
}

impl Sender {
    /// Sends until `stop`; every request again and again until its 2xx. Panics on a 4xx: these are good requests.
    pub fn run(&self, url: &str, stop: &AtomicBool) -> Progress {
        self.run_until(url, |_| stop.load(Ordering::Relaxed))
    }

    /// The same for a number of requests.
    pub fn run_requests(&self, url: &str, requests: u64) -> Progress {
        self.run_until(url, |acknowledged| acknowledged >= requests)
    }

    fn run_until(&self, url: &str, stop: impl Fn(u64) -> bool) -> Progress {
        let client = Client::new(Duration::from_secs(10));
        let mut progress = Progress { acknowledged: 0, resent: 0 };
        while !stop(progress.acknowledged) {
            // Both protocol versions by turns: the store must not care.
            let version = if progress.acknowledged.is_multiple_of(2) { Version::V1 } else { Version::V2 };
            let body = self.body(progress.acknowledged, version);
            let mut tries = 0;
            let done = wait::until("a request to be acknowledged", Duration::from_secs(120), || {
                if stop(progress.acknowledged) {
                    return Some(false);
                }
                tries += 1;
                match write::send(&client, url, version, &body) {
                    Ok(reply) if reply.status / 100 == 2 => Some(true),
                    Ok(reply) => {
                        assert_eq!(reply.status / 100, 5, "{}", reply.text());
                        None
                    }
                    Err(_) => None,
                }
            });
            if done {
                progress.acknowledged += 1;
                progress.resent += tries - 1;
            }
        }
        progress
    }

    fn body(&self, k: u64, version: Version) -> Vec<u8> {
        let number = self.number.to_string();
        let names: Vec<String> = (0..SERIES).map(|s| s.to_string()).collect();
        let labels: Vec<_> = names
            .iter()
            .map(|s| [("__name__", "ledger"), ("sender", number.as_str()), ("series", s.as_str())])
            .collect();
        let samples: Vec<_> =
            self.values(k).into_iter().map(|v| [Sample { t: self.time(k), v, st: 0 }]).collect();
        let series: Vec<write::FloatSeries<'_>> =
            labels.iter().zip(&samples).map(|(l, s)| (l.as_slice(), s.as_slice())).collect();
        write::body(version, &series)
    }

    fn time(&self, k: u64) -> i64 {
        self.start_ms + k as i64 * STEP_MS
    }

    /// Small integers, decimals, and any bits at all (but no NaN: JSON shows no payload).
    fn values(&self, k: u64) -> Vec<f64> {
        let mut random = SmallRng::seed_from_u64(self.seed ^ (self.number << 48) ^ k);
        (0..SERIES)
            .map(|s| match s % 3 {
                0 => f64::from(random.random_range(0..10)),
                1 => f64::from(random.random_range(-1000..1000)) / 100.0,
                _ => {
                    let any = f64::from_bits(random.random());
                    if any.is_nan() { f64::INFINITY } else { any }
                }
            })
            .collect()
    }

    /// Reads everything back and compares: every acknowledged sample once and with its bits, nothing that was never sent.
    /// Gives the number of samples found.
    pub fn verify(&self, client: &Client, query_url: &str, progress: Progress) -> usize {
        let end = self.time(progress.acknowledged) + 1000;
        let range = (end - self.start_ms + 1000) / 1000 + 1;
        let query = format!("ledger{{sender=\"{}\"}}[{range}s]", self.number);
        let reply = client
            .get(&format!("{query_url}?query={}&time={}", encode(&query), end as f64 / 1000.0))
            .expect("an answer");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let found = samples_by_series(&reply.json());
        if progress.acknowledged > 0 {
            assert_eq!(found.len(), SERIES, "every series of sender {}", self.number);
        }
        for (series, samples) in &found {
            // The request that was under way at the end may be there or not.
            let expected = progress.acknowledged as usize;
            assert!(
                samples.len() == expected || samples.len() == expected + 1,
                "sender {} series {series}: {} samples of {expected} acknowledged requests",
                self.number,
                samples.len()
            );
            for (k, (t, v)) in samples.iter().enumerate() {
                assert_eq!(
                    *t,
                    self.time(k as u64),
                    "sender {} series {series} request {k}: time",
                    self.number
                );
                let sent = self.values(k as u64)[*series];
                assert_eq!(
                    v.to_bits(),
                    sent.to_bits(),
                    "sender {} series {series} request {k}: {v} for {sent}",
                    self.number
                );
            }
        }
        found.values().map(Vec::len).sum()
    }
}

fn samples_by_series(reply: &Value) -> BTreeMap<usize, Vec<(i64, f64)>> {
    let series = reply["data"]["result"].as_array().expect("a matrix");
    series
        .iter()
        .map(|series| {
            let number =
                series["metric"]["series"].as_str().and_then(|text| text.parse().ok()).expect("series label");
            let values = series["values"].as_array().expect("values");
            let sample = |pair: &Value| {
                let time = (pair[0].as_f64().expect("time") * 1000.0).round() as i64;
                let value =
                    pair[1].as_str().and_then(|text| text.replace("Inf", "inf").parse().ok()).expect("value");
                (time, value)
            };
            (number, values.iter().map(sample).collect())
        })
        .collect()
}
