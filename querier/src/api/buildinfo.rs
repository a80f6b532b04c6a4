//! `/status/buildinfo` and `/status/runtimeinfo`: what Grafana looks at to learn whom it talks to.

use super::reply::Reply;
use crate::json::push_text;

/// Who we say we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// The program's version, e.g. `0.1.0`.
    pub version: String,
    /// The commit it was built from.
    pub revision: String,
    /// The branch it was built from.
    pub branch: String,
    /// When it was built.
    pub build_date: String,
}

/// What Grafana's back end reads as a map of strings: a JSON bool would break it.
const FEATURES: [(&str, &str); 5] = [
    ("ruler_config_api", "false"),
    ("alertmanager_config_api", "false"),
    ("query_sharding", "false"),
    ("federated_rules", "false"),
    ("ingest_storage", "false"),
];

impl BuildInfo {
    pub(super) fn reply(&self) -> Reply {
        let mut out = vec![b'{'];
        let fields = [
            ("application", "Mneme"),
            ("version", &self.version),
            ("revision", &self.revision),
            ("branch", &self.branch),
            ("buildUser", ""),
            ("buildDate", &self.build_date),
            ("goVersion", ""),
        ];
        push_fields(&mut out, &fields);
        out.extend_from_slice(b",\"features\":{");
        push_fields(&mut out, &FEATURES);
        out.extend_from_slice(b"}}");
        Reply::json(out)
    }
}

fn push_fields(out: &mut Vec<u8>, fields: &[(&str, &str)]) {
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_text(out, name);
        out.push(b':');
        push_text(out, value);
    }
}
