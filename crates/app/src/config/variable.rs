//! The environment variables and where their values come from.
//!
//! A variable `COUNTERSIGN_X` has a twin `COUNTERSIGN_X_FILE` that names a file with the value; its blanks and line ends around the value
//! are dropped. The plain variable wins. A secret may also be a systemd credential: a file with the variable's name, in lower case and
//! without `COUNTERSIGN_`, in `$CREDENTIALS_DIRECTORY`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use countersign_vault::SecretString;
use zeroize::Zeroize;

use super::env::Env;
use crate::failure::{Failure, Result};
use crate::output::Output;

const PREFIX: &str = "COUNTERSIGN_";
const TWIN: &str = "_FILE";
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// One variable.
#[derive(Debug)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether its value must never be shown.
    pub(crate) is_secret: bool,
    /// What it is, for the documentation.
    pub(crate) summary: &'static str,
}

macro_rules! variables {
    ($($constant:ident $name:literal $secret:literal $summary:literal;)+) => {
        $(pub(crate) const $constant: Variable = Variable { name: concat!("COUNTERSIGN_", $name), is_secret: $secret, summary: $summary };)+
        /// All of them.
        pub(crate) const VARIABLES: &[&Variable] = &[$(&$constant),+];
    };
}

variables! {
    DATA_DIR "DATA_DIR" false "the data directory; default $XDG_DATA_HOME/countersign";
    CONFIG "CONFIG" false "the configuration file; default countersign.json5 in the data directory";
    MASTER_KEY "MASTER_KEY" true "the passphrase of the vault, 14 characters at least";
    DATABASE_URL "DATABASE_URL" true "postgres://... to keep the store on PostgreSQL";
    URL "URL" false "the gateway that the command line talks to";
    FINGERPRINT "FINGERPRINT" false "SHA-256 of the certificate of the gateway at COUNTERSIGN_URL, where it signs its own";
    API_KEY "API_KEY" true "the key that the command line signs in with";
    LISTEN "LISTEN" false "addresses to listen on, comma separated: IP:PORT or unix:PATH";
    METRICS_LISTEN "METRICS_LISTEN" false "an address of its own for /metrics, without a key";
    TLS_CERT "TLS_CERT" false "the certificate chain, a PEM file";
    TLS_KEY "TLS_KEY" false "the certificate's key, a PEM file";
    TLS_SELF_SIGNED "TLS_SELF_SIGNED" false "true: make a certificate in the data directory";
    CONTAINER "CONTAINER" false "true: plain HTTP on any address, inside a container only";
    HOSTS "HOSTS" false "names that the Host header may have, comma separated";
    ORIGINS "ORIGINS" false "origins that pages may call from, comma separated";
    TRUSTED_PROXIES "TRUSTED_PROXIES" false "address ranges whose forwarded headers count";
    ALLOW_PRIVATE_NETWORKS "ALLOW_PRIVATE_NETWORKS" false "address ranges opened for targets that operators make";
    LOG "LOG" false "error, warn, info, debug or trace, or a filter such as countersign_gate=debug";
    LOG_FORMAT "LOG_FORMAT" false "text or json";
    DIALECTS "DIALECTS" false "the dialects that are switched on, comma separated";
}

/// A value and where it was found.
pub(crate) struct Found {
    /// The value, trimmed where it came from a file.
    pub(crate) text: SecretString,
    /// The file it came from, if it did.
    pub(crate) file: Option<PathBuf>,
}

impl Found {
    /// Warns where a secret came from a file that others can get at.
    pub(crate) fn warn(&self, output: Output) {
        if let Some(warning) = self.file.as_deref().and_then(open_to_others) {
            output.warn(warning);
        }
    }
}

impl Variable {
    /// Looks the variable up: itself, its twin, then (for a secret) the credentials directory.
    ///
    /// # Errors
    /// When a file was named and can't be read: starting without it would be a guess.
    pub(crate) fn find(&self, env: &Env) -> Result<Option<Found>> {
        if let Some(value) = env.get(self.name)? {
            return Ok(Some(Found {
                text: SecretString::new(value.to_owned()),
                file: None,
            }));
        }
        let twin = format!("{}{TWIN}", self.name);
        if let Some(path) = env.path(&twin) {
            let text = read(&path, self.is_secret).map_err(|why| {
                Failure::usage(format!("{twin} names {}, which {why}", path.display()))
                    .next("mend the file, or unset the variable")
            })?;
            return Ok(Some(Found {
                text,
                file: Some(path),
            }));
        }
        let Some(folder) = env.path(CREDENTIALS_DIRECTORY).filter(|_| self.is_secret) else {
            return Ok(None);
        };
        let path = folder.join(self.name.trim_start_matches(PREFIX).to_ascii_lowercase());
        if !path.exists() {
            return Ok(None);
        }
        let text = read(&path, self.is_secret).map_err(|why| {
            Failure::usage(format!("the systemd credential {} {why}", path.display()))
                .next("mend the unit's LoadCredential= line")
        })?;
        Ok(Some(Found {
            text,
            file: Some(path),
        }))
    }

    /// The value of a variable that is no secret.
    pub(crate) fn text(&self, env: &Env) -> Result<Option<String>> {
        Ok(self.find(env)?.map(|found| found.text.expose().to_owned()))
    }
}

/// Variables that begin like ours and are none of ours: a typing error that would silently do nothing.
pub(crate) fn unknown(env: &Env) -> Vec<String> {
    let is_known = |name: &str| {
        let name = name.strip_suffix(TWIN).unwrap_or(name);
        VARIABLES.iter().any(|variable| variable.name == name)
    };
    env.names()
        .filter(|name| name.starts_with(PREFIX) && !is_known(name))
        .map(str::to_owned)
        .collect()
}

/// Reads a value from a file. The error finishes a sentence about the file.
pub(crate) fn read(path: &Path, is_secret: bool) -> Result<SecretString, String> {
    let cannot = |error: std::io::Error| format!("can't be read: {error}");
    let metadata = fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() && metadata.is_dir() {
        return Err("is a folder".to_owned());
    }
    if metadata.len() > MAXIMUM_BYTES {
        return Err(format!(
            "is longer than {MAXIMUM_BYTES} bytes: it is probably the wrong file"
        ));
    }
    if is_secret && metadata.is_file() && metadata.mode() & 0o022 != 0 {
        return Err(format!(
            "others can write to (mode {:04o}): run `chmod 600 {}`",
            metadata.mode() & 0o7777,
            path.display()
        ));
    }
    let mut text = fs::read_to_string(path).map_err(cannot)?;
    let value = SecretString::new(text.trim().to_owned());
    text.zeroize();
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(value)
}

/// What to say of a secret's file that others can get at; `None` where it is its owner's only. A warning and no failure: container
/// runtimes mount secrets like that.
pub(crate) fn open_to_others(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path)
        .ok()
        .filter(|metadata| metadata.is_file() && metadata.mode() & 0o077 != 0)?;
    Some(format!(
        "{} holds a secret and others can get at it (mode {:04o}): run `chmod 600 {}`",
        path.display(),
        metadata.mode() & 0o7777,
        path.display()
    ))
}
