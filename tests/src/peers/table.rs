//! The measurements as Markdown, next to the goals.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Measured, Peer};

/// One line of the table of ingest: what it says, the goal, and where it comes from.
struct Row {
    name: &'static str,
    goal: &'static str,
    cell: fn(&Measured) -> Option<String>,
}

const ROWS: [Row; 11] = [
    Row {
        name: "W1: CPU-s per million samples",
        goal: "<= 1.0, <= 0.6x victoria-metrics",
        cell: |m| cpu(&m.steady),
    },
    Row { name: "W1: samples/s", goal: "", cell: |m| number(&m.steady["samples_per_second"], 1.0, 0) },
    Row { name: "W1: request latency p50 / p99 / max, ms", goal: "", cell: |m| latency(&m.steady) },
    Row {
        name: "W1: bytes on disk per sample after a clean end",
        goal: "",
        cell: |m| disk(&m.steady, m.steady_disk),
    },
    Row { name: "W1 read back: missing / doubled / wrong", goal: "0 / 0 / 0", cell: verified },
    Row { name: "one new series, CPU-us (W2 less W1's rate)", goal: "<= 20", cell: new_series },
    Row { name: "W2: RSS per active series, bytes (after / peak)", goal: "<= 700", cell: memory },
    Row {
        name: "paced: CPU-s per million samples, registration included",
        goal: "",
        cell: |m| m.paced.as_ref().and_then(cpu),
    },
    Row {
        name: "paced: request latency p50 / p99 / max, ms",
        goal: "",
        cell: |m| m.paced.as_ref().and_then(latency),
    },
    Row {
        name: "W3: CPU-s per million samples",
        goal: "<= 0.5",
        cell: |m| m.replay.as_ref().and_then(|(report, _)| cpu(report)),
    },
    Row {
        name: "W3: bytes on disk per sample after a clean end",
        goal: "",
        cell: |m| m.replay.as_ref().and_then(|(report, bytes)| disk(report, *bytes)),
    },
];

/// The table of ingest.
#[must_use]
pub fn ingest(measured: &[Measured]) -> String {
    let mut names: Vec<&str> = measured.iter().map(|m| m.peer.name()).collect();
    names.push("goal");
    let mut table = head("", &names);
    for row in ROWS {
        let cells: Vec<String> =
            measured.iter().map(|m| (row.cell)(m).unwrap_or_else(|| "-".to_owned())).collect();
        let _ = writeln!(table, "| {} | {} | {} |", row.name, cells.join(" | "), row.goal);
    }
    table
}

/// The table of queries, medians over the turns: first / median / p99 in ms, and the server's CPU-ms per request. Where mneme and
/// victoria-metrics were asked, also the CPU of the one by that of the other: the median of the turns' ratios, the least and the greatest.
#[must_use]
pub fn queries(measured: &[Measured]) -> String {
    let of = |peer: Peer| measured.iter().find(|m| m.peer == peer);
    let pair = of(Peer::Mneme).zip(of(Peer::VictoriaMetrics));
    let mut names: Vec<&str> = measured.iter().map(|m| m.peer.name()).collect();
    names.extend(pair.map(|_| "CPU, mneme / victoria-metrics"));
    let mut table = head("query: first / median / p99 ms, CPU-ms", &names);
    let list = measured.first().and_then(|m| m.queries.first()).and_then(|turn| turn["queries"].as_array());
    for (i, timing) in list.into_iter().flatten().enumerate() {
        let mut cells: Vec<String> =
            measured.iter().map(|m| query(&turns(m, i)).unwrap_or_else(|| "-".to_owned())).collect();
        cells.extend(pair.map(|(ours, theirs)| ratios(&turns(ours, i), &turns(theirs, i))));
        let _ = writeln!(table, "| {} | {} |", timing["name"].as_str().unwrap_or("?"), cells.join(" | "));
    }
    let mut memory: Vec<String> =
        measured.iter().map(|m| query_memory(m).unwrap_or_else(|| "-".to_owned())).collect();
    memory.extend(pair.map(|_| String::new()));
    let _ = writeln!(table, "| memory: before, at most above that, MB | {} |", memory.join(" | "));
    table
}

/// What each turn says of the query at this place of the list.
fn turns(measured: &Measured, i: usize) -> Vec<&Value> {
    measured.queries.iter().map(|turn| &turn["queries"][i]).collect()
}

/// The middle one of some figures; of an even number the greater of the two.
fn middle(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// How the CPU compares, turn by turn.
fn ratios(ours: &[&Value], theirs: &[&Value]) -> String {
    let ratio = |(ours, theirs): (&&Value, &&Value)| Some(ours["cpu"].as_f64()? / theirs["cpu"].as_f64()?);
    let all: Vec<f64> = ours.iter().zip(theirs).filter_map(ratio).collect();
    let (least, greatest) =
        all.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), ratio| (low.min(*ratio), high.max(*ratio)));
    middle(all)
        .map_or_else(|| "-".to_owned(), |middle| format!("**{middle:.2}** ({least:.2} to {greatest:.2})"))
}

fn query_memory(measured: &Measured) -> Option<String> {
    let (idle, peak) = measured.query_memory?;
    Some(format!("{:.0}, **{:.0}**", idle as f64 / 1e6, peak.saturating_sub(idle) as f64 / 1e6))
}

fn head(first: &str, names: &[&str]) -> String {
    format!("| {first} | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()))
}

fn number(value: &Value, factor: f64, digits: usize) -> Option<String> {
    value.as_f64().map(|value| format!("{:.digits$}", value * factor))
}

fn cpu(report: &Value) -> Option<String> {
    number(&report["cpu_seconds_per_million"], 1.0, 2)
}

fn latency(report: &Value) -> Option<String> {
    let of = |name| number(&report["latency_ms"][name], 1.0, 1);
    Some(format!("{} / {} / {}", of("p50")?, of("p99")?, of("max")?))
}

fn disk(report: &Value, bytes: u64) -> Option<String> {
    report["samples"].as_f64().map(|samples| format!("{:.2}", bytes as f64 / samples))
}

fn verified(measured: &Measured) -> Option<String> {
    let of = |name: &str| measured.verified[name].as_u64();
    let samples = of("samples")?;
    Some(format!("{} / {} / {} of {samples}", of("missing")?, of("doubled")?, of("wrong")?))
}

/// What W2 took beyond W1's price of its samples, per series.
fn new_series(measured: &Measured) -> Option<String> {
    let fresh = measured.fresh.as_ref()?;
    let rate = measured.steady["cpu_seconds_per_million"].as_f64()?;
    let (cpu, samples) = (fresh["cpu_seconds"].as_f64()?, fresh["samples"].as_f64()?);
    let series = fresh["series"].as_f64()?;
    Some(format!("{:.1}", (cpu - rate * samples / 1e6) / series * 1e6))
}

fn memory(measured: &Measured) -> Option<String> {
    let fresh = measured.fresh.as_ref()?;
    let of = |name: &str| fresh[name].as_f64();
    let (before, series) = (of("rss_before")?, of("series")?);
    Some(format!("{:.0} / {:.0}", (of("rss")? - before) / series, (of("peak_rss")? - before) / series))
}

fn query(turns: &[&Value]) -> Option<String> {
    if let Some(error) = turns.iter().find_map(|timing| timing["error"].as_str()) {
        return Some(error.chars().take(60).collect());
    }
    let of = |name: &str| middle(turns.iter().filter_map(|timing| timing[name].as_f64()).collect());
    let (first, median, p99, cpu) = (of("first")?, of("median")?, of("p99")?, of("cpu")?);
    let digits = if cpu < 1.0 { 2 } else { 1 };
    Some(format!("{first:.1} / **{median:.1}** / {p99:.1}, {cpu:.digits$}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_taken_from_the_reports() {
        let steady = json!({"cpu_seconds_per_million": 1.5, "samples": 1000, "samples_per_second": 10.0,
            "latency_ms": {"p50": 1.0, "p99": 2.0, "max": 3.0}});
        let fresh = json!({"cpu_seconds": 32.0, "samples": 8_000_000, "series": 1_000_000,
            "rss_before": 1_000_000, "rss": 501_000_000, "peak_rss": 601_000_000});
        let verified = json!({"samples": 10, "missing": 0, "doubled": 1, "wrong": 2});
        let turn = |cpu: f64| json!({"queries": [{"name": "a", "first": 1.0, "median": 2.0, "p99": 3.0, "cpu": cpu}]});
        let measured = Measured {
            peer: Peer::Mneme,
            steady,
            verified,
            steady_disk: 2500,
            fresh: Some(fresh),
            paced: None,
            replay: None,
            queries: [0.5, 4.0, 2.0].map(turn).to_vec(),
            query_memory: Some((200_000_000, 290_000_000)),
        };
        let table = ingest(std::slice::from_ref(&measured));
        for words in [
            "| 1.50 |",
            "| 20.0 | <= 20 |",
            "| 500 / 600 |",
            "| 0 / 1 / 2 of 10 |",
            "| 2.50 |",
            "1.0 / 2.0 / 3.0",
        ] {
            assert!(table.contains(words), "{words} in\n{table}");
        }
        let alone = queries(std::slice::from_ref(&measured));
        assert!(
            alone.contains("| a | 1.0 / **2.0** / 3.0, 2.0 |") && alone.contains("| 200, **90** |"),
            "{alone}"
        );
        let other = Measured {
            peer: Peer::VictoriaMetrics,
            queries: [1.0, 4.0, 8.0].map(turn).to_vec(),
            ..measured.clone()
        };
        let both = queries(&[measured, other]);
        assert!(both.contains("| 1.0 / **2.0** / 3.0, 4.0 | **0.50** (0.25 to 1.00) |"), "{both}");
    }
}
