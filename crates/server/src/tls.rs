//! The TLS settings of a listener.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate in the text.
    #[error(
        "there is no certificate in the PEM text: expected at least one block BEGIN CERTIFICATE"
    )]
    NoCertificate,
    /// No private key in the text.
    #[error(
        "there is no private key in the PEM text: expected a block BEGIN PRIVATE KEY, without a passphrase"
    )]
    NoKey,
    /// They don't fit, or the key is of a kind that is not supported.
    #[error(
        "the certificate and the private key can't be used together: check that they belong together"
    )]
    Unusable(#[source] rustls::Error),
}

/// Settings from a certificate chain and its private key in PEM. TLS 1.2 and 1.3; HTTP/2 and HTTP/1.1 are offered. The texts stay the
/// caller's to clear.
pub fn tls_config(
    certificate_pem: &[u8],
    private_key_pem: &[u8],
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate_pem)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(private_key_pem).map_err(|_| TlsError::NoKey)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .map_err(TlsError::Unusable)?
    .with_no_client_auth()
    .with_single_cert(chain, key)
    .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
