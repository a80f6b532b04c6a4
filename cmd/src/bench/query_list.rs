//! Which queries are timed.

use anyhow::{Context, bail, ensure};

/// How a query is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Instant,
    Range,
    Series,
    Labels,
    LabelValues,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// PromQL, a selector, a label's name, or nothing.
    pub(super) expression: String,
}

/// For the load of `--shape kube`: name, kind, expression.
pub(super) const PERF: &str = r#"
i_count_all instant count({__name__=~".+"})
i_one_series instant up{job="checkout",instance="10.0.0.12:8011"}
i_sum_rate_4k instant sum by (job) (rate(http_requests_total[5m]))
i_sum_rate_10k instant sum by (job) (rate(http_request_duration_seconds_bucket[5m]))
i_topk_4k instant topk(10, rate(http_requests_total[5m]))
i_quantile_10k instant histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m])))
r_one_series range rate(http_requests_total{job="checkout",instance="10.0.0.12:8011",method="GET",code="200"}[5m])
r_raw_100 range http_requests_total{job="checkout",method=~"GET|POST"}
r_rate_100 range rate(http_requests_total{job="checkout",method=~"GET|POST"}[5m])
r_sum_rate_4k range sum by (job) (rate(http_requests_total[5m]))
r_sum_rate_10k range sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))
r_quantile_10k range histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m])))
r_regex_name range sum by (job) ({__name__=~"checkout_.*_depth"})
r_regex_pod range sum by (namespace) (rate(node_cpu_seconds_total{pod=~".*[b-m][a-z0-9]$",mode!~"idle|iowait"}[5m]))
r_max_over_time range max by (cluster) (max_over_time(process_resident_memory_bytes[10m]))
r_binop range sum by (job) (rate(http_requests_total{code=~"4..|5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))
m_series_1k series node_cpu_seconds_total{job="checkout"}
m_series_10k series http_request_duration_seconds_bucket
m_labels labels
m_names label_values __name__
m_pods label_values pod
"#;

/// Reads a list: a name, a kind and an expression per line; `#` begins a comment line.
///
/// # Errors
/// What is wrong, with its line.
pub(super) fn parse(text: &str) -> anyhow::Result<Vec<Query>> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let queries = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| parse_line(line).with_context(|| format!("line {number}: {line:?}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!queries.is_empty(), "no queries");
    Ok(queries)
}

fn parse_line(line: &str) -> anyhow::Result<Query> {
    let (name, rest) = line.split_once(char::is_whitespace).context("a line is `name kind expression`")?;
    let (kind, expression) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let kind = match kind {
        "instant" => Kind::Instant,
        "range" => Kind::Range,
        "series" => Kind::Series,
        "labels" => Kind::Labels,
        "label_values" => Kind::LabelValues,
        _ => bail!("the kind must be one of instant, range, series, labels, label_values"),
    };
    let expression = expression.trim();
    ensure!(kind == Kind::Labels || !expression.is_empty(), "the expression is missing");
    Ok(Query { name: name.to_owned(), kind, expression: expression.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_has_21_queries() {
        assert_eq!(parse(PERF).unwrap().len(), 21);
    }

    #[test]
    fn lists_are_read_and_what_is_wrong_is_said_with_its_line() {
        let list = parse("# mine\n\na  instant  up == 1\nb labels\n").unwrap();
        assert_eq!(list[0], Query { name: "a".into(), kind: Kind::Instant, expression: "up == 1".into() });
        assert_eq!(list[1].kind, Kind::Labels);
        for (text, words) in [
            ("", "no queries"),
            ("a\n", "line 1"),
            ("a instant x\nb sometimes x\n", "line 2"),
            ("a range\n", "the expression is missing"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
