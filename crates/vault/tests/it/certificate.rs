use std::time::Duration;

use countersign_domain::Timestamp;
use countersign_vault::{CertificateError, SelfSignedCertificate, sha256};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
const YEAR: Duration = Duration::from_hours(24 * 365);

fn hosts(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_certificate_is_pem_with_its_key_and_fingerprint() {
    use base64::Engine as _;
    let made =
        SelfSignedCertificate::generate(&hosts(&["localhost", "127.0.0.1", "::1"]), NOW, YEAR)
            .unwrap();
    let body: String = made
        .certificate_pem
        .lines()
        .filter(|line| !line.starts_with('-'))
        .map(str::trim)
        .collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap();
    let fingerprint: Vec<String> = sha256(&der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    assert_eq!(made.fingerprint, fingerprint.join(":"));
    assert!(der.windows(9).any(|window| window == b"localhost"));
    assert!(
        made.private_key_pem
            .expose()
            .starts_with(b"-----BEGIN PRIVATE KEY-----")
    );
    let other = SelfSignedCertificate::generate(&hosts(&["localhost"]), NOW, YEAR).unwrap();
    assert!(!other.private_key_pem.equals(made.private_key_pem.expose()));
}

#[test]
fn impossible_certificates_are_refused() {
    assert!(matches!(
        SelfSignedCertificate::generate(&[], NOW, YEAR),
        Err(CertificateError::NoHosts)
    ));
    assert!(matches!(
        SelfSignedCertificate::generate(&hosts(&["höst"]), NOW, YEAR),
        Err(CertificateError::Generation(_))
    ));
    assert!(matches!(
        SelfSignedCertificate::generate(&hosts(&["a"]), NOW, Duration::MAX),
        Err(CertificateError::Time)
    ));
    assert!(matches!(
        SelfSignedCertificate::generate(&hosts(&["a"]), Timestamp::from_micros(-1), YEAR),
        Err(CertificateError::Time)
    ));
}
