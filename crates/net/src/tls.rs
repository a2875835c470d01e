//! TLS for outgoing connections: roots and protocols.
//!
//! The cryptographic provider is named explicitly, so no process-wide default is set or relied on.

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio::sync::OnceCell;

/// Why TLS cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The PEM text has no certificate that can be read.
    #[error(
        "the extra root certificates cannot be read: {0}; give PEM text with at least one CERTIFICATE block"
    )]
    BadPem(String),
    /// Neither the system nor the caller gave a root certificate.
    #[error(
        "no root certificates are usable: {0}; install the system's ca-certificates package or add a root certificate"
    )]
    NoRoots(String),
    /// The provider refused the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The roots of the operating system plus extra ones. Cheap to clone; share one among clients, because loading the roots takes milliseconds.
///
/// The system's roots are loaded at the first TLS connection.
#[derive(Clone)]
pub struct TlsSettings(Arc<Inner>);

struct Inner {
    extra_roots: Vec<CertificateDer<'static>>,
    verifier: OnceCell<Arc<Verifier>>,
}

impl TlsSettings {
    /// The system's roots only.
    pub fn system() -> Self {
        Self::from_certificates(Vec::new())
    }

    /// The system's roots and those of a PEM text: for a company's own authority.
    pub fn with_extra_roots_pem(pem: &[u8]) -> Result<Self, TlsError> {
        Ok(Self::from_certificates(certificates_from_pem(pem)?))
    }

    fn from_certificates(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self(Arc::new(Inner {
            extra_roots,
            verifier: OnceCell::new(),
        }))
    }

    /// A client configuration that offers `protocols` by ALPN, in order of preference.
    pub async fn client_config(&self, protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsError> {
        let verifier = self.0.verifier.get_or_try_init(|| self.load()).await?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(verifier) as Arc<_>)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }

    async fn load(&self) -> Result<Arc<Verifier>, TlsError> {
        let extra_roots = self.0.extra_roots.clone();
        // Reads about 150 files' worth of certificates: not on an I/O thread.
        tokio::task::spawn_blocking(move || Verifier::new_with_extra_roots(extra_roots, provider()))
            .await
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .map(Arc::new)
            .map_err(|error| TlsError::NoRoots(error.to_string()))
    }
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TlsSettings")
            .field("extra_roots", &self.0.extra_roots.len())
            .finish_non_exhaustive()
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub(crate) fn certificates_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::BadPem(error.to_string()))?;
    if certificates.is_empty() {
        return Err(TlsError::BadPem("it has no certificate".to_owned()));
    }
    Ok(certificates)
}
