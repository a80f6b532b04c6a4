//! Flags of `mneme bench`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

/// What `bench` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Send a load by remote write, and measure what it costs the receiver.
    Write(WriteArgs),
    /// Read back what `write` sent with the same flags and compare it bit by bit; fails if anything is missing, doubled or wrong.
    Verify(VerifyArgs),
    /// Time a list of queries.
    Query(QueryArgs),
}

/// What is sent; `verify` derives the same again from the same flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkloadArgs {
    /// Form of the series: `kube` and `mixed` are computed, `snapshots` replays --snapshots [default: kube, or snapshots if a file is given]
    #[arg(long, value_enum, default_value_t = Shape::Kube, default_value_if("snapshots", clap::builder::ArgPredicate::IsPresent, "snapshots"))]
    pub(crate) shape: Shape,
    /// Series at any one time, in targets of 500 [default: 100000]
    #[arg(long, value_name = "N", conflicts_with = "snapshots")]
    pub(crate) series: Option<u64>,
    /// Scrapes of each series [default: 240, or all snapshots]
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u32>,
    /// Time from one scrape to the next
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = mneme_model::duration::parse)]
    pub(crate) interval: Duration,
    /// Time of the first scrape in milliseconds since 1970; `write` prints it [default: so that the last one is now]
    #[arg(long, value_name = "UNIX_MS")]
    pub(crate) start: Option<i64>,
    /// Share of the series that are replaced by new ones per minute of data time, whole targets at a time
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = churn, conflicts_with = "snapshots")]
    pub(crate) churn: f64,
    /// Share of the samples that are sent late, by 1 to 20 scrapes
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) out_of_order: f64,
    /// Share of the series that are native histograms
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share, conflicts_with = "snapshots")]
    pub(crate) histograms: f64,
    /// Share of the samples that carry an exemplar; `verify` does not read them back
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) exemplars: f64,
    /// Scrapes to replay: text exposition, each after a line `# SNAPSHOT <unix-ms>`; compressed if the name ends in .zst
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshots: Option<PathBuf>,
    /// How many processes send the snapshots
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) instances: u32,
    /// Everything random is drawn from this number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// The form of the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// 12 labels, 340 bytes of labels, as in a Kubernetes cluster.
    Kube,
    /// 15 labels; node_exporters, kube-state-metrics, cadvisors and applications, half of it constant: the mix that blocks are measured by.
    Mixed,
    /// As in the file.
    Snapshots,
}

/// Who asks, and whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct ClientArgs {
    /// Tenant: the header X-Scope-OrgID
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
    /// A further header, e.g. --header 'Authorization: Bearer abc'; may be given more than once
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) header: Vec<(String, String)>,
    /// Process id of the server on this machine: its CPU seconds and memory are measured
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// No progress on stderr
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Flags of `bench write`.
#[derive(Args, Clone, Debug)]
pub(crate) struct WriteArgs {
    /// Remote write URL of any receiver
    #[arg(long, default_value = "http://127.0.0.1:9009/api/v1/push")]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    /// Series per request
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) batch: u32,
    /// Requests under way at once; a series' samples are sent in order all the same
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) connections: u32,
    /// Samples per second; 0 sends as fast as the receiver answers
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    pub(crate) rate: f64,
    /// Version of the remote write protocol
    #[arg(long, value_name = "1|2", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) protocol: u8,
    /// How long a request is repeated after 429, 5xx or a broken connection before the run ends
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = mneme_model::duration::parse)]
    pub(crate) retry_for: Duration,
    /// After the last reply, wait until the server's CPU is quiet, but no longer than this; counted into its CPU seconds. Needs --pid
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = mneme_model::duration::parse)]
    pub(crate) settle: Duration,
}

/// Flags of `bench verify`.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// What stands before /api/v1 in the URLs of the query API
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:9009/prometheus")]
    pub(crate) query_url: String,
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    /// Share of the targets that are read back
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    pub(crate) share: f64,
    /// How long samples may be missing: some receivers show them seconds after they took them
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = mneme_model::duration::parse)]
    pub(crate) wait: Duration,
}

/// Flags of `bench query`.
#[derive(Args, Clone, Debug)]
pub(crate) struct QueryArgs {
    /// What stands before /api/v1 in the URLs of the query API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9009/prometheus")]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    /// Queries to time, one per line: name, kind (instant, range, series, labels, label_values), expression [default: a list for --shape kube]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// How often each is asked at least; with --pid until the server has used 50 ms of CPU, so that small ones are resolved
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) repeats: u32,
    /// Time of instant queries and end of ranges in milliseconds since 1970; `write` prints it as "end" [default: now]
    #[arg(long, value_name = "UNIX_MS")]
    pub(crate) time: Option<i64>,
    /// Length of range queries, and of the time that series and labels are asked for
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = mneme_model::duration::parse)]
    pub(crate) range: Duration,
    /// Step of range queries
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = mneme_model::duration::parse)]
    pub(crate) step: Duration,
    /// A further parameter of each request, e.g. --param nocache=1; may be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) param: Vec<(String, String)>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1".to_owned()),
    }
}

fn churn(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(churn) if (0.0..=60.0).contains(&churn) => Ok(churn),
        _ => Err("a number from 0 to 60: 0.1 replaces a tenth of the series each minute".to_owned()),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Bench {
        #[command(subcommand)]
        command: BenchCommand,
    }

    fn parse(args: &[&str]) -> Result<BenchCommand, String> {
        let all = std::iter::once(&"bench").chain(args);
        Bench::try_parse_from(all).map(|bench| bench.command).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_of_snapshots_tells_the_shape() {
        let Ok(BenchCommand::Write(args)) = parse(&["write", "--snapshots", "x.prom"]) else { panic!() };
        assert_eq!(args.workload.shape, Shape::Snapshots);
        let Ok(BenchCommand::Verify(args)) = parse(&["verify", "--header", "A: b:c"]) else { panic!() };
        assert_eq!(args.workload.shape, Shape::Kube);
        assert_eq!(args.client.header, [("A".to_owned(), "b:c".to_owned())]);
    }

    #[test]
    fn what_cannot_be_is_refused_with_words() {
        for (args, words) in [
            (&["write", "--out-of-order", "1.5"][..], "from 0 to 1"),
            (&["write", "--churn=-1"], "from 0 to 60"),
            (&["write", "--batch", "0"], "--batch"),
            (&["write", "--protocol", "3"], "--protocol"),
            (&["write", "--interval", "soon"], "--interval"),
            (&["write", "--header", "x"], "Name: value"),
            (&["write", "--snapshots", "x", "--series", "5"], "--series"),
            (&["query", "--param", "x"], "NAME=VALUE"),
        ] {
            let error = parse(args).expect_err(words);
            assert!(error.contains(words), "{args:?}: {error}");
        }
    }
}
