//! The certificate that the gateway makes itself: whose its files are, and when it is made anew.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use countersign_testkit::ChildGuard;
use serde_json::Value;

use super::program::{mode, run};
use crate::support::TestGateway;

/// Starts once with these names; what it said of its fingerprint, and its log.
fn fingerprint(gateway: &TestGateway, hosts: &str) -> (String, String) {
    let log = gateway.file("tls.log");
    let mut command = gateway.command(&["gateway", "--listen", "127.0.0.1:0", "--tls-self-signed"]);
    command
        .env("COUNTERSIGN_HOSTS", hosts)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap());
    let mut child = ChildGuard::spawn(command).unwrap();
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap())
        .read_line(&mut line)
        .unwrap();
    let run_file = std::fs::read(gateway.data_dir().join("run.json"))
        .unwrap_or_else(|_| panic!("{}", std::fs::read_to_string(&log).unwrap()));
    let run_file: Value = serde_json::from_slice(&run_file).unwrap();
    child.terminate_and_wait(Duration::from_secs(30)).unwrap();
    let text = run_file["fingerprint"].as_str().unwrap().to_owned();
    (text, std::fs::read_to_string(&log).unwrap())
}

#[test]
fn it_is_kept_and_made_anew_where_the_names_differ() {
    let gateway = TestGateway::onboard(&[]);
    let (first, log) = fingerprint(&gateway, "gate.example:8443");
    assert!(log.contains(&first), "the fingerprint is not told: {log}");
    let (kept, log) = fingerprint(&gateway, "gate.example");
    assert_eq!(kept, first);
    assert!(!log.contains("self-signed certificate"), "{log}");

    let doctor = |hosts: &str| {
        let mut command = gateway.command(&["doctor", "--json"]);
        command
            .env("COUNTERSIGN_TLS_SELF_SIGNED", "true")
            .env("COUNTERSIGN_HOSTS", hosts);
        let report = run(command).json();
        let mut checks = report["checks"].as_array().unwrap().iter();
        let found = checks.find(|check| check["check"] == "certificate");
        found.unwrap_or_else(|| panic!("{report}")).clone()
    };
    let sound = doctor("gate.example");
    assert_eq!(sound["level"], "ok", "{sound}");
    assert!(sound.to_string().contains(&first), "{sound}");
    let other = doctor("other.example,[::2]:8443");
    assert_eq!(other["level"], "warn", "{other}");

    let (second, log) = fingerprint(&gateway, "other.example,[::2]:8443");
    assert_ne!(second, first);
    assert!(log.contains(&second), "the fingerprint is not told: {log}");
    assert_eq!(fingerprint(&gateway, "[::2],OTHER.example").0, second);
}

#[test]
fn its_files_are_the_owners_only_and_never_half_a_pair() {
    let gateway = TestGateway::onboard(&[]);
    let (first, _) = fingerprint(&gateway, "");
    let key = gateway.data_dir().join("tls-key.pem");
    let certificate = gateway.data_dir().join("tls-certificate.pem");
    assert_eq!((mode(&key), mode(&certificate)), (0o600, 0o600));
    // As a death between the two leaves them: another key than the certificate's.
    let other = TestGateway::onboard(&[]);
    let (second, _) = fingerprint(&other, "");
    assert_ne!(first, second);
    std::fs::copy(other.data_dir().join("tls-key.pem"), &key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (third, log) = fingerprint(&gateway, "");
    assert_ne!(third, first);
    assert!(log.contains(&third), "{log}");
    // A file that was open to others is not written through: whoever has it open has the old one.
    assert_eq!((mode(&key), mode(&certificate)), (0o600, 0o600));
    let names = std::fs::read_dir(gateway.data_dir()).unwrap();
    let left: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("tls") || name.starts_with(".tmp"))
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
