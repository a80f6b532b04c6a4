//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::bench::BenchCommand;
use crate::block::BlockCommand;
use crate::bucket::BucketCommand;
use crate::build::VERSION;
use crate::manifest::ManifestCommand;
use crate::wal::WalCommand;

/// The long-term memory of Prometheus servers: remote_write in, durable in a bucket, PromQL out.
#[derive(Debug, Parser)]
#[command(name = "mneme", version = VERSION, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server. Ctrl-C or SIGTERM ends it cleanly, a second one at once.
    Serve(ServeArgs),
    /// Check a config file, or print what may stand in one.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Load a receiver of remote write, check what it kept, time its queries: mneme or another.
    Bench {
        #[command(subcommand)]
        command: BenchCommand,
    },
    /// Check whether a bucket keeps the promises that Mneme relies on.
    Bucket {
        #[command(subcommand)]
        command: BucketCommand,
    },
    /// Look at the write-ahead log of a bucket; it is only read, also while a server runs on it.
    Wal {
        #[command(subcommand)]
        command: WalCommand,
    },
    /// Look at a tenant's blocks, read all of them, export their samples; the bucket is only read.
    Block {
        #[command(subcommand)]
        command: BlockCommand,
    },
    /// Look at the lists of tenants' blocks, also while a server runs on the bucket, and go back to an older one.
    Manifest {
        #[command(subcommand)]
        command: ManifestCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether a file is a valid config, or where it is not and what to do.
    Check {
        /// The YAML file.
        file: PathBuf,
    },
    /// Print the reference of every option as Markdown: meaning, type, default.
    Docs,
}

/// Flags of `serve`. Each overrides the config file.
#[derive(Debug, Default, Args)]
pub(crate) struct ServeArgs {
    /// YAML config file; `mneme config docs` tells its options
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Roles to run in this process; this version runs all of them in one [default: all]
    #[arg(long, value_name = "ROLES")]
    pub(crate) target: Option<String>,
    /// Directory for local files, and for the bucket unless --bucket says otherwise [default: ./mneme-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where all data lives: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, file:///DIR, or memory:// to forget it at
    /// the end [default: file://DATA-DIR/bucket]
    #[arg(long, value_name = "URL")]
    pub(crate) bucket: Option<String>,
    /// Address of the HTTP listener; port 0 takes a free one, written to DATA-DIR/mneme.addr [default: 127.0.0.1:9009]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) http: Option<String>,
    /// Address of the gRPC listener: refused, because one process has nothing to serve there (clusters come later)
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) grpc: Option<String>,
    /// Coordinators of a cluster to join: refused, because this version runs as one process
    #[arg(long, value_name = "HOST:PORT,...")]
    pub(crate) join: Option<String>,
    /// Name of this process in logs [default: mneme]
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<String>,
    /// Failure domain of this process, in logs
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
