//! When the self-signed certificate is kept and when it is made anew.

use std::fs;
use std::time::Duration;

use countersign_domain::Timestamp;

use super::leaf::Leaf;
use super::{TIME_LEFT, VALIDITY, self_signed, without_port};
use crate::config::DataDir;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn made(data_dir: &DataDir, hosts: &[&str], now: Timestamp) -> Leaf {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    Leaf::read(&self_signed(data_dir, &hosts, now).unwrap().0).unwrap()
}

#[test]
fn it_is_kept_until_thirty_days_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    let first = made(&data_dir, &["gate.example"], NOW);
    assert_eq!(first.ends_at, NOW.saturating_add(VALIDITY));
    let last_day = first.ends_at.saturating_sub(TIME_LEFT);
    assert_eq!(made(&data_dir, &["gate.example"], last_day), first);
    let too_late = last_day.saturating_add(Duration::from_secs(1));
    let second = made(&data_dir, &["gate.example"], too_late);
    assert_ne!(second.fingerprint, first.fingerprint);
    assert_eq!(second.names, first.names);
    // A certificate has whole seconds.
    assert_eq!(second.ends_at, too_late.saturating_add(VALIDITY));
}

#[test]
fn it_is_kept_for_the_same_names_in_any_writing() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    let first = made(
        &data_dir,
        &["gate.example:8443", "[0:0::2]:8443", "192.0.2.1"],
        NOW,
    );
    let names: Vec<&str> = first.names.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "127.0.0.1",
            "192.0.2.1",
            "::1",
            "::2",
            "gate.example",
            "localhost"
        ]
    );
    let again = ["192.0.2.1:1", "[::2]", "GATE.example", "gate.example:1"];
    assert_eq!(made(&data_dir, &again, NOW), first);
    assert_ne!(made(&data_dir, &["gate.example"], NOW), first);
}

#[test]
fn what_can_not_be_read_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    let first = made(&data_dir, &[], NOW);
    for file in ["tls-certificate.pem", "tls-key.pem"] {
        let before = made(&data_dir, &[], NOW);
        fs::write(data_dir.file(file), "").unwrap();
        assert_ne!(made(&data_dir, &[], NOW), before, "{file}");
    }
    assert_ne!(made(&data_dir, &[], NOW), first);
}

#[test]
fn a_port_is_no_part_of_a_name() {
    for (host, name) in [
        ("gate.example", "gate.example"),
        ("gate.example:8443", "gate.example"),
        ("[::2]", "::2"),
        ("[::2]:8443", "::2"),
    ] {
        assert_eq!(without_port(host), name);
    }
}
