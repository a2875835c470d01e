//! A self-signed TLS certificate for a gateway without one.
//!
//! ECDSA P-256, valid for the given hosts only, and no authority: it can't sign others. Clients trust it by its fingerprint.

use std::time::Duration;

use countersign_domain::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use zeroize::Zeroizing;

use crate::{hash::sha256, secret::SecretBytes};

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No host was named.
    #[error("a certificate needs at least one host name or address")]
    NoHosts,
    /// The time is before 1970, or the end is out of range.
    #[error("the certificate's times are out of range: check the machine's clock")]
    Time,
    /// A host is no DNS name or address, or a key could not be made.
    #[error(
        "the certificate could not be made: check that every host is a DNS name or an IP address"
    )]
    Generation(#[from] rcgen::Error),
}

/// A certificate with its private key.
#[expect(
    missing_debug_implementations,
    reason = "a secret must not be printable"
)]
pub struct SelfSignedCertificate {
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The private key in PEM (PKCS #8).
    pub private_key_pem: SecretBytes,
    /// SHA-256 of the certificate's DER, as upper-case hexadecimal pairs with colons: what browsers and `openssl x509` show.
    pub fingerprint: String,
}

impl SelfSignedCertificate {
    /// Makes a certificate for the hosts (names or addresses), valid from one day before `now` for `validity` after it.
    pub fn generate(
        hosts: &[String],
        now: Timestamp,
        validity: Duration,
    ) -> Result<Self, CertificateError> {
        if hosts.is_empty() {
            return Err(CertificateError::NoHosts);
        }
        let now = Duration::from_micros(
            u64::try_from(now.as_micros()).map_err(|_| CertificateError::Time)?,
        );
        let end = now.saturating_add(validity);
        // The year 9999 is the last that a certificate can name; 365.2425 days are a year.
        if end > Duration::from_hours(8029 * 8766) {
            return Err(CertificateError::Time);
        }
        let epoch = date_time_ymd(1970, 1, 1);
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "countersign self-signed");
        let mut params = CertificateParams::new(hosts)?;
        params.distinguished_name = name;
        params.not_before = epoch + now.saturating_sub(Duration::from_hours(24));
        params.not_after = epoch + end;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = Zeroizing::new(KeyPair::generate()?);
        let certificate = params.self_signed(&*key)?;
        let pairs: Vec<String> = sha256(certificate.der())
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        Ok(Self {
            certificate_pem: certificate.pem(),
            private_key_pem: SecretBytes::new(key.serialize_pem().into_bytes()),
            fingerprint: pairs.join(":"),
        })
    }
}
