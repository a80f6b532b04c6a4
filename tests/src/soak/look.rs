//! One look at the process.

use anyhow::Context;

use crate::http::Client;

/// What the process took and held at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Since the begin of the load.
    pub seconds: f64,
    /// Resident memory, bytes.
    pub rss: u64,
    /// Recent data by the process' own count, bytes.
    pub head: u64,
    /// Series in memory.
    pub series: u64,
    /// Samples put into blocks so far.
    pub flushed: u64,
    /// Samples taken from the log so far.
    pub samples: u64,
    /// Segments of the log deleted so far.
    pub truncated: u64,
    /// The process says that its data does not fit.
    pub behind: bool,
}

impl Look {
    /// Looks at process `pid`, whose metrics are at `url`.
    ///
    /// # Errors
    /// Where it does not answer: it is gone, or hangs.
    pub(super) fn take(pid: u32, url: &str, seconds: f64) -> anyhow::Result<Self> {
        let text = Client::default().get(url).with_context(|| format!("GET {url}"))?.text();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let rss: u64 = rss.trim().trim_end_matches("kB").trim().parse().context("VmRSS")?;
        let metric = |name: &str| sum(&text, name) as u64;
        Ok(Self {
            seconds,
            rss: rss << 10,
            head: metric("mneme_ingester_memory_bytes"),
            series: metric("mneme_ingester_memory_series"),
            flushed: metric("mneme_ingester_flushed_samples_total"),
            samples: metric("mneme_ingester_samples_total"),
            truncated: metric("mneme_wal_truncated_segments_total"),
            behind: metric("mneme_ingester_behind") > 0,
        })
    }
}

/// The sum of a metric's series.
fn sum(text: &str, name: &str) -> f64 {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = if rest.starts_with('{') { rest.rsplit_once(' ')?.1 } else { rest.strip_prefix(' ')? };
        value.trim().parse::<f64>().ok()
    });
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels_and_not_mixed_up_with_longer_names() {
        let text = "# TYPE a counter\na 1\na_total{x=\"} 5\"} 2\na_total{x=\"b\"} 3.5\nab 9\n";
        assert_eq!((sum(text, "a"), sum(text, "a_total"), sum(text, "none")), (1.0, 5.5, 0.0));
    }
}
