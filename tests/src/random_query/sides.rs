//! The two servers.

use std::fmt;

use super::answer::{self, Answer};
use super::data::{self, Series};
use super::known::{self, Known};
use super::request::{Request, When};
use crate::http::{Client, Reply};
use crate::write;
use mneme_proto::remote_write::{Sample, Version};

/// How much time one write request covers: Prometheus refuses samples that are an hour older than its newest.
const SLICE_MS: i64 = 10 * 60 * 1000;

/// 2.42 names the parameter in `query` only, 3.14 in `query_range` too.
const REFUSAL_PREFIX: &str = "invalid parameter \"query\": ";

/// Prometheus 2.42 and Mneme with the same data.
#[derive(Clone)]
pub struct Sides {
    /// `http://address` of Prometheus.
    pub prometheus: String,
    /// `http://address` of Mneme.
    pub mneme: String,
    /// Asks both.
    pub client: Client,
}

/// What came of a request.
pub enum Outcome {
    /// The same answer, of so many points; or both refused in the same words.
    Same {
        /// How many points.
        points: usize,
        /// Whether both refused.
        refused: bool,
    },
    /// Another answer, as it has to be.
    Known(&'static Known),
    /// Another answer.
    Different(Box<Difference>),
}

/// Two answers that should be the same.
#[derive(Clone)]
pub struct Difference {
    request: Request,
    what: String,
    prometheus: Answer,
    mneme: Answer,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |answer: &Answer| {
            let text = format!("{answer:?}");
            text.chars().take(1500).collect::<String>()
        };
        writeln!(f, "{}\n  {:?}\n  differ in {}", self.request.query.text, self.request.when, self.what)?;
        writeln!(f, "  prometheus: {}\n  mneme:      {}", short(&self.prometheus), short(&self.mneme))
    }
}

impl Sides {
    /// Writes the data to both.
    pub fn write(&self) {
        let all = data::series();
        for slice in 0..=data::LENGTH_MS / SLICE_MS {
            let start = data::START_MS + slice * SLICE_MS;
            let body = body(&all, start..start + SLICE_MS);
            for url in [format!("{}/api/v1/write", self.prometheus), format!("{}/api/v1/push", self.mneme)] {
                let reply = write::send(&self.client, &url, Version::V1, &body)
                    .unwrap_or_else(|error| panic!("{url}: {error}"));
                assert!(reply.status < 300, "{url}: {} {}", reply.status, reply.text());
            }
        }
    }

    /// Asks both and compares.
    pub fn ask(&self, request: &Request) -> Outcome {
        let (prometheus, mneme) = (self.ask_prometheus(request), self.ask_mneme(request));
        let Some(what) = answer::difference(request, &prometheus, &mneme) else {
            let refused = matches!(prometheus, Answer::Refused(..));
            return Outcome::Same { points: prometheus.points(), refused };
        };
        match known::explains(request, &prometheus, &mneme) {
            Some(known) => Outcome::Known(known),
            None => {
                Outcome::Different(Box::new(Difference { request: request.clone(), what, prometheus, mneme }))
            }
        }
    }

    /// The smallest sub-expression that differs by itself, at the same times.
    #[must_use]
    pub fn shrink(&self, difference: Box<Difference>) -> Box<Difference> {
        let when = difference.request.when;
        let smaller = difference.request.query.parts.iter().find_map(|part| {
            match self.ask(&Request { query: part.clone(), when }) {
                Outcome::Different(smaller) => Some(smaller),
                Outcome::Same { .. } | Outcome::Known(_) => None,
            }
        });
        match smaller {
            Some(smaller) => self.shrink(smaller),
            None => difference,
        }
    }

    fn ask_prometheus(&self, request: &Request) -> Answer {
        self.post(&format!("{}/api/v1", self.prometheus), &request.query.text, request.when)
            .map_text(unprefixed)
    }

    /// Mneme knows `holt_winters` by its later name.
    fn ask_mneme(&self, request: &Request) -> Answer {
        let query = request.query.text.replace("holt_winters(", "double_exponential_smoothing(");
        let answer = self.post(&format!("{}/prometheus/api/v1", self.mneme), &query, request.when);
        answer.map_text(|text| unprefixed(&text.replace("double_exponential_smoothing", "holt_winters")))
    }

    fn post(&self, api: &str, query: &str, when: When) -> Answer {
        let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let reply: Reply = match when {
            When::At(time) => {
                let form = [("query", query), ("time", &seconds(time))];
                self.client.post_form(&format!("{api}/query"), &form)
            }
            When::Over { start, end, step } => {
                let (start, end, step) = (seconds(start), seconds(end), seconds(step));
                let form = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
                self.client.post_form(&format!("{api}/query_range"), &form)
            }
        }
        .unwrap_or_else(|error| panic!("{query} {when:?}: {error}"));
        Answer::of(reply.status, &reply.json())
    }
}

fn unprefixed(text: &str) -> String {
    text.strip_prefix(REFUSAL_PREFIX).unwrap_or(text).to_owned()
}

fn body(all: &[Series], time: std::ops::Range<i64>) -> Vec<u8> {
    let texts: Vec<Vec<(&str, &str)>> = all
        .iter()
        .map(|series| series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
        .collect();
    let within = |series: &Series| -> Vec<Sample> {
        series.samples.iter().filter(|sample| time.contains(&sample.t)).copied().collect()
    };
    let samples: Vec<_> = all.iter().map(within).collect();
    let series: Vec<write::FloatSeries<'_>> = texts
        .iter()
        .zip(&samples)
        .filter(|(_, samples)| !samples.is_empty())
        .map(|(labels, samples)| (labels.as_slice(), samples.as_slice()))
        .collect();
    write::body(Version::V1, &series)
}
