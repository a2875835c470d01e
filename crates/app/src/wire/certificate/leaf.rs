//! What a certificate says of itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use countersign_domain::Timestamp;
use countersign_vault::sha256;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The certificate that comes first in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The DNS names and addresses that it is for, in one form: see [`unified`].
    pub(crate) names: BTreeSet<String>,
    /// When it ends.
    pub(crate) ends_at: Timestamp,
    /// SHA-256 of it, in hex.
    pub(crate) fingerprint: String,
}

impl Leaf {
    /// Reads the first certificate of a PEM text.
    pub(super) fn read(pem: &[u8]) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem).ok()?;
        let read = Certificate::from_der(&der).ok()?.tbs_certificate;
        let ends_at = read.validity.not_after.to_unix_duration().as_micros();
        let names = match read.get::<SubjectAltName>().ok()? {
            None => Vec::new(),
            Some((_, names)) => names.0.iter().filter_map(text).collect(),
        };
        Some(Self {
            names: unified(&names),
            ends_at: Timestamp::from_micros(i64::try_from(ends_at).ok()?),
            fingerprint: fingerprint(pem)?,
        })
    }
}

/// Names in the one form that they are compared in: small letters, addresses in their shortest form.
pub(super) fn unified(names: &[String]) -> BTreeSet<String> {
    names
        .iter()
        .map(|name| {
            name.parse::<IpAddr>()
                .map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string())
        })
        .collect()
}

/// SHA-256 of the first certificate of a PEM text, in hex.
pub(super) fn fingerprint(pem: &[u8]) -> Option<String> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    Some(
        sha256(&der)
            .iter()
            .fold(String::with_capacity(64), |text, byte| {
                format!("{text}{byte:02x}")
            }),
    )
}

fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
            let sixteen =
                || <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string());
            four.or_else(|_| sixteen()).ok()
        }
        _ => None,
    }
}
