//! The certificate that the listeners show: from files, or made here.
//!
//! Invariants: the pair that was made lies in the data directory for its owner only, as that of every TLS server (the gateway must be able
//! to serve while the vault is still locked); each file is written whole and renamed; a pair that does not fit together, as a death between
//! the two files leaves it, is made anew.

mod leaf;

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::Timestamp;
use countersign_server::tls_config;
use countersign_vault::{SecretBytes, SelfSignedCertificate};

pub(crate) use leaf::Leaf;

use crate::config::{DataDir, Settings, TlsSettings};
use crate::failure::{Failure, Result, chain};

const CERTIFICATE_FILE: &str = "tls-certificate.pem";
const KEY_FILE: &str = "tls-key.pem";

/// Browsers refuse longer ones.
const VALIDITY: Duration = Duration::from_hours(397 * 24);

/// One that has less left is made anew, and one from files is warned of.
pub(crate) const TIME_LEFT: Duration = Duration::from_hours(30 * 24);

/// A TLS certificate that is ready to be served.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(super) config: Arc<rustls::ServerConfig>,
    /// SHA-256 of the certificate, in hex.
    pub(crate) fingerprint: String,
}

impl Certificate {
    /// The certificate that the configuration names; the self-signed one is made at the first start and kept as long as it fits.
    pub(crate) fn of(settings: &Settings, now: Timestamp) -> Result<Option<Self>> {
        let (certificate, key) = match &settings.tls {
            TlsSettings::Off => return Ok(None),
            TlsSettings::Files { cert, key } => (read(cert)?, SecretBytes::new(read(key)?)),
            TlsSettings::SelfSigned => self_signed(&settings.data_dir, &settings.hosts, now)?,
        };
        let config = tls_config(&certificate, key.expose())
            .map_err(|error| Failure::usage(chain(&error)))?;
        let fingerprint = leaf::fingerprint(&certificate)
            .ok_or_else(|| Failure::usage("the certificate can't be read"))?;
        Ok(Some(Self {
            config,
            fingerprint,
        }))
    }
}

/// What is known about the certificate in a file, for `doctor`; `None` where it can't be read.
pub(crate) fn leaf_of(settings: &Settings) -> Option<Leaf> {
    let path = match &settings.tls {
        TlsSettings::Off => return None,
        TlsSettings::Files { cert, .. } => cert.clone(),
        TlsSettings::SelfSigned => settings.data_dir.file(CERTIFICATE_FILE),
    };
    Leaf::read(&fs::read(path).ok()?)
}

/// Why a self-signed certificate no longer does; `None` where it does.
pub(crate) fn why_not(leaf: &Leaf, hosts: &[String], now: Timestamp) -> Option<String> {
    if leaf.ends_at < now.saturating_add(TIME_LEFT) {
        return Some(format!("it ends at {}", leaf.ends_at));
    }
    let (has, wants) = (&leaf.names, leaf::unified(&names(hosts)));
    (*has != wants).then(|| {
        let told: Vec<&str> = wants.iter().map(String::as_str).collect();
        format!("it is for other names than {}", told.join(", "))
    })
}

/// The kept certificate, else a new one.
fn self_signed(
    data_dir: &DataDir,
    hosts: &[String],
    now: Timestamp,
) -> Result<(Vec<u8>, SecretBytes)> {
    let (certificate_path, key_path) = (data_dir.file(CERTIFICATE_FILE), data_dir.file(KEY_FILE));
    let mut reason = "there is none yet".to_owned();
    if certificate_path.exists() && key_path.exists() {
        let (certificate, key) = (read(&certificate_path)?, SecretBytes::new(read(&key_path)?));
        let fits = tls_config(&certificate, key.expose()).is_ok();
        match Leaf::read(&certificate).filter(|_| fits) {
            None => "the kept one and its key do not fit together".clone_into(&mut reason),
            Some(leaf) => match why_not(&leaf, hosts, now) {
                None => return Ok((certificate, key)),
                Some(why) => reason = why,
            },
        }
    }
    let made = SelfSignedCertificate::generate(&names(hosts), now, VALIDITY)
        .map_err(|error| Failure::usage(chain(&error)))?;
    let failed = |error: io::Error| {
        Failure::state(
            "data_dir",
            format!(
                "the self-signed certificate can't be kept in {}: {error}",
                data_dir.path().display()
            ),
        )
    };
    write(data_dir, &key_path, made.private_key_pem.expose()).map_err(failed)?;
    write(data_dir, &certificate_path, made.certificate_pem.as_bytes()).map_err(failed)?;
    let certificate = made.certificate_pem.into_bytes();
    tracing::warn!(
        reason,
        fingerprint = leaf::fingerprint(&certificate),
        "a self-signed certificate was made: clients trust it by this fingerprint"
    );
    Ok((certificate, made.private_key_pem))
}

/// The names that a self-signed certificate is for: this machine's, and the configured ones without their ports.
fn names(hosts: &[String]) -> Vec<String> {
    ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .chain(hosts.iter().map(|host| without_port(host)))
        .map(str::to_owned)
        .collect()
}

/// `name:8443`, `name`, `[::2]:8443` and `[::2]` without what is not the name.
fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(host, |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Failure::usage(format!("{} can't be read: {error}", path.display()))
            .next("mend the path in --tls-cert or --tls-key")
    })
}

/// A new file in the old one's place: who has that open keeps what was in it.
fn write(data_dir: &DataDir, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".tls-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(data_dir.path())?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    File::open(data_dir.path())?.sync_all()
}

#[cfg(test)]
mod tests;
