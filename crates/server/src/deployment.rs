//! How the gateway was put up, for the operators' page: where it listens, what it takes for its own, where its data lies.
//!
//! SECURITY: nothing here is a secret: no credential of the store, no private key, no passphrase.

use std::path::PathBuf;

use countersign_domain::Timestamp;

use crate::config::Serves;

/// How the gateway was put up. The application knows it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The listeners, in the order of the configuration.
    pub listeners: Vec<ListenerFacts>,
    /// Names under which it is reached, besides loopback and its own addresses.
    pub hosts: Vec<String>,
    /// Origins of pages on other hosts that may call.
    pub origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<String>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The configuration file, if one was read.
    pub config_file: Option<PathBuf>,
    /// The store's kind.
    pub store: StoreKind,
    /// Where the start got the passphrase from; `None` where it started locked, or without an installation.
    pub passphrase: Option<PassphraseSource>,
}

/// What the data is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// A file in the data folder.
    Sqlcipher,
    /// A database that replicas share.
    Postgres,
}

impl StoreKind {
    /// The word as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlcipher => "sqlcipher",
            Self::Postgres => "postgres",
        }
    }
}

/// Where the passphrase came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassphraseSource {
    /// A variable of the environment.
    Environment,
    /// A file that a variable or the configuration names, or a credential of the service manager.
    File,
    /// Somebody typed it at the start.
    Prompt,
    /// Somebody gave it to the running gateway: on its page, or by `countersign vault unlock`.
    Browser,
}

impl PassphraseSource {
    /// The word as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "env",
            Self::File => "file",
            Self::Prompt => "prompt",
            Self::Browser => "browser",
        }
    }
}

/// One listener.
#[derive(Debug, Clone)]
pub struct ListenerFacts {
    /// As people write it: `http://127.0.0.1:18790`, `unix:/run/countersign.sock`.
    pub url: String,
    /// What it answers.
    pub serves: Serves,
    /// Its certificate, where it has TLS.
    pub certificate: Option<CertificateFacts>,
}

/// A listener's certificate.
#[derive(Debug, Clone)]
pub struct CertificateFacts {
    /// Whether the gateway made it itself.
    pub is_self_signed: bool,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// When it ends.
    pub ends_at: Timestamp,
    /// SHA-256 of it, in hexadecimal.
    pub fingerprint: String,
}
