//! A gateway without its passphrase, and the passphrase's change.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use countersign_testkit::{Availability, ChildGuard, Postgres, Service, available};
use serde_json::{Value, json};

use super::program::{feed, run};
use crate::support::{Api, PASSPHRASE, Started, TestGateway};

const NEW: &str = "another-horse-battery-staple";

/// Starts a gateway without any passphrase.
fn start_locked(gateway: &TestGateway) -> (Api, ChildGuard) {
    let mut command = gateway.command(&["gateway", "--listen", "127.0.0.1:0"]);
    command
        .env_remove("COUNTERSIGN_MASTER_KEY")
        .stdout(Stdio::piped())
        .stderr(File::create(gateway.file("locked.log")).unwrap());
    let mut child = ChildGuard::spawn(command).unwrap();
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .strip_prefix("listening on http://")
        .expect(&line)
        .trim()
        .parse()
        .unwrap();
    (
        Api {
            address,
            key: Some(gateway.admin_key().to_owned()),
        },
        child,
    )
}

#[test]
fn a_locked_gateway_serves_nothing_but_unlocking() {
    let gateway = TestGateway::onboard(&[]);
    let (api, mut child) = start_locked(&gateway);
    api.get("/healthz").expect(200);
    let ready = api.get("/readyz").expect(503);
    assert!(ready.text().contains("locked"), "{}", ready.text());
    api.get("/api/v1/agents").expect_code(423, "locked");
    api.post("/api/v1/agents", &json!({ "name": "a" }))
        .expect_code(423, "locked");
    api.post("/proxy", &json!({})).expect(423);
    // The page is there to unlock it on, and nothing is to be set up.
    for path in [
        "/unlock",
        "/login",
        "/dashboard",
        "/dashboard/inbox",
        "/setup",
    ] {
        let page = api.get(path).expect(200);
        assert!(page.text().contains("<html"), "{path}");
    }
    assert_eq!(api.get("/api/v1/setup").expect(200).at("/state"), "closed");
    api.post("/api/v1/setup", &json!({ "token": "x", "operator": "eve" }))
        .expect_code(410, "setup_closed");

    let status = run(gateway.command(&["vault", "status", "--json"]))
        .expect(0)
        .json();
    assert_eq!(status["locked"], true);
    // The lock is a state.
    let mut listed = gateway.command(&["agent", "list"]);
    listed.env("COUNTERSIGN_API_KEY", gateway.admin_key());
    run(listed).expect(3);

    // A wrong passphrase is told clearly and changes nothing.
    let unlock = |input: &str| {
        let mut command = gateway.command(&["vault", "unlock", "--stdin"]);
        command.env_remove("COUNTERSIGN_MASTER_KEY");
        feed(command, input)
    };
    let wrong = unlock("wrong-wrong-wrong-wrong\n").expect(5);
    assert!(
        wrong.stderr.contains("wrong passphrase"),
        "{}",
        wrong.stderr
    );
    api.get("/readyz").expect(503);

    unlock(&format!("{PASSPHRASE}\n")).expect(0);
    api.get("/readyz").expect(200);
    api.post("/api/v1/agents", &json!({ "name": "a" }))
        .expect(201);
    unlock(&format!("{PASSPHRASE}\n")).expect(3);
    assert_eq!(
        child
            .terminate_and_wait(Duration::from_secs(30))
            .unwrap()
            .code(),
        Some(0)
    );
}

#[test]
fn the_api_unlocks_too() {
    let gateway = TestGateway::onboard(&[]);
    let (api, _child) = start_locked(&gateway);
    api.post(
        "/api/v1/vault/unlock",
        &json!({ "passphrase": "wrong-wrong-wrong-wrong" }),
    )
    .expect_code(401, "wrong_passphrase");
    api.post("/api/v1/vault/unlock", &json!({ "passphrase": PASSPHRASE }))
        .expect(200);
    api.get("/readyz").expect(200);
}

#[test]
fn a_gateway_with_a_wrong_passphrase_does_not_start_and_writes_nothing() {
    let mut gateway = TestGateway::onboard(&[("COUNTERSIGN_MASTER_KEY", PASSPHRASE)]);
    let before = std::fs::read(gateway.data_dir().join("countersign.db")).unwrap();
    gateway.set("COUNTERSIGN_MASTER_KEY", "wrong-wrong-wrong-wrong");
    let Started::Ended(status) = gateway.try_start() else {
        panic!("it started with a wrong passphrase")
    };
    assert_eq!(status.code(), Some(5));
    assert!(
        gateway.log().contains("wrong passphrase"),
        "{}",
        gateway.log()
    );
    assert!(before == std::fs::read(gateway.data_dir().join("countersign.db")).unwrap());
}

/// Changes the passphrase, then starts with the new one; the old one opens nothing.
fn rekey(gateway: &mut TestGateway) {
    let changed = feed(
        gateway.command(&["vault", "rekey", "--stdin", "--json"]),
        &format!("{NEW}\n"),
    )
    .expect(0);
    assert_eq!(changed.json(), json!({ "rekeyed": true }));
    let Started::Ended(status) = gateway.try_start() else {
        panic!("the old passphrase still opens")
    };
    assert_eq!(status.code(), Some(5));
    gateway.set("COUNTERSIGN_MASTER_KEY", NEW);
    gateway.restart();
    gateway.admin().get("/readyz").expect(200);
    let entries = gateway.admin().list("/api/v1/audit/entries");
    assert!(
        entries.iter().any(|entry| entry["kind"] == "vault.rekeyed"),
        "{entries:?}"
    );
    assert_eq!(
        gateway
            .admin()
            .get("/api/v1/audit/verify")
            .expect(200)
            .at("/valid"),
        Value::Bool(true)
    );
}

#[test]
fn rekey_changes_the_passphrase() {
    rekey(&mut TestGateway::onboard(&[]));
}

#[test]
fn rekey_changes_the_passphrase_on_postgresql() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let url = Postgres::shared().unwrap().database().unwrap();
    rekey(&mut TestGateway::onboard(&[(
        "COUNTERSIGN_DATABASE_URL",
        &url,
    )]));
}

#[test]
fn rekey_with_a_wrong_or_short_passphrase_changes_nothing() {
    let gateway = TestGateway::onboard(&[]);
    let header = std::fs::read(gateway.data_dir().join("vault.json")).unwrap();
    feed(
        gateway.command(&["vault", "rekey", "--stdin"]),
        "too-short\n",
    )
    .expect(2);
    let mut wrong = gateway.command(&["vault", "rekey", "--stdin"]);
    wrong.env("COUNTERSIGN_MASTER_KEY", "wrong-wrong-wrong-wrong");
    feed(wrong, &format!("{NEW}\n")).expect(5);
    assert!(header == std::fs::read(gateway.data_dir().join("vault.json")).unwrap());
}

#[test]
fn a_running_gateway_changes_its_passphrase_itself() {
    let mut gateway = TestGateway::start();
    let mut command = gateway.command(&["vault", "rekey", "--stdin"]);
    command.env("COUNTERSIGN_API_KEY", gateway.admin_key());
    feed(command, &format!("{NEW}\n")).expect(0);
    gateway.admin().get("/readyz").expect(200);
    gateway.stop();
    gateway.set("COUNTERSIGN_MASTER_KEY", NEW);
    gateway.restart();
}

#[test]
fn a_rekey_that_is_killed_leaves_one_passphrase_that_works() {
    // Requirement 23. The header's own steps are killed one by one in the vault's tests; this is the whole command.
    let mut gateway = TestGateway::onboard(&[]);
    let mut current = PASSPHRASE;
    for round in 0_u64..12 {
        let next = if current == PASSPHRASE {
            NEW
        } else {
            PASSPHRASE
        };
        let file = gateway.file("next");
        std::fs::write(&file, next).unwrap();
        let mut command =
            gateway.command(&["vault", "rekey", "--new-file", file.to_str().unwrap()]);
        command
            .env("COUNTERSIGN_MASTER_KEY", current)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = ChildGuard::spawn(command).unwrap();
        std::thread::sleep(Duration::from_millis(60 + round * 45));
        child.kill_and_wait().ok();
        let opens = |passphrase: &str| {
            let mut command = gateway.command(&["migrate", "status", "--json"]);
            command.env("COUNTERSIGN_MASTER_KEY", passphrase);
            run(command).exit == 0
        };
        let (old_opens, new_opens) = (opens(current), opens(next));
        assert!(
            old_opens != new_opens,
            "round {round}: old {old_opens}, new {new_opens}"
        );
        if new_opens {
            current = next;
        }
    }
    gateway.set("COUNTERSIGN_MASTER_KEY", current);
    gateway.restart();
    gateway.admin().get("/readyz").expect(200);
}
