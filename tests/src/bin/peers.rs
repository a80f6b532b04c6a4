//! `cargo run --release -p mneme-tests --bin peers -- all`: mneme beside Debian's victoria-metrics and prometheus on this machine.
//! Prints Markdown for docs/performance.md on stdout, progress on stderr.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use mneme_tests::peers::blocks::{self, Load};
use mneme_tests::peers::{Measured, Peer, Plan, Replay, measure, table};

/// Measure mneme beside Debian's victoria-metrics and prometheus.
#[derive(Debug, Parser)]
struct Args {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// Series of W1, or of the days in blocks [default: 100000, in blocks 20000]
    #[arg(long)]
    series: Option<u64>,
    /// Blocks: hours of `mixed` and `day`; the others are W1 with 480 scrapes (2 h) and W3
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// Blocks: which loads
    #[arg(long, value_delimiter = ',', default_value = "mixed,day,W1,W3,million")]
    loads: Vec<String>,
    /// W1: scrapes
    #[arg(long, default_value_t = 240)]
    steps: u32,
    /// W2: series; 0 leaves it out
    #[arg(long, default_value_t = 1_000_000)]
    fresh_series: u64,
    /// W2: scrapes
    #[arg(long, default_value_t = 8)]
    fresh_steps: u32,
    /// Paced: samples per second; 0 leaves it out
    #[arg(long, default_value_t = 80_000)]
    rate: u64,
    /// Paced: scrapes
    #[arg(long, default_value_t = 60)]
    paced_steps: u32,
    /// W3: snapshots [default: shared/data/node_10m.prom.zst beside the repository]
    #[arg(long)]
    snapshots: Option<PathBuf>,
    /// W3: scrapes; 0 leaves it out
    #[arg(long, default_value_t = 360)]
    replay_steps: u32,
    /// Queries: how often each server is asked the list, by turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Which servers [default: mneme,victoria-metrics,prometheus; in blocks without prometheus, which takes a quarter of an hour]
    #[arg(long, value_delimiter = ',')]
    peers: Option<Vec<String>>,
    /// The mneme to measure and to send with [default: built now, beside this program]
    #[arg(long)]
    mneme: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The loads
    Ingest,
    /// The list of queries on W1's data, by turns
    Queries,
    /// Both
    All,
    /// What loads cost once they are in blocks: bytes, flushes, requests
    Blocks,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let peers = args.peers()?;
    let mneme = mneme_tests::built::mneme(args.mneme.as_deref())?;
    if args.what == What::Blocks {
        return in_blocks(&args, &peers, &mneme);
    }
    let plan = args.plan();
    print(&args, &measure(&peers, &plan, &mneme)?);
    Ok(())
}

/// Measures what the loads cost in blocks.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn in_blocks(args: &Args, peers: &[Peer], mneme: &Path) -> anyhow::Result<()> {
    let loads = args.loads();
    let mut stored = Vec::new();
    for load in &loads {
        for peer in peers {
            stored.push((*peer, blocks::measure(*peer, load, mneme)?));
        }
    }
    for load in &loads {
        println!("{}: {}.", load.name, load.what);
    }
    println!("\n{}", blocks::table(&loads, peers, &stored));
    Ok(())
}

impl Args {
    fn peers(&self) -> anyhow::Result<Vec<Peer>> {
        let named = |name: &String| Peer::ALL.into_iter().find(|peer| peer.name() == name);
        let usual = match self.what {
            What::Blocks => &[Peer::Mneme, Peer::VictoriaMetrics][..],
            _ => &Peer::ALL,
        };
        let peers = match &self.peers {
            None => usual.to_vec(),
            Some(names) => {
                let peers: Option<Vec<Peer>> = names.iter().map(named).collect();
                peers.context("--peers: known are mneme, victoria-metrics, prometheus")?
            }
        };
        Ok(peers.into_iter().filter(|peer| peer.is_there()).collect())
    }

    /// The loads of `blocks`.
    fn loads(&self) -> Vec<Load> {
        let kube = |series: u64, steps: u32| {
            ["--series".to_owned(), series.to_string(), "--steps".to_owned(), steps.to_string()].to_vec()
        };
        let (series, hours) = (self.series.unwrap_or(20_000), self.hours);
        let mixed = ["--shape".to_owned(), "mixed".to_owned()];
        let mut loads = vec![
            Load {
                name: "mixed",
                what: format!("{series} series of `--shape mixed`, {hours} h at 15 s"),
                flags: [mixed.to_vec(), kube(series, hours * 240)].concat(),
                goal: "<= 0.80",
                metric: Some("http_requests_total"),
            },
            Load {
                name: "day",
                what: format!("{series} series of `--shape kube`, {hours} h at 15 s"),
                flags: kube(series, hours * 240),
                goal: "<= 0.80 is of `mixed`",
                metric: Some("http_requests_total"),
            },
            Load {
                name: "W1",
                what: "100000 series of `--shape kube`, 2 h at 15 s".to_owned(),
                flags: kube(100_000, 480),
                goal: "<= 1.5",
                metric: None,
            },
            Load {
                name: "million",
                what: "1000000 series of `--shape kube`, 20 scrapes".to_owned(),
                flags: kube(1_000_000, 20),
                goal: "",
                metric: None,
            },
        ];
        if let Some(snapshots) = self.snapshots() {
            let steps = self.replay_steps;
            let flags = [
                ("--snapshots", snapshots.display().to_string()),
                ("--instances", "20".to_owned()),
                ("--steps", steps.to_string()),
            ];
            loads.push(Load {
                name: "W3",
                what: format!("a node_exporter as 20 instances, {steps} scrapes"),
                flags: flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect(),
                goal: "<= 0.55",
                metric: None,
            });
        }
        loads.retain(|load| self.loads.iter().any(|name| name == load.name));
        loads
    }

    fn plan(&self) -> Plan {
        let ingest = self.what != What::Queries;
        let replay = self.snapshots().filter(|_| ingest && self.replay_steps > 0);
        Plan {
            steady: (self.series.unwrap_or(100_000), self.steps),
            fresh: (ingest && self.fresh_series > 0).then_some((self.fresh_series, self.fresh_steps)),
            paced: (ingest && self.rate > 0).then_some((self.rate, self.paced_steps)),
            replay: replay.map(|snapshots| Replay { snapshots, instances: 20, steps: self.replay_steps }),
            turns: if self.what == What::Ingest { 0 } else { self.turns },
            verify_share: 0.05,
        }
    }

    fn snapshots(&self) -> Option<PathBuf> {
        let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/node_10m.prom.zst");
        let path = self.snapshots.clone().unwrap_or_else(usual);
        if !path.is_file() {
            eprintln!("SKIPPED: W3, because there is no {}", path.display());
            return None;
        }
        Some(path)
    }
}

#[expect(clippy::print_stdout, reason = "the tables are what this program is for")]
fn print(args: &Args, measured: &[Measured]) {
    let series = args.series.unwrap_or(100_000);
    let Args { steps, fresh_series, fresh_steps, rate, paced_steps, replay_steps, .. } = args;
    if args.what != What::Queries {
        println!(
            "W1: {series} series x {steps}; W2: {fresh_series} x {fresh_steps}; paced: {rate} samples/s x {paced_steps}; W3: 20 x {replay_steps}.\n"
        );
        println!("{}", table::ingest(measured));
    }
    if args.what != What::Ingest {
        println!("{}", table::queries(measured));
    }
}
