//! Runs the loads on one server after the other, and the queries by turns.

use std::path::Path;

use serde_json::Value;

use super::bench::bench;
use super::server::Server;
use super::{Peer, Plan, memory};

/// Until the server is quiet after a load, at most.
const SETTLE: &str = "20s";
/// How long samples may take to show up in queries.
const SHOWN_WITHIN: &str = "15s";

/// What was measured of one server: the reports of `mneme bench`.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which.
    pub peer: Peer,
    /// W1.
    pub steady: Value,
    /// W1 read back.
    pub verified: Value,
    /// Bytes on disk after W1 and a clean end.
    pub steady_disk: u64,
    /// W2.
    pub fresh: Option<Value>,
    /// Paced.
    pub paced: Option<Value>,
    /// W3, and bytes on disk after a clean end.
    pub replay: Option<(Value, u64)>,
    /// The list of queries on W1's data, once per turn.
    pub queries: Vec<Value>,
    /// Bytes in memory before the first turn, and the most until the end of the last.
    pub query_memory: Option<(u64, u64)>,
}

/// A server that has W1.
struct Loaded {
    peer: Peer,
    dir: tempfile::TempDir,
    server: Server,
    steady: Value,
    verified: Value,
    queries: Vec<Value>,
    idle: Option<u64>,
}

/// Runs `plan` on `peers`, each load on an empty server of its own; `mneme` is the binary.
///
/// # Errors
/// Where a load could not be sent. That samples read back differ is none: the table says it.
pub fn measure(peers: &[Peer], plan: &Plan, mneme: &Path) -> anyhow::Result<Vec<Measured>> {
    if plan.turns == 0 {
        return peers.iter().map(|peer| rest(load(*peer, plan, mneme)?, plan, mneme)).collect();
    }
    let mut loaded = peers.iter().map(|peer| load(*peer, plan, mneme)).collect::<anyhow::Result<Vec<_>>>()?;
    for one in &mut loaded {
        one.idle = memory::begin(one.server.pid());
    }
    for turn in 1..=plan.turns {
        eprintln!("--- queries, turn {turn} of {}", plan.turns);
        for one in &mut loaded {
            let report = queries(mneme, one.peer, &one.server, &one.steady)?;
            one.queries.push(report);
        }
    }
    loaded.into_iter().map(|one| rest(one, plan, mneme)).collect()
}

fn kube((series, steps): (u64, u32)) -> Vec<String> {
    flags(&[("series", &series), ("steps", &steps)])
}

/// Sends W1 and reads it back.
fn load(peer: Peer, plan: &Plan, mneme: &Path) -> anyhow::Result<Loaded> {
    let (dir, server) = start(peer, mneme)?;
    let steady = write(mneme, &server, &kube(plan.steady), None)?;
    let verified = verify(mneme, &server, &kube(plan.steady), &steady, plan.verify_share)?;
    Ok(Loaded { peer, dir, server, steady, verified, queries: Vec::new(), idle: None })
}

/// Ends the server that has W1, and sends the other loads.
fn rest(loaded: Loaded, plan: &Plan, mneme: &Path) -> anyhow::Result<Measured> {
    let Loaded { peer, dir, server, steady, verified, queries, idle } = loaded;
    let query_memory = idle.zip(memory::peak(server.pid()));
    let steady_disk = server.stop();
    drop(dir);

    let alone = |load: &[String], rate| -> anyhow::Result<(Value, u64)> {
        let (_dir, server) = start(peer, mneme)?;
        let report = write(mneme, &server, load, rate)?;
        Ok((report, server.stop()))
    };
    let fresh = plan.fresh.map(|load| alone(&kube(load), None)).transpose()?.map(|(report, _)| report);
    let paced = plan.paced.map(|(rate, steps)| alone(&kube((plan.steady.0, steps)), Some(rate)));
    let paced = paced.transpose()?.map(|(report, _)| report);
    let replay = plan.replay.as_ref().map(|replay| {
        let file = replay.snapshots.display();
        let load = [
            ("snapshots", &file as &dyn ToString),
            ("instances", &replay.instances),
            ("steps", &replay.steps),
        ];
        alone(&flags(&load), None)
    });
    Ok(Measured {
        peer,
        steady,
        verified,
        steady_disk,
        fresh,
        paced,
        replay: replay.transpose()?,
        queries,
        query_memory,
    })
}

fn start(peer: Peer, mneme: &Path) -> anyhow::Result<(tempfile::TempDir, Server)> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(peer, dir.path(), mneme);
    eprintln!("--- {} (process {})", peer.name(), server.pid());
    Ok((dir, server))
}

fn flags(pairs: &[(&str, &dyn ToString)]) -> Vec<String> {
    pairs.iter().flat_map(|(name, value)| [format!("--{name}"), value.to_string()]).collect()
}

/// Sends a load; the report.
pub(super) fn write(
    mneme: &Path,
    server: &Server,
    load: &[String],
    rate: Option<u64>,
) -> anyhow::Result<Value> {
    let mut args = vec!["write".to_owned(), "--quiet".to_owned()];
    args.extend(flags(&[("url", &server.write_url), ("pid", &server.pid()), ("settle", &SETTLE)]));
    args.extend_from_slice(load);
    if let Some(rate) = rate {
        args.extend(flags(&[("rate", &rate)]));
    }
    bench(mneme, &args, false)
}

fn verify(
    mneme: &Path,
    server: &Server,
    load: &[String],
    written: &Value,
    share: f64,
) -> anyhow::Result<Value> {
    let mut args = vec!["verify".to_owned(), "--quiet".to_owned()];
    args.extend(flags(&[
        ("url", &server.query_url),
        ("start", &written["start"]),
        ("share", &share),
        ("wait", &SHOWN_WITHIN),
    ]));
    args.extend_from_slice(load);
    bench(mneme, &args, true)
}

fn queries(mneme: &Path, peer: Peer, server: &Server, written: &Value) -> anyhow::Result<Value> {
    let mut args = vec!["query".to_owned(), "--quiet".to_owned()];
    args.extend(flags(&[("url", &server.query_url), ("pid", &server.pid()), ("time", &written["end"])]));
    if peer == Peer::VictoriaMetrics {
        args.extend(flags(&[("param", &"nocache=1")]));
    }
    bench(mneme, &args, true)
}
