//! `cargo run --release -p mneme-tests --bin peers -- all`: mneme beside Debian's victoria-metrics and prometheus on this machine.
//! Prints Markdown for docs/performance.md on stdout, progress on stderr.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::{Parser, ValueEnum};
use mneme_tests::peers::{Measured, Peer, Plan, Replay, measure, table};

/// Measure mneme beside Debian's victoria-metrics and prometheus.
#[derive(Debug, Parser)]
struct Args {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// W1: series
    #[arg(long, default_value_t = 100_000)]
    series: u64,
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
    /// Which servers
    #[arg(long, value_delimiter = ',', default_value = "mneme,victoria-metrics,prometheus")]
    peers: Vec<String>,
    /// The mneme to measure and to send with [default: built now, beside this program]
    #[arg(long)]
    mneme: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The loads
    Ingest,
    /// The list of queries, on W1's data
    Queries,
    /// Both
    All,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let known = |name: &String| Peer::ALL.iter().any(|peer| peer.name() == name);
    ensure!(args.peers.iter().all(known), "--peers: known are mneme, victoria-metrics, prometheus");
    let mneme = mneme_tests::built::mneme(args.mneme.as_deref())?;
    let plan = args.plan();
    let wanted = |peer: &Peer| args.peers.iter().any(|name| name == peer.name()) && peer.is_there();
    let measured = Peer::ALL
        .into_iter()
        .filter(wanted)
        .map(|peer| measure(peer, &plan, &mneme))
        .collect::<anyhow::Result<Vec<_>>>()?;
    print(&args, &measured);
    Ok(())
}

impl Args {
    fn plan(&self) -> Plan {
        let ingest = self.what != What::Queries;
        let replay = self.snapshots().filter(|_| ingest && self.replay_steps > 0);
        Plan {
            steady: (self.series, self.steps),
            fresh: (ingest && self.fresh_series > 0).then_some((self.fresh_series, self.fresh_steps)),
            paced: (ingest && self.rate > 0).then_some((self.rate, self.paced_steps)),
            replay: replay.map(|snapshots| Replay { snapshots, instances: 20, steps: self.replay_steps }),
            queries: self.what != What::Ingest,
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
    let Args { series, steps, fresh_series, fresh_steps, rate, paced_steps, replay_steps, .. } = args;
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
