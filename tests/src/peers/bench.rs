//! Calls `mneme bench` and reads its line of JSON.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

/// Runs `mneme bench ARGS`; its progress goes to our stderr. `fails` says whether a difference may end it.
///
/// # Errors
/// Where it failed, or printed no report.
pub(crate) fn bench(mneme: &Path, args: &[String], fails: bool) -> anyhow::Result<Value> {
    eprintln!("mneme bench {}", args.join(" "));
    let output = Command::new(mneme)
        .arg("bench")
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| mneme.display().to_string())?;
    ensure!(output.status.success() || fails, "mneme bench {} ended with {}", args.join(" "), output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next_back().context("mneme bench printed no report")?;
    eprintln!("{line}");
    serde_json::from_str(line).with_context(|| format!("not a report: {line}"))
}
