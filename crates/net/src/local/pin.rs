//! Trust in one certificate, for a gateway that signs its own.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::tls::{TlsError, certificates_from_pem, provider};

/// What a gateway's certificate must be. With a pin, the system's roots count for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificatePin {
    /// The SHA-256 of the certificate in DER form. Name and dates are not looked at: the certificate itself is known.
    Sha256([u8; 32]),
    /// PEM text of the authority that signed it, or of itself. Name and dates are checked.
    Pem(Vec<u8>),
}

impl CertificatePin {
    /// Reads a fingerprint: 64 hex digits, with or without colons and a leading `sha256:`.
    pub fn parse_sha256(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .trim()
            .trim_start_matches("sha256:")
            .bytes()
            .filter(|byte| *byte != b':')
            .collect();
        if digits.len() != 64 {
            return None;
        }
        let mut fingerprint = [0_u8; 32];
        for (byte, pair) in fingerprint.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            let value = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(value(*high)? * 16 + value(*low)?).ok()?;
        }
        Some(Self::Sha256(fingerprint))
    }

    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let verifier: Arc<dyn ServerCertVerifier> = match self {
            Self::Sha256(fingerprint) => Arc::new(FingerprintVerifier {
                fingerprint: *fingerprint,
                provider: provider(),
            }),
            Self::Pem(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates_from_pem(pem)? {
                    roots
                        .add(certificate)
                        .map_err(|error| TlsError::BadPem(error.to_string()))?;
                }
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
                    .build()
                    .map_err(|error| TlsError::Setup(error.to_string()))?
            }
        };
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// Accepts one certificate and proves that the other side has its key.
#[derive(Debug)]
struct FingerprintVerifier {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for FingerprintVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The hash of a cipher suite that TLS needs anyway: no second cryptographic dependency for one digest.
        let sha256 = TLS13_AES_128_GCM_SHA256
            .tls13()
            .map(|suite| suite.common.hash_provider);
        if sha256.is_some_and(|sha256| sha256.hash(end_entity).as_ref() == self.fingerprint) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
