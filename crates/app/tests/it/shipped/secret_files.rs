//! Requirement 43: a secret's file that others can get at is warned of, wherever it is given, and its content is never shown.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::program::{Program, Run, run};
use crate::support::{PASSPHRASE, TestGateway};

const SECRET: &str = "a-secret-of-24-characters";

/// A file with the secret that others may read.
fn open_file(gateway: &TestGateway, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = gateway.file(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[track_caller]
fn warns(run: &Run, path: &std::path::Path) {
    let mend = format!("run `chmod 600 {}`", path.display());
    assert!(
        run.stderr.contains("warning: ") && run.stderr.contains(&mend),
        "no warning:\n{}\n{}",
        run.stderr,
        run.stdout
    );
    for text in [&run.stdout, &run.stderr] {
        assert!(
            !text.contains(SECRET) && !text.contains(PASSPHRASE),
            "{text}"
        );
    }
}

#[test]
fn every_secret_file_that_others_can_get_at_is_warned_of() {
    let gateway = TestGateway::start();
    let as_admin = |arguments: &[&str]| {
        let mut command = gateway.command(arguments);
        command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
        run(command)
    };
    for mode in [0o604, 0o640, 0o644, 0o610, 0o601] {
        let path = open_file(&gateway, "secret", SECRET, mode);
        let file = path.to_str().unwrap();
        for arguments in [
            &[
                "credential",
                "set",
                "pay",
                "--type",
                "bearer",
                "--file",
                file,
            ][..],
            &["login", "--file", file],
            &["login", "--operator", "ann", "--file", file],
            &["operator", "password", "nobody", "--file", file],
            &["vault", "unlock", "--file", file],
        ] {
            warns(&as_admin(arguments), &path);
        }
    }
    let path = open_file(&gateway, "secret", SECRET, 0o644);
    let file = path.to_str().unwrap();
    let added = [
        "operator",
        "add",
        "ann",
        "--role",
        "viewer",
        "--password",
        "--file",
        file,
    ];
    warns(&as_admin(&added).expect(0), &path);

    let document = gateway.file("gate.json5");
    let text = "{ targets: [{ name: 'pay', connector: 'http', config: { base_url: 'https://pay.example' },
        profiles: [{ name: 'default', credential: { type: 'bearer', fields: { token: { file: 'FILE' } } } }] }] }";
    std::fs::write(&document, text.replace("FILE", file)).unwrap();
    let applied = as_admin(&["apply", "-f", document.to_str().unwrap()]).expect(0);
    warns(&applied, &path);

    // The twins of variables, where a command uses them.
    let key = open_file(&gateway, "key", gateway.admin_key(), 0o644);
    let mut command = gateway.command(&["list"]);
    command.env("COUNTERSIGN_API_KEY_FILE", &key);
    warns(&run(command).expect(0), &key);
    let passphrase = open_file(&gateway, "passphrase", PASSPHRASE, 0o644);
    let by_file = |arguments: &[&str]| {
        let mut command = gateway.command(arguments);
        command
            .env_remove("COUNTERSIGN_MASTER_KEY")
            .env("COUNTERSIGN_API_KEY", gateway.admin_key())
            .env("COUNTERSIGN_MASTER_KEY_FILE", &passphrase);
        run(command)
    };
    warns(&by_file(&["vault", "unlock"]).expect(3), &passphrase);
    let new = open_file(&gateway, "new", "another-horse-battery-staple", 0o640);
    let rekeyed = by_file(&["vault", "rekey", "--new-file", new.to_str().unwrap()]).expect(0);
    warns(&rekeyed, &passphrase);
    warns(&rekeyed, &new);

    // One that is its owner's only is not.
    let path = open_file(&gateway, "secret", SECRET, 0o600);
    let quiet = as_admin(&[
        "operator",
        "password",
        "ann",
        "--file",
        path.to_str().unwrap(),
    ]);
    assert_eq!(quiet.expect(0).stderr, "");
}

#[test]
fn the_tls_key_is_a_secret_file_too() {
    let mut program = Program::usual();
    program.run(&["onboard", "--yes", "--json"]).expect(0);
    let key = program.write("key.pem", SECRET);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let certificate = program.write("certificate.pem", "none");
    program.set("COUNTERSIGN_TLS_KEY", key.to_str().unwrap());
    program.set("COUNTERSIGN_TLS_CERT", certificate.to_str().unwrap());
    let mend = format!("run `chmod 600 {}`", key.display());
    let started = program
        .run(&["gateway", "--listen", "127.0.0.1:0"])
        .expect(2);
    assert!(started.stderr.contains(&mend), "{}", started.stderr);
    assert!(!started.stderr.contains(SECRET), "{}", started.stderr);
    let validated = program.run(&["config", "validate", "--json"]);
    assert!(
        format!("{}{}", validated.stdout, validated.stderr).contains(&mend),
        "{validated:?}"
    );
}
