//! Microsoft's emulator, on a free port of the loopback, with an account of ours.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mneme_bucket::{AzureConfig, CloudConfig, Credential, Options};
use mneme_tests::http::Client;
use mneme_tests::{Process, say, wait};
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "mnemetest";
/// `not-a-secret`.
pub(crate) const KEY: &str = "bm90LWEtc2VjcmV0";
/// A signature by that key, for ever: of the account, to make the container. Azurite knows no batches, and so no deletions, under it.
const SAS_OF_ACCOUNT: &str = "sv=2023-11-03&ss=b&srt=co&sp=rwdlc&se=2099-01-01T00:00:00Z\
    &sig=kqO2VAuNzIMr7Y5fdCdOxmRNh%2FvPeYUn5oIDRGM%2BXnQ%3D";
/// Of the container and all that is in it, for everything.
pub(crate) const SAS: &str = "sv=2023-11-03&sr=c&sp=rcwdl&se=2099-01-01T00:00:00Z\
    &sig=zdwWFeRLnp9zULOaT2aW7ipnt1nOn7OUnErMnweN1Uw%3D";
/// The same for reading and listing only.
pub(crate) const SAS_TO_READ: &str = "sv=2023-11-03&sr=c&sp=rl&se=2099-01-01T00:00:00Z\
    &sig=t9GH%2BtMxVIptnaqhvUtghStneJiLlpBl155b5SOAOR4%3D";
pub(crate) const CONTAINER: &str = "mneme-test";

/// Ends with it; everything it holds is in its memory.
pub(crate) struct Azurite {
    _process: Process,
    _dir: TempDir,
    address: String,
}

impl Azurite {
    /// Starts it and makes the container; `None`, said aloud, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../target/azurite/node_modules/azurite/dist/src/blob/main.js");
        if !program.is_file() {
            say("SKIPPED: Azurite is not installed (`./test` installs it where there is npm)");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("node");
        command
            .arg(program.canonicalize().unwrap())
            .args(["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent"])
            .arg("--disableTelemetry")
            .current_dir(dir.path())
            .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}"));
        let mut process = Process::start("azurite", command, &dir.path().join("azurite.log"));
        let address = wait::until("Azurite to listen", Duration::from_secs(60), || {
            assert!(process.is_running(), "Azurite ended: {}", process.log());
            let log = process.log();
            let (_, address) = log.split_once("successfully listens on http://")?;
            address.split_once('\n').map(|(address, _)| address.trim().to_owned())
        });
        let azurite = Self { _process: process, _dir: dir, address };
        let url = format!("{}/{CONTAINER}?restype=container&{SAS_OF_ACCOUNT}", azurite.endpoint());
        let made = Client::default().put(&url, &[]).unwrap();
        assert_eq!(made.status, 201, "{}", made.text());
        Some(azurite)
    }

    /// As an emulator has it: with the account in the path.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/{ACCOUNT}", self.address)
    }

    /// The account and the endpoint, no credentials.
    pub(crate) fn config(&self) -> AzureConfig {
        AzureConfig {
            account_name: ACCOUNT.to_owned(),
            endpoint: self.endpoint(),
            insecure: true,
            ..AzureConfig::default()
        }
    }

    /// With the account's key.
    pub(crate) fn options(&self) -> Options {
        options(AzureConfig { account_key: Credential::new(KEY), ..self.config() })
    }

    /// With a shared access signature.
    pub(crate) fn options_signed(&self, sas: &str) -> Options {
        options(AzureConfig { sas_token: Credential::new(sas), ..self.config() })
    }
}

/// Of a bucket by `azure`.
pub(crate) fn options(azure: AzureConfig) -> Options {
    Options { cloud: CloudConfig { azure, ..CloudConfig::default() }, ..Options::default() }
}
