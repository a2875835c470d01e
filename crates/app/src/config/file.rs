//! `countersign.json5`: its form, and errors that name file, line and the nearest valid key.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::nearest::nearest;
use super::settings::LogFormat;
use crate::failure::{Failure, Result};

/// The file's name in the data directory.
pub(crate) const FILE_NAME: &str = "countersign.json5";

const MAXIMUM_BYTES: u64 = 1 << 20;

/// What the file may say. Every key is optional.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FileSettings {
    /// The data directory. Only in a file that is named by `--config` or `COUNTERSIGN_CONFIG`.
    pub(crate) data_dir: Option<PathBuf>,
    /// Addresses to listen on: `IP:PORT` or `unix:/path`. Default: `127.0.0.1:18790`.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) listen: Option<Vec<super::ListenAddress>>,
    /// An address of its own for `/metrics`, without a key. Default: none, `/metrics` needs a key.
    #[schemars(with = "Option<String>")]
    pub(crate) metrics_listen: Option<super::ListenAddress>,
    /// TLS: needed for every address that is not loopback.
    pub(crate) tls: Option<FileTls>,
    /// Plain HTTP on any address, inside a container only; needs `hosts`. Default: false.
    pub(crate) container: Option<bool>,
    /// Names that the Host header may have, besides those of the listeners.
    pub(crate) hosts: Option<Vec<String>>,
    /// Origins that pages may call from, besides the gateway's own.
    pub(crate) origins: Option<Vec<String>>,
    /// Address ranges whose forwarded headers count. Default: none.
    pub(crate) trusted_proxies: Option<Vec<String>>,
    /// A file with `postgres://...`, to keep the store on PostgreSQL. Default: SQLCipher in the data directory.
    pub(crate) database_url_file: Option<PathBuf>,
    /// A file with the vault's passphrase. Default: the environment, systemd credentials, a prompt.
    pub(crate) master_key_file: Option<PathBuf>,
    /// Address ranges opened for targets that operators make. Never metadata services. Default: none.
    pub(crate) allow_private_networks: Option<Vec<String>>,
    /// The log, on standard error.
    pub(crate) log: Option<FileLog>,
    /// Wire dialects of other systems' clients.
    pub(crate) dialects: Option<FileDialects>,
}

/// TLS in the file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FileTls {
    /// The certificate chain, a PEM file.
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's key, a PEM file.
    pub(crate) key: Option<PathBuf>,
    /// Make a certificate in the data directory. Default: false.
    pub(crate) self_signed: Option<bool>,
}

/// The log in the file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FileLog {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `countersign_gate=debug`. Default: `info`.
    pub(crate) level: Option<String>,
    /// `text` or `json`. Default: `text`.
    pub(crate) format: Option<LogFormat>,
}

/// The dialects in the file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FileDialects {
    /// `/proxy`, `/status/{id}` and `/proxy/execute/{id}`. Default: true.
    pub(crate) gaiterguard: Option<bool>,
    pub(crate) agentgate: Option<bool>,
}

impl FileSettings {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let cannot = |error: &std::io::Error| {
            Failure::usage(format!(
                "the configuration file {} can't be read: {error}",
                path.display()
            ))
            .next("mend its path or its mode")
        };
        let length = fs::metadata(path).map_err(|error| cannot(&error))?.len();
        if length > MAXIMUM_BYTES {
            return Err(Failure::usage(format!(
                "the configuration file {} has {length} bytes, which no configuration has",
                path.display()
            )));
        }
        let text = fs::read_to_string(path).map_err(|error| cannot(&error))?;
        Self::parse(&text, path)
    }

    /// Reads the text of a file; `path` is for messages.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        json5::from_str(text).map_err(|error| {
            let place = error.position().map_or_else(String::new, |position| {
                format!(":{}:{}", position.line + 1, position.column + 1)
            });
            let message = error.to_string();
            // The position is said once, in the form that editors jump to.
            let message = message
                .rsplit_once(" at line ")
                .map_or(message.as_str(), |(message, _)| message);
            let failure = Failure::usage(format!("{}{place}: {message}", path.display()));
            match meant(message) {
                Some(key) => failure.next(format!(
                    "did you mean `{key}`? `countersign config schema` describes every key"
                )),
                None => failure.next("`countersign config schema` describes every key"),
            }
        })
    }
}

/// The nearest of the keys that serde lists in "unknown field `x`, expected one of `a`, `b`".
fn meant(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown field `")?.split('`');
    let wrong = quoted.next()?;
    // Every second piece is between quotes.
    nearest(wrong, quoted.skip(1).step_by(2)).map(str::to_owned)
}
