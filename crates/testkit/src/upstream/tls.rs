//! Certificates for the upstream: a good one and the bad ones that a client must refuse.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// Which certificate the upstream shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1, signed by the upstream's authority.
    Valid,
    /// As [`Self::Valid`], but it ended in 2020.
    Expired,
    /// For another name.
    WrongName,
    /// Signed by an authority other than the one that [`super::Upstream::authority_pem`] returns.
    UnknownAuthority,
}

/// The acceptor and what a client must trust.
pub(super) struct Identity {
    pub(super) acceptor: TlsAcceptor,
    pub(super) authority_pem: String,
}

impl Identity {
    pub(super) fn new(certificate: Certificate) -> Result<Self> {
        let (authority, authority_pem) = self::authority("Countersign test authority")?;
        let (other, _) = self::authority("Some other authority")?;
        let names: &[&str] = if certificate == Certificate::WrongName {
            &["elsewhere.example"]
        } else {
            &["localhost", "127.0.0.1"]
        };
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters =
            CertificateParams::new(names).context("the certificate's names are refused")?;
        if certificate == Certificate::Expired {
            parameters.not_before = date_time_ymd(2019, 1, 1);
            parameters.not_after = date_time_ymd(2020, 1, 1);
        } else {
            parameters.not_before = date_time_ymd(2024, 1, 1);
            parameters.not_after = date_time_ymd(2040, 1, 1);
        }
        let key = KeyPair::generate().context("no key can be made")?;
        let signer = if certificate == Certificate::UnknownAuthority {
            &other
        } else {
            &authority
        };
        let leaf = parameters
            .signed_by(&key, signer)
            .context("the certificate can't be signed")?;
        let private_key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut configuration = ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .context("no TLS version is left")?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private_key)
        .context("the certificate is refused")?;
        configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(configuration)),
            authority_pem,
        })
    }
}

fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String)> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().context("no key can be made")?;
    let certificate = parameters
        .self_signed(&key)
        .context("the authority can't sign itself")?;
    let pem = certificate.pem();
    Ok((Issuer::new(parameters, key), pem))
}
