//! The PromQL API: plans, fans out, merges, evaluates, prints as Prometheus does.
