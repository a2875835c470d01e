//! Requirement 43: unknown and doubled keys are refused, and the message says where and what was meant.

use std::path::{Path, PathBuf};

use super::file::FileSettings;
use super::listen::ListenAddress;
use super::nearest::nearest;
use super::{Env, Flags, load, show};
use crate::failure::Exit;

fn file_error(text: &str) -> String {
    let failure = FileSettings::parse(text, Path::new("/etc/countersign.json5")).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    format!("{} | {}", failure.message, failure.next.unwrap_or_default())
}

#[test]
fn an_unknown_key_names_file_line_and_the_nearest_key() {
    let text = file_error("{\n  // a comment\n  lissten: ['127.0.0.1:1'],\n}");
    assert!(text.starts_with("/etc/countersign.json5:3:"), "{text}");
    assert!(text.contains("unknown field `lissten`"), "{text}");
    assert!(text.contains("did you mean `listen`?"), "{text}");
    let nested = file_error("{ log: { levle: 'debug' } }");
    assert!(nested.contains("did you mean `level`?"), "{nested}");
}

#[test]
fn a_doubled_key_a_wrong_type_and_broken_text_are_refused() {
    assert!(
        file_error("{ container: true, container: false }").contains("duplicate field `container`")
    );
    assert!(file_error("{ container: 'yes' }").contains("/etc/countersign.json5:1:"));
    assert!(file_error("{ listen: ['127.0.0.1'] }").contains("is no address to listen on"));
    assert!(file_error("{ listen: ").contains(":1:"));
}

#[test]
fn every_key_of_the_schema_is_accepted() {
    let text = "{ data_dir: '/d', listen: ['127.0.0.1:1', 'unix:/s'], metrics_listen: '127.0.0.1:2', tls: { cert: 'c', key: 'k', self_signed: false }, \
        container: false, hosts: ['h'], origins: ['https://o'], trusted_proxies: ['10.0.0.0/8'], database_url_file: 'f', master_key_file: 'm', \
        allow_private_networks: ['10.0.0.0/8'], log: { level: 'info', format: 'json' }, dialects: { gaiterguard: false } }";
    let file = FileSettings::parse(text, Path::new("x")).unwrap();
    assert_eq!(
        file.listen.unwrap(),
        [
            ListenAddress::Tcp("127.0.0.1:1".parse().unwrap()),
            ListenAddress::Unix(PathBuf::from("/s"))
        ]
    );
    let schema = serde_json::to_value(schemars::schema_for!(FileSettings)).unwrap();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    for key in &keys {
        assert!(
            text.contains(&format!("{key}:")),
            "{key} is in the schema and not in this test"
        );
    }
    assert_eq!(keys.len(), 13);
}

#[test]
fn the_flag_beats_the_environment_which_beats_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("countersign.json5"),
        "{ listen: ['127.0.0.1:1'], hosts: ['from-file'], log: { level: 'warn' } }",
    )
    .unwrap();
    let data_dir = folder.path().to_str().unwrap();
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", data_dir),
        ("COUNTERSIGN_LISTEN", "127.0.0.1:2"),
        ("COUNTERSIGN_LOG", "debug"),
    ]);
    let settings = load(
        &env,
        &Flags {
            listen: vec!["127.0.0.1:3".parse().unwrap()],
            ..Flags::default()
        },
    )
    .unwrap();
    assert_eq!(
        settings.listen,
        ["127.0.0.1:3".parse::<ListenAddress>().unwrap()]
    );
    assert_eq!(settings.log.level, "debug");
    assert_eq!(settings.hosts, ["from-file"]);
    let origin = |key: &str| {
        show(&settings)
            .into_iter()
            .find(|(name, ..)| *name == key)
            .unwrap()
            .2
    };
    assert_eq!(
        (
            origin("listen"),
            origin("log.level"),
            origin("hosts"),
            origin("container")
        ),
        ("flag", "environment", "file", "default")
    );
}

#[test]
fn a_file_twin_is_trimmed_and_the_plain_variable_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hosts");
    std::fs::write(&path, "  a.example,b.example \n").unwrap();
    let (data_dir, path) = (folder.path().to_str().unwrap(), path.to_str().unwrap());
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", data_dir),
        ("COUNTERSIGN_HOSTS_FILE", path),
    ]);
    assert_eq!(
        load(&env, &Flags::default()).unwrap().hosts,
        ["a.example", "b.example"]
    );
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", data_dir),
        ("COUNTERSIGN_HOSTS_FILE", path),
        ("COUNTERSIGN_HOSTS", "plain"),
    ]);
    assert_eq!(load(&env, &Flags::default()).unwrap().hosts, ["plain"]);
}

#[test]
fn an_unreadable_twin_refuses_the_start() {
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", "/nowhere"),
        ("COUNTERSIGN_DATABASE_URL_FILE", "/nowhere/at/all"),
    ]);
    let failure = load(&env, &Flags::default()).map(drop).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(
        failure.message.contains("COUNTERSIGN_DATABASE_URL_FILE")
            && failure.message.contains("/nowhere/at/all"),
        "{}",
        failure.message
    );
}

#[test]
fn a_systemd_credential_is_found() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("master_key"),
        "from systemd, long enough\n",
    )
    .unwrap();
    let env = Env::of([("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())]);
    let found = super::MASTER_KEY.find(&env).unwrap().unwrap();
    assert_eq!(found.text.expose(), "from systemd, long enough");
}

#[test]
fn a_secret_file_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "a passphrase that is long enough").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let env = Env::of([("COUNTERSIGN_MASTER_KEY_FILE", path.to_str().unwrap())]);
    let failure = super::MASTER_KEY.find(&env).map(drop).unwrap_err();
    assert!(failure.message.contains("chmod 600"), "{}", failure.message);
}

#[test]
fn an_address_that_others_can_reach_needs_tls_or_a_container() {
    // Requirement 2.
    let with = |pairs: &[(&str, &str)]| {
        let mut all = vec![("COUNTERSIGN_DATA_DIR", "/nowhere")];
        all.extend_from_slice(pairs);
        let env = match all.as_slice() {
            [a, b] => Env::of([*a, *b]),
            [a, b, c] => Env::of([*a, *b, *c]),
            [a, b, c, d] => Env::of([*a, *b, *c, *d]),
            other => panic!("{} variables", other.len()),
        };
        load(&env, &Flags::default()).map(drop)
    };
    for address in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[::ffff:192.0.2.1]:1"] {
        let failure = with(&[("COUNTERSIGN_LISTEN", address)]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage, "{address}");
        assert!(failure.next.unwrap().contains("--tls-cert"), "{address}");
    }
    for address in [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "localhost:1",
        "unix:/run/x",
    ] {
        with(&[("COUNTERSIGN_LISTEN", address)]).unwrap();
    }
    assert!(
        with(&[
            ("COUNTERSIGN_LISTEN", "0.0.0.0:1"),
            ("COUNTERSIGN_CONTAINER", "true")
        ])
        .is_err(),
        "a container needs a list of hosts"
    );
    with(&[
        ("COUNTERSIGN_LISTEN", "0.0.0.0:1"),
        ("COUNTERSIGN_CONTAINER", "true"),
        ("COUNTERSIGN_HOSTS", "gate"),
    ])
    .unwrap();
    with(&[
        ("COUNTERSIGN_LISTEN", "0.0.0.0:1"),
        ("COUNTERSIGN_TLS_SELF_SIGNED", "true"),
    ])
    .unwrap();
}

#[test]
fn what_can_never_be_opened_is_an_error() {
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", "/nowhere"),
        ("COUNTERSIGN_ALLOW_PRIVATE_NETWORKS", "169.254.169.254"),
    ]);
    assert!(load(&env, &Flags::default()).is_err());
}

#[test]
fn a_variable_that_means_nothing_is_told_with_its_neighbour() {
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", "/nowhere"),
        ("COUNTERSIGN_LISTENN", "127.0.0.1:1"),
    ]);
    let warnings = load(&env, &Flags::default()).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("COUNTERSIGN_LISTENN")
                && warning.contains("did you mean COUNTERSIGN_LISTEN?")),
        "{warnings:?}"
    );
}

#[test]
fn show_never_shows_a_secret() {
    let env = Env::of([
        ("COUNTERSIGN_DATA_DIR", "/nowhere"),
        ("COUNTERSIGN_DATABASE_URL", "postgres://user:canary@host/db"),
        ("COUNTERSIGN_MASTER_KEY", "canary-canary-canary"),
    ]);
    let settings = load(&env, &Flags::default()).unwrap();
    let text = format!("{:?} {env:?}", show(&settings));
    assert!(!text.contains("canary"), "{text}");
    assert!(text.contains("(set)"), "{text}");
}

#[test]
fn the_nearest_word_is_near() {
    assert_eq!(
        nearest("trusted_proxy", ["trusted_proxies", "hosts"]),
        Some("trusted_proxies")
    );
    assert_eq!(
        nearest("allow-private-networks", ["allow_private_networks"]),
        Some("allow_private_networks")
    );
    assert_eq!(nearest("zzzzzzzzzzzzzzz", ["hosts", "origins"]), None);
}
