//! The values that are in force, and where each came from.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_net::IpRange;
use countersign_vault::SecretString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data_dir::DataDir;
use super::listen::ListenAddress;

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// A level or a filter.
    pub(crate) level: String,
    /// Its form.
    pub(crate) format: LogFormat,
}

/// TLS of the listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsSettings {
    /// None: loopback, or inside a container.
    Off,
    /// A certificate from files.
    Files {
        /// The chain.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// A certificate that the gateway made.
    SelfSigned,
}

/// The dialects that are switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialects {
    /// `/proxy`, `/status/{id}`, `/proxy/execute/{id}`.
    pub(crate) gaiterguard: bool,
    /// AgentGate's routes.
    pub(crate) agentgate: bool,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// The command line.
    Flag,
    /// A `COUNTERSIGN_*` variable, its `_FILE` twin or a systemd credential.
    Environment,
    /// `countersign.json5`.
    File,
    /// Nobody said anything.
    Default,
}

/// Everything the process needs to start.
pub(crate) struct Settings {
    /// The data directory.
    pub(crate) data_dir: DataDir,
    /// The configuration file that was read, if one was.
    pub(crate) file: Option<PathBuf>,
    /// Listeners, at least one.
    pub(crate) listen: Vec<ListenAddress>,
    /// The listener of `/metrics`, if it has one of its own.
    pub(crate) metrics_listen: Option<ListenAddress>,
    /// TLS.
    pub(crate) tls: TlsSettings,
    /// Plain HTTP on any address, inside a container.
    pub(crate) container: bool,
    /// Names for the Host header.
    pub(crate) hosts: Vec<String>,
    /// Origins of pages.
    pub(crate) origins: Vec<String>,
    /// Whose forwarded headers count.
    pub(crate) trusted_proxies: Arc<[IpRange]>,
    /// Ranges opened for targets that operators make.
    pub(crate) allow_private_networks: Arc<[IpRange]>,
    /// PostgreSQL instead of SQLCipher.
    pub(crate) database_url: Option<Arc<SecretString>>,
    /// A file with the passphrase, from the configuration file.
    pub(crate) master_key_file: Option<PathBuf>,
    /// The log.
    pub(crate) log: LogSettings,
    /// The dialects.
    pub(crate) dialects: Dialects,
    /// Where each value came from, by its key.
    pub(crate) origins_of_values: Vec<(&'static str, Origin)>,
    /// What a start should warn of.
    pub(crate) warnings: Vec<String>,
}
