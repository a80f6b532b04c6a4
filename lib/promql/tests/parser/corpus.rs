//! Every expression of the acceptance corpora parses, and reads back from its printed form.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use mneme_promql::{Features, parse};

/// A folder beside the repository; it may be absent.
fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if !path.exists() {
        let _ = writeln!(std::io::stdout().lock(), "SKIPPED: no shared/{name} beside the repository");
        return None;
    }
    Some(path)
}

/// The expression of an `eval` line.
fn expression(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("eval")?;
    let words = if rest.contains(" instant at ") { 3 } else { 7 };
    let mut rest = rest.trim_start_matches(|c: char| c != ' ');
    for _ in 0..words {
        rest = rest.trim_start().trim_start_matches(|c: char| !c.is_whitespace());
    }
    Some(rest.trim())
}

fn round_trip(text: &str) {
    let expr = parse(text, &Features::all()).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let printed = expr.to_string();
    let again =
        parse(&printed, &Features::all()).unwrap_or_else(|error| panic!("{text}\n{printed}\n{error}"));
    assert_eq!(again.to_string(), printed, "{text}");
}

#[test]
fn promqltest_expressions_parse_and_print() {
    let Some(folder) = shared("promqltest") else { return };
    let mut parsed = 0;
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "test") {
            continue;
        }
        let script = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = script.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(text) = expression(line) else { continue };
            let block = lines[at + 1..].iter().take_while(|line| !line.is_empty());
            let may_fail = line.starts_with("eval_fail")
                || block.into_iter().any(|line| line.starts_with("expect fail"));
            if !may_fail || parse(text, &Features::all()).is_ok() {
                round_trip(text);
                parsed += 1;
            }
        }
    }
    assert!(parsed > 2100, "only {parsed} expressions found");
}

#[test]
fn compliance_queries_parse_and_print() {
    let Some(folder) = shared("promql-compliance") else { return };
    let queries = fs::read_to_string(folder.join("expanded-queries.txt")).unwrap();
    let lines: Vec<&str> = queries.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(lines.len() >= 539);
    for line in lines {
        // The suite's one query that must fail at parsing.
        if line != r#"{__name__=~".*"}"# {
            round_trip(line);
        }
    }
}
