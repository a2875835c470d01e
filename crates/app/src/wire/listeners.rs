//! From start-up values to the server's listeners.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_gate::{Clock, SystemClock};
use countersign_server::{Bind, Dialects, ListenerConfig, ServerConfig, Serves, tls_config};
use countersign_vault::{SecretBytes, SelfSignedCertificate, sha256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::{DataDir, ListenAddress, Settings, TlsSettings};
use crate::failure::{Failure, Result, chain};

const CERTIFICATE_FILE: &str = "tls-certificate.pem";
const KEY_FILE: &str = "tls-key.pem";

/// Browsers refuse longer ones.
const VALIDITY: Duration = Duration::from_hours(397 * 24);

/// A TLS certificate that is ready to be served.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    config: Arc<rustls::ServerConfig>,
    /// SHA-256 of the certificate, in hex.
    pub(crate) fingerprint: String,
}

impl Certificate {
    /// The certificate that the configuration names; the self-signed one is made at the first start and kept.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>> {
        let (certificate, key) = match &settings.tls {
            TlsSettings::Off => return Ok(None),
            TlsSettings::Files { cert, key } => (read(cert)?, SecretBytes::new(read(key)?)),
            TlsSettings::SelfSigned => self_signed(&settings.data_dir, &settings.hosts)?,
        };
        let config = tls_config(&certificate, key.expose())
            .map_err(|error| Failure::usage(chain(&error)))?;
        let leaf = CertificateDer::from_pem_slice(&certificate)
            .map_err(|_| Failure::usage("the certificate can't be read"))?;
        let fingerprint = sha256(&leaf)
            .iter()
            .fold(String::with_capacity(64), |text, byte| {
                format!("{text}{byte:02x}")
            });
        Ok(Some(Self {
            config,
            fingerprint,
        }))
    }
}

/// The server's configuration. A listener that others can reach has TLS, or is a container's.
pub(crate) fn server_config(
    settings: &Settings,
    certificate: Option<&Certificate>,
) -> Result<ServerConfig> {
    let mut listeners: Vec<ListenerConfig> = settings
        .listen
        .iter()
        .map(|address| ListenerConfig {
            bind: bind(address, settings, certificate),
            serves: Serves::Everything,
        })
        .collect();
    if let Some(address) = &settings.metrics_listen {
        listeners.push(ListenerConfig {
            bind: bind(address, settings, None),
            serves: Serves::Metrics,
        });
    }
    let proxies = settings
        .trusted_proxies
        .iter()
        .map(|range| range.to_string().parse());
    Ok(ServerConfig {
        listeners,
        hosts: settings.hosts.clone(),
        origins: settings.origins.clone(),
        trusted_proxies: proxies
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::usage(format!("trusted_proxies: {error}")))?,
        dialects: Dialects {
            gaiterguard: settings.dialects.gaiterguard,
        },
        ..ServerConfig::new(ListenerConfig::loopback(SocketAddr::from((
            [127, 0, 0, 1],
            0,
        ))))
    })
}

fn bind(address: &ListenAddress, settings: &Settings, certificate: Option<&Certificate>) -> Bind {
    match (address, certificate) {
        (ListenAddress::Unix(path), _) => Bind::Unix(path.clone()),
        (ListenAddress::Tcp(address), Some(certificate)) => {
            Bind::Tls(*address, Arc::clone(&certificate.config))
        }
        (ListenAddress::Tcp(address), None)
            if settings.container && !address.ip().is_loopback() =>
        {
            Bind::Container(*address)
        }
        (ListenAddress::Tcp(address), None) => Bind::Tcp(*address),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Failure::usage(format!("{} can't be read: {error}", path.display()))
            .next("mend the path in --tls-cert or --tls-key")
    })
}

/// The kept certificate, else a new one. Its key lies beside it for its owner only, as that of every TLS server: the gateway must be able
/// to serve while the vault is still locked.
fn self_signed(data_dir: &DataDir, hosts: &[String]) -> Result<(Vec<u8>, SecretBytes)> {
    let (certificate_path, key_path) = (data_dir.file(CERTIFICATE_FILE), data_dir.file(KEY_FILE));
    if certificate_path.exists() && key_path.exists() {
        return Ok((read(&certificate_path)?, SecretBytes::new(read(&key_path)?)));
    }
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    names.extend(hosts.iter().map(|host| {
        host.rsplit_once(':')
            .map_or(host.as_str(), |(name, _)| name)
            .to_owned()
    }));
    let made = SelfSignedCertificate::generate(&names, SystemClock.now(), VALIDITY)
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
    write(&key_path, made.private_key_pem.expose()).map_err(failed)?;
    write(&certificate_path, made.certificate_pem.as_bytes()).map_err(failed)?;
    Ok((made.certificate_pem.into_bytes(), made.private_key_pem))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
