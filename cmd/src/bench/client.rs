//! HTTP to the server that is measured: a status is an answer, not an error.

use std::time::Duration;

use anyhow::Context;
use ureq::Agent;
use ureq::http::HeaderMap;

use super::args::ClientArgs;

/// The longest answer that is read: raw samples of a target over a whole run.
const LONGEST_ANSWER: u64 = 4 << 30;
/// How many bytes of a refusal are shown.
const QUOTED: usize = 1000;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// How long the server wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The beginning of the body, for people.
    pub(super) fn words(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(QUOTED)]).trim().to_owned()
    }
}

/// A client of one kept connection.
pub(super) struct Client {
    agent: Agent,
    headers: Vec<(String, String)>,
}

impl Client {
    /// A client that gives up on a request after `timeout`.
    pub(super) fn new(args: &ClientArgs, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("mneme-bench")
            .build();
        let tenant = args.tenant.iter().map(|tenant| ("X-Scope-OrgID".to_owned(), tenant.clone()));
        Self { agent: config.into(), headers: tenant.chain(args.header.iter().cloned()).collect() }
    }

    /// POST with further headers.
    ///
    /// # Errors
    /// Where no whole answer came.
    pub(super) fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Answer> {
        let mut request = self.agent.post(url);
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).with_context(|| url.to_owned())?)
    }

    /// GET with parameters.
    ///
    /// # Errors
    /// Where no whole answer came.
    pub(super) fn get(&self, url: &str, parameters: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut request = self.agent.get(url).query_pairs(parameters.iter().copied());
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        read(request.call().with_context(|| url.to_owned())?)
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Answer> {
    let retry_after = retry_after(response.headers());
    let status = response.status().as_u16();
    let body =
        response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().context("the answer's body")?;
    Ok(Answer { status, retry_after, body })
}

/// Seconds only: the header's other form, a date, is not used by receivers of remote write.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get("retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", ureq::http::HeaderValue::from_static(value));
            retry_after(&headers)
        };
        assert_eq!(with("3"), Some(Duration::from_secs(3)));
        assert_eq!(with("Fri, 21 Nov 2026 04:00:00 GMT"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
