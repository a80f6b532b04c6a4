//! Reads scrapes in Prometheus text exposition: `# SNAPSHOT <unix-ms>` begins each, further comments are passed over.

use std::collections::HashMap;

use anyhow::{Context, bail, ensure};

use super::kube::Pairs;

/// The most series or snapshots of a file: it bounds the memory that a wrong file takes.
const MOST: usize = 1 << 20;

/// All scrapes of a file as a table.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Labels of each series, ascending in names.
    pub(super) series: Vec<Pairs>,
    /// For each series its value in each snapshot.
    pub(super) values: Vec<Vec<Option<f64>>>,
    /// How many snapshots.
    pub(super) count: usize,
}

/// Reads a whole file.
///
/// # Errors
/// What is wrong, with its line.
pub(super) fn parse(text: &str) -> anyhow::Result<Snapshots> {
    let mut snapshots = Snapshots::default();
    let mut rows: HashMap<&str, usize> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        parse_line(line.trim(), &mut snapshots, &mut rows)
            .with_context(|| format!("line {}: {:?}", number + 1, shortened(line)))?;
    }
    ensure!(snapshots.count > 0, "no line `# SNAPSHOT <unix-ms>`: is this a file of snapshots?");
    ensure!(!snapshots.series.is_empty(), "the snapshots hold no series");
    let count = snapshots.count;
    snapshots.values.iter_mut().for_each(|row| row.resize(count, None));
    Ok(snapshots)
}

fn parse_line<'t>(
    line: &'t str,
    snapshots: &mut Snapshots,
    rows: &mut HashMap<&'t str, usize>,
) -> anyhow::Result<()> {
    if let Some(time) = line.strip_prefix("# SNAPSHOT") {
        time.trim().parse::<i64>().context("a snapshot begins with its time in milliseconds")?;
        snapshots.count += 1;
        ensure!(snapshots.count <= MOST, "more than {MOST} snapshots");
        return Ok(());
    }
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    ensure!(snapshots.count > 0, "a sample before the first `# SNAPSHOT`");
    let (series, value) = split(line)?;
    let row = match rows.get(series) {
        Some(row) => *row,
        None => {
            ensure!(snapshots.series.len() < MOST, "more than {MOST} series");
            snapshots.series.push(labels(series)?);
            snapshots.values.push(Vec::new());
            rows.insert(series, snapshots.series.len() - 1);
            snapshots.series.len() - 1
        }
    };
    let values = &mut snapshots.values[row];
    ensure!(values.len() < snapshots.count, "a series twice in one snapshot");
    values.resize(snapshots.count - 1, None);
    values.push(Some(value));
    Ok(())
}

/// The series and its value; a timestamp behind the value is passed over.
fn split(line: &str) -> anyhow::Result<(&str, f64)> {
    let end = match line.find('{') {
        Some(open) => open + end_of_labels(&line[open..]).context("no `}` after the labels")?,
        None => line.find([' ', '\t']).context("no value")?,
    };
    let (series, rest) = line.split_at(end);
    let value = rest.split_whitespace().next().context("no value")?;
    Ok((series.trim_end(), value.parse().with_context(|| format!("{value:?} is no number"))?))
}

/// The length of `{...}`, whose values may hold escaped quotes and braces.
fn end_of_labels(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(i + 1),
            _ => {}
        }
    }
    None
}

fn labels(series: &str) -> anyhow::Result<Pairs> {
    let (name, mut rest) = match series.split_once('{') {
        Some((name, rest)) => {
            (name.trim_end(), rest.strip_suffix('}').context("no `}` after the labels")?.trim())
        }
        None => (series, ""),
    };
    ensure!(!name.is_empty(), "no metric name");
    let mut pairs = vec![("__name__".to_owned(), name.to_owned())];
    while !rest.is_empty() {
        let (label, quoted) = rest.split_once('=').context("a label without `=`")?;
        let (value, left) = unquote(quoted.trim_start())?;
        ensure!(!label.trim().is_empty(), "a label without a name");
        pairs.push((label.trim().to_owned(), value));
        rest = left.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => bail!("no comma between labels"),
        };
    }
    pairs.sort_unstable();
    ensure!(pairs.windows(2).all(|pair| pair[0].0 != pair[1].0), "a label twice");
    // An empty label is none, to every receiver.
    pairs.retain(|(_, value)| !value.is_empty());
    Ok(pairs)
}

/// A quoted value without its quotes and escapes, and what follows it.
fn unquote(text: &str) -> anyhow::Result<(String, &str)> {
    let text = text.strip_prefix('"').context("a label's value without quotes")?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[i + 1..])),
            '\\' => match chars.next().context("a label's value ends in `\\`")?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            _ => value.push(c),
        }
    }
    bail!("a label's value without its closing quote")
}

fn shortened(line: &str) -> String {
    line.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrapes_become_a_table() {
        let text = "# SNAPSHOT 1000\n# TYPE a counter\na{x=\"1\",none=\"\",b=\"q\\\"}\\n\\\\\"} 1.5\nup 1\n\
                    # SNAPSHOT 2000\nup 0 123\nnew{} +Inf\n";
        let snapshots = parse(text).unwrap();
        assert_eq!(snapshots.count, 2);
        let pairs = |i: usize| -> Vec<(&str, &str)> {
            snapshots.series[i].iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
        };
        assert_eq!(pairs(0), [("__name__", "a"), ("b", "q\"}\n\\"), ("x", "1")]);
        assert_eq!(pairs(1), [("__name__", "up")]);
        assert_eq!(
            snapshots.values,
            [vec![Some(1.5), None], vec![Some(1.0), Some(0.0)], vec![None, Some(f64::INFINITY)],]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, words) in [
            ("", "is this a file of snapshots"),
            ("# SNAPSHOT 1\n", "hold no series"),
            ("up 1\n", "line 1"),
            ("# SNAPSHOT x\n", "line 1"),
            ("# SNAPSHOT 1\nup\n", "line 2"),
            ("# SNAPSHOT 1\nup one\n", "\"one\" is no number"),
            ("# SNAPSHOT 1\nup{a=\"1\" 1\n", "no `}`"),
            ("# SNAPSHOT 1\nup{a} 1\n", "without `=`"),
            ("# SNAPSHOT 1\nup{a=1} 1\n", "without quotes"),
            ("# SNAPSHOT 1\nup{a=\"1\"b=\"2\"} 1\n", "no comma"),
            ("# SNAPSHOT 1\nup{a=\"1\",a=\"2\"} 1\n", "a label twice"),
            ("# SNAPSHOT 1\nup 1\nup 2\n", "line 3"),
            ("# SNAPSHOT 1\n{a=\"1\"} 1\n", "no metric name"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
