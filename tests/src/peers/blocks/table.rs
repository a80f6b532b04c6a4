//! The figures as Markdown.

use std::fmt::Write as _;

use super::super::Peer;
use super::{Load, Requests, Stored};

/// One table over all loads and peers; `-` where a peer was not measured.
#[must_use]
pub fn table(loads: &[Load], peers: &[Peer], stored: &[(Peer, Stored)]) -> String {
    let names: Vec<&str> = peers.iter().map(|peer| peer.name()).collect();
    let mut table = format!("| | {} | goal |\n|---|{}---|\n", names.join(" | "), "---|".repeat(names.len()));
    for load in loads {
        let mut row = |name: &str, goal: &str, cell: &dyn Fn(&Stored) -> Option<String>| {
            let of = |peer: &Peer| {
                let found = stored.iter().find(|(own, stored)| own == peer && stored.load == load.name);
                found.and_then(|(_, stored)| cell(stored)).unwrap_or_else(|| "-".to_owned())
            };
            let cells: Vec<String> = peers.iter().map(of).collect();
            let _ = writeln!(table, "| {}: {name} | {} | {goal} |", load.name, cells.join(" | "));
        };
        row("bytes per sample, samples + index", load.goal, &|one| Some(size(one)));
        row("CPU-s per million samples taken", "", &|one| Some(format!("{:.2}", one.write_cpu)));
        row("CPU-ns per sample of the flush", "", &|one| {
            let flush = one.flush?;
            Some(format!("{:.0}", flush.cpu_seconds * 1e9 / flush.samples.max(1) as f64))
        });
        row("memory before the flush, most while it ran, MB", "<= 1.5 times", &memory);
        let names: Vec<&str> = stored
            .iter()
            .filter(|(_, one)| one.load == load.name)
            .flat_map(|(_, one)| names_of(one))
            .collect();
        for name in names {
            row(&format!("`{name}`: GETs, KB, CPU-ms; cold, warm"), "<= 5 in 2 h, <= 10 in 24 h", &|one| {
                let read = one.reads.iter().find(|read| read.name == *name)?;
                Some(format!("{}; {} ({} series)", requests(&read.cold), requests(&read.warm), read.series))
            });
        }
    }
    table
}

fn names_of(stored: &Stored) -> impl Iterator<Item = &str> {
    stored.reads.iter().map(|read| read.name.as_str())
}

fn size(stored: &Stored) -> String {
    let (samples, index) = stored.size.per_sample();
    let share = stored.size.in_blocks as f64 / stored.samples.max(1) as f64;
    let part =
        if share < 0.9995 { format!(" ({:.0} % are in blocks)", share * 100.0) } else { String::new() };
    format!("{samples:.3} + {index:.3} = **{:.3}**{part}", samples + index)
}

fn memory(stored: &Stored) -> Option<String> {
    let flush = stored.flush?;
    let (before, peak) = flush.memory?;
    let times = peak as f64 / before.max(1) as f64;
    let mb = |bytes: u64| format!("{:.0}", bytes as f64 / 1e6);
    Some(format!("{} (of it heads {}), {}: {times:.2} times", mb(before), mb(flush.heads), mb(peak)))
}

fn requests(requests: &Requests) -> String {
    format!("{}, {:.0}, {:.0}", requests.gets, requests.bytes as f64 / 1e3, requests.cpu_seconds * 1e3)
}

#[cfg(test)]
mod tests {
    use super::super::{Flush, Read, Size};
    use super::*;

    #[test]
    fn each_load_has_its_lines() {
        let load =
            Load { name: "day", what: String::new(), flags: Vec::new(), goal: "<= 0.80", metric: Some("m") };
        let flush = Flush {
            cpu_seconds: 2.0,
            samples: 100_000_000,
            series: 7,
            heads: 1_000_000,
            memory: Some((10_000_000, 15_000_000)),
        };
        let read = Read {
            name: "m[2h]".to_owned(),
            series: 9,
            cold: Requests { gets: 5, bytes: 2000, cpu_seconds: 0.01 },
            warm: Requests::default(),
        };
        let one = Stored {
            load: "day",
            samples: 100_000_000,
            write_cpu: 0.5,
            size: Size { in_blocks: 100_000_000, samples: 75_000_000, index: 1_000_000 },
            flush: Some(flush),
            reads: vec![read],
        };
        let table = table(&[load], &[Peer::Mneme, Peer::VictoriaMetrics], &[(Peer::Mneme, one)]);
        for words in [
            "| 0.750 + 0.010 = **0.760** | - | <= 0.80 |",
            "| 20 | - |",
            "10 (of it heads 1), 15: 1.50 times",
            "5, 2, 10; 0, 0, 0 (9 series)",
        ] {
            assert!(table.contains(words), "{words} in\n{table}");
        }
    }
}
