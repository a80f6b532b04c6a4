//! A soak as Markdown.

use std::fmt::Write as _;

use super::judge::{NOISE, halves, highest};
use super::{Look, Plan, Soaked};

/// Rows of the table: as many moments, evenly spread.
const ROWS: usize = 10;

/// The looks, thinned out, and the figures that the verdict rests on.
#[must_use]
pub fn markdown(plan: &Plan, soaked: &Soaked) -> String {
    let looks = &soaked.looks;
    let mut table = "| minute | RSS, MiB | of it recent data, MiB | series | samples, million | of them in blocks, million | log segments deleted |\n\
                     |---|---|---|---|---|---|---|\n"
        .to_owned();
    for look in (1..=ROWS).filter_map(|row| looks.get((looks.len() * row / ROWS).checked_sub(1)?)) {
        let Look { seconds, rss, head, series, flushed, samples, truncated, .. } = *look;
        let _ = writeln!(
            table,
            "| {:.1} | {} | {} | {series} | {:.1} | {:.1} | {truncated} |",
            seconds / 60.0,
            rss >> 20,
            head >> 20,
            samples as f64 / 1e6,
            flushed as f64 / 1e6
        );
    }
    let (first, second) = halves(looks);
    let _ = writeln!(
        table,
        "\nHighest RSS of the first and of the second half: {} and {} MiB (may grow by {} MiB, and be {} MiB).",
        highest(first) >> 20,
        highest(second) >> 20,
        NOISE >> 20,
        plan.most() >> 20
    );
    let (write, verify) = (&soaked.write, &soaked.verify);
    let _ = writeln!(
        table,
        "Sent: {} samples, {} requests repeated, {:.2} CPU-s per million. Read back {}: missing {}, doubled {}, wrong {}.",
        write["samples"],
        write["retries"],
        write["cpu_seconds_per_million"].as_f64().unwrap_or(f64::NAN),
        verify["samples"],
        verify["missing"],
        verify["doubled"],
        verify["wrong"]
    );
    table
}
