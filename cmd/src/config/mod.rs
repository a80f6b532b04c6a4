//! The config file: one section per part of the process. Flags override it.

mod bucket;
mod load;
mod runtime;
mod self_monitoring;
mod shutdown;
mod wal;

use std::path::{Path, PathBuf};

use anyhow::Context;
use mneme_tenant::{AuthConfig, Limits, TenantPatches};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use bucket::BucketConfig;
pub(crate) use load::{load, parse};
pub(crate) use runtime::RuntimeConfigFile;
pub(crate) use self_monitoring::SelfMonitoring;
pub(crate) use shutdown::Shutdown;
pub(crate) use wal::WalConfig;

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The roles that this process runs. This version runs all of them in one process: only `all` is accepted. The flag
    /// `--target` overrides it.
    pub(crate) target: String,
    /// Directory for local files: the address file, caches, and the bucket unless `bucket.url` says otherwise. Relative to
    /// where the process is started. The flag `--data-dir` overrides it.
    pub(crate) data_dir: PathBuf,
    /// The name of this process in its log lines. The flag `--instance` overrides it.
    pub(crate) instance: String,
    /// The failure domain of this process in its log lines, such as a rack or an availability zone; empty if there is none.
    /// The flag `--zone` overrides it.
    pub(crate) zone: String,
    /// The HTTP listener.
    pub(crate) server: mneme_server::http::Config,
    /// How the process ends.
    pub(crate) shutdown: Shutdown,
    /// Who may ask for which tenant.
    pub(crate) auth: AuthConfig,
    /// Where all data lives.
    pub(crate) bucket: BucketConfig,
    /// The write-ahead log in the bucket.
    pub(crate) wal: WalConfig,
    /// Takes writes.
    pub(crate) distributor: mneme_distributor::Config,
    /// Holds recent series in memory.
    pub(crate) ingester: mneme_ingester::Config,
    /// Answers queries.
    pub(crate) querier: mneme_querier::Config,
    /// What each tenant may do, unless `overrides` says otherwise. Names and meanings are Mimir's and Cortex's.
    pub(crate) limits: Limits,
    /// Limits of single tenants: a map from the tenant's name to those options of `limits` that differ for it.
    pub(crate) overrides: TenantPatches,
    /// A file with `overrides` that is read again while the process runs.
    pub(crate) runtime_config: RuntimeConfigFile,
    /// Log lines and spans.
    pub(crate) telemetry: mneme_server::telemetry::Config,
    /// The process's own metrics as a tenant's series.
    pub(crate) self_monitoring: SelfMonitoring,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            target: "all".to_owned(),
            data_dir: PathBuf::from("./mneme-data"),
            instance: "mneme".to_owned(),
            zone: String::new(),
            server: Default::default(),
            shutdown: Default::default(),
            auth: Default::default(),
            bucket: Default::default(),
            wal: Default::default(),
            distributor: Default::default(),
            ingester: Default::default(),
            querier: Default::default(),
            limits: Default::default(),
            overrides: Default::default(),
            runtime_config: Default::default(),
            telemetry: Default::default(),
            self_monitoring: Default::default(),
        }
    }
}

impl Config {
    /// Checks every section. The error is the option's section and what is wrong, with the value and the remedy.
    fn validate(&self) -> Result<(), (&'static str, String)> {
        if self.target != "all" {
            return Err(("target", format!("{:?}: {ONE_PROCESS}; only all is accepted", self.target)));
        }
        if self.data_dir.as_os_str().is_empty() {
            return Err(("data_dir", "\"\" is no directory".to_owned()));
        }
        let overrides = mneme_tenant::Overrides::new(self.limits.clone(), self.overrides.clone());
        let sections: [(&str, Result<(), String>); 12] = [
            ("server", self.server.validate()),
            ("shutdown", self.shutdown.validate()),
            ("auth", self.auth.validate()),
            ("bucket", self.bucket.validate()),
            ("wal", self.wal.validate()),
            ("distributor", self.distributor.validate()),
            ("ingester", self.ingester.validate()),
            ("querier", self.querier.validate()),
            ("limits", self.limits.validate()),
            ("overrides", overrides.map(|_| ()).map_err(|error| error.to_string())),
            ("runtime_config", self.runtime_config.validate()),
            ("telemetry", self.telemetry.validate()),
        ];
        let mut wrong =
            sections.into_iter().filter_map(|(section, result)| result.err().map(|error| (section, error)));
        wrong.next().map_or(Ok(()), Err)
    }

    /// The bucket's URL, by default below the data directory.
    pub(crate) fn bucket_url(&self) -> anyhow::Result<String> {
        if !self.bucket.url.is_empty() {
            return Ok(self.bucket.url.clone());
        }
        let directory = std::path::absolute(self.data_dir.join("bucket")).context("data_dir")?;
        let url = url::Url::from_directory_path(&directory)
            .map_err(|()| anyhow::anyhow!("data_dir {directory:?} is no URL's path"))?;
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }
}

/// Why roles cannot be spread yet.
pub(crate) const ONE_PROCESS: &str = "this version runs as one process (clusters come later)";

/// How a command reaches a bucket: as the server of that config file does.
///
/// # Errors
/// A file that is no valid config.
pub(crate) fn bucket_options(file: Option<&Path>) -> anyhow::Result<mneme_bucket::Options> {
    Ok(match file {
        Some(file) => parse(file)?.bucket.options(),
        None => BucketConfig::default().options(),
    })
}

/// `mneme config check`.
pub(crate) fn check(file: &Path) -> anyhow::Result<()> {
    let config = parse(file)?;
    println(&format!(
        "{}: valid; target {}, data_dir {}",
        file.display(),
        config.target,
        config.data_dir.display()
    ));
    Ok(())
}

/// `mneme config docs`.
pub(crate) fn print_docs() -> anyhow::Result<()> {
    println(docs().trim_end());
    Ok(())
}

/// The reference, which is also `docs/configuration.md`.
fn docs() -> String {
    format!("{PREFACE}{}", mneme_server::config::docs::markdown::<Config>())
}

const PREFACE: &str = "<!-- Written by `mneme config docs`; a test of `cmd` keeps it current. -->
# Configuration

`mneme serve --config FILE` reads a YAML file. Every option has a default, so an empty file is a valid one; an unknown
option is an error. `mneme config check FILE` tells whether a file is valid, or the line, the option, its value and what to
do. `GET /config` of a running process shows what is in force, `/config?mode=diff` only what differs from the defaults.

Durations are written such as `15s`, `1h30m` or `250ms`; sizes are bytes unless said otherwise. Flags of `mneme serve`
override the file. Of the environment only a cloud's credentials, region and endpoint and a proxy count, where the file leaves them
out: [buckets.md](buckets.md) lists the variables.
";

#[expect(clippy::print_stdout, reason = "a command's answer goes to stdout")]
fn println(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn the_bucket_is_below_the_data_directory_unless_told() {
        let mut config = Config { data_dir: PathBuf::from("/var/lib/my data"), ..Config::default() };
        assert_eq!(config.bucket_url().unwrap(), "file:///var/lib/my%20data/bucket");
        config.bucket.url = "memory://".to_owned();
        assert_eq!(config.bucket_url().unwrap(), "memory://");
    }

    #[test]
    fn the_reference_in_docs_is_current() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written.trim_end() == docs().trim_end(),
            "docs/configuration.md is not what `cargo run -- config docs > docs/configuration.md` writes"
        );
    }

    #[test]
    fn every_option_has_a_meaning() {
        let undescribed: Vec<_> = undescribed_options(&docs());
        assert!(undescribed.is_empty(), "options without a doc comment: {undescribed:?}");
    }

    /// Headings that are followed by nothing but a type.
    fn undescribed_options(markdown: &str) -> Vec<String> {
        let mut chapters = markdown.split("\n##").skip(1);
        let described = |chapter: &str| {
            chapter.lines().skip(1).any(|line| !line.trim().is_empty() && !line.starts_with('*'))
        };
        chapters
            .by_ref()
            .filter(|chapter| !described(chapter))
            .map(|chapter| chapter.lines().next().unwrap_or("").to_owned())
            .collect()
    }
}
