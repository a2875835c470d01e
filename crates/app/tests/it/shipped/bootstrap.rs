//! The bootstrap contract: scripts of others rely on every word of it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use countersign_testkit::{Availability, ChildGuard, Postgres, Service, Upstream, available};
use serde_json::Value;

use super::program::{Program, Run, mode};
use crate::support::{Api, TestGateway};

/// Starts the gateway as the contract says; its ready line, and the process.
fn start(program: &Program, arguments: &[&str]) -> (String, ChildGuard) {
    let mut command = program.command(arguments);
    command
        .stdout(Stdio::piped())
        .stderr(File::create(program.file("gateway.log")).unwrap());
    let mut child = ChildGuard::spawn(command).unwrap();
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap())
        .read_line(&mut line)
        .unwrap();
    (line, child)
}

fn contract(program: &mut Program) {
    let onboarded = program
        .run(&["onboard", "--yes", "--with-decide", "--json"])
        .expect(0);
    let document = onboarded.json();
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 4, "{document}");
    assert_eq!(document["operator"], "owner");
    assert_eq!(document["data_dir"], program.data_dir().to_str().unwrap());
    let (token, key) = (
        document["token"].as_str().unwrap().to_owned(),
        document["admin_key"].as_str().unwrap().to_owned(),
    );
    assert!(key.starts_with("cs_"));
    assert_eq!(mode(&program.data_dir()), 0o700);

    let (line, mut child) = start(program, &["gateway", "--listen", "127.0.0.1:0"]);
    let address = line
        .strip_prefix("listening on http://")
        .expect(&line)
        .trim()
        .to_owned();
    let api = Api {
        address: address.parse().unwrap(),
        key: Some(key.clone()),
    };
    api.get("/readyz").expect(200);
    let run_file: Value =
        serde_json::from_slice(&std::fs::read(program.data_dir().join("run.json")).unwrap())
            .unwrap();
    assert_eq!(run_file["address"], format!("http://{address}"));
    assert_eq!(run_file["pid"], child.pid());
    assert!(run_file["started_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(mode(&program.data_dir().join("run.json")), 0o600);

    // "Now every command works without a terminal."
    program.set("COUNTERSIGN_API_KEY", &key);
    fixed_commands(program);
    // The token signs in; it is no API key.
    let as_key = Api {
        address: api.address,
        key: Some(token.clone()),
    };
    as_key.get("/api/v1/agents").expect(401);
    api.with_json(
        "POST",
        "/api/v1/sessions",
        &[],
        &serde_json::json!({ "token": token, "kind": "terminal" }),
    )
    .expect(201);

    let status = child.terminate_and_wait(Duration::from_secs(30)).unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(
        !program.data_dir().join("run.json").exists(),
        "run.json goes at a clean exit"
    );
    program.run(&["list"]).expect(4);
}

/// The commands whose arguments and answers are fixed.
fn fixed_commands(program: &Program) {
    let keys = |run: &Run| {
        run.json()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let added = program.run(&["agent", "add", "ci", "--json"]).expect(0);
    assert_eq!(keys(&added), ["id", "key", "name"]);
    let upstream = Upstream::start().unwrap();
    let base = upstream.url("/v1");
    let target = program.run(&[
        "target",
        "add",
        "payments",
        "--connector",
        "http",
        "--base-url",
        &base,
        "--allow-private-network",
        "--json",
    ]);
    assert_eq!(keys(&target.expect(0)), ["id"]);
    program
        .feed(
            &[
                "credential",
                "set",
                "payments",
                "--type",
                "bearer",
                "--stdin",
            ],
            "sk_test_1\n",
        )
        .expect(0);
    let grant = |action: &str, verdict: &str| {
        let arguments = [
            "grant",
            "add",
            "--agent",
            "ci",
            "--target",
            "payments",
            "--action",
            action,
            "--verdict",
            verdict,
            "--expires",
            "1h",
            "--json",
        ];
        program.run(&arguments).expect(0).json()
    };
    assert!(grant("GET /charges/*", "allow")["expires_at"].is_string());
    for (action, verdict) in [
        ("POST /charges", "ask"),
        ("DELETE /charges/*", "deny"),
        ("PUT /charges/*", "by_policy"),
    ] {
        assert!(grant(action, verdict)["id"].is_string());
    }
    let ask = |action: &str| {
        program.run(&[
            "request",
            action,
            "--target",
            "payments",
            "--agent",
            "ci",
            "--body",
            "{\"amount\":500}",
            "--intent",
            "order 7",
            "--json",
        ])
    };
    let first = ask("POST /charges").expect(0).json();
    let id = first["id"].as_str().unwrap();
    let pending = program
        .run(&["list", "--status", "pending", "--json"])
        .expect(0)
        .json();
    assert_eq!(pending["items"][0]["id"], id);
    program.run(&["approve", id, "--json"]).expect(0);
    // Decided once.
    let again = program.run(&["approve", id, "--json"]).expect(3);
    assert_eq!(again.stdout, "");
    let error: Value = serde_json::from_str(again.stderr.trim()).unwrap();
    assert_eq!(
        (&error["error"]["code"], &error["error"]["exit"]),
        (&Value::from("already_decided"), &Value::from(3))
    );
    let second = ask("POST /charges").expect(0).json();
    program
        .run(&[
            "deny",
            second["id"].as_str().unwrap(),
            "--reason",
            "too much",
        ])
        .expect(0);
    // Refused by a rule: exit 1.
    ask("DELETE /charges/ch_1").expect(1);
    let verified = program.run(&["audit", "verify", "--json"]).expect(0);
    assert_eq!(
        keys(&verified),
        ["checkpoint", "entries", "first_bad", "reason", "valid"]
    );
    let export = program.run(&["audit", "export"]).expect(0).stdout;
    assert!(export.lines().count() > 10);
    assert!(
        export
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
}

#[test]
fn the_contract_holds_on_sqlcipher() {
    contract(&mut Program::usual());
}

#[test]
fn the_contract_holds_on_postgresql() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let url = Postgres::shared().unwrap().database().unwrap();
    let mut program = Program::usual();
    // The twin: the URL holds a password.
    let file = program.write("database-url", &url);
    program.set("COUNTERSIGN_DATABASE_URL_FILE", file.to_str().unwrap());
    contract(&mut program);
}

#[test]
fn onboarding_twice_is_exit_3_and_changes_nothing() {
    let program = Program::usual();
    program.run(&["onboard", "--yes", "--json"]).expect(0);
    let snapshot = || {
        ["vault.json", "countersign.db", "checkpoints.txt"]
            .map(|name| std::fs::read(program.data_dir().join(name)).unwrap())
    };
    let before = snapshot();
    let again = program.run(&["onboard", "--yes", "--json"]).expect(3);
    assert_eq!(again.stdout, "");
    assert!(
        again.stderr.contains("already_onboarded"),
        "{}",
        again.stderr
    );
    assert!(before == snapshot(), "a second onboarding changed a file");
    // With another passphrase too: nothing is told about the right one.
    let mut other = program;
    other.set("COUNTERSIGN_MASTER_KEY", "another passphrase altogether");
    let refused = other.run(&["onboard", "--yes", "--json"]).expect(3);
    assert!(
        refused.stderr.contains("already_onboarded"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_folder_that_was_never_onboarded_never_starts() {
    let program = Program::usual();
    for exists in [false, true] {
        if exists {
            use std::os::unix::fs::DirBuilderExt;
            std::fs::DirBuilder::new()
                .mode(0o700)
                .create(program.data_dir())
                .unwrap();
        }
        let refused = program
            .run(&["gateway", "--listen", "127.0.0.1:0"])
            .expect(3);
        assert!(
            refused.stderr.contains("countersign onboard"),
            "{}",
            refused.stderr
        );
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn a_taken_port_is_exit_4() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let gateway = TestGateway::onboard(&[]);
    let refused =
        super::program::run(gateway.command(&["gateway", "--listen", &address])).expect(4);
    assert!(refused.stderr.contains(&address), "{}", refused.stderr);
    assert!(!gateway.data_dir().join("run.json").exists());
}

#[test]
fn onboarding_needs_a_passphrase_of_14_characters() {
    let mut program = Program::usual();
    program.set("COUNTERSIGN_MASTER_KEY", "thirteen-char");
    let refused = program.run(&["onboard", "--yes"]).expect(2);
    assert!(refused.stderr.contains("14"), "{}", refused.stderr);
    program.set("COUNTERSIGN_MASTER_KEY", "");
    program.run(&["onboard", "--yes"]).expect(2);
    assert!(!program.data_dir().join("vault.json").exists());
    // The twin works, blanks around the value are dropped.
    let file = program.write("passphrase", "  correct-horse-battery-staple\n");
    program.set("COUNTERSIGN_MASTER_KEY_FILE", file.to_str().unwrap());
    program.run(&["onboard", "--yes", "--json"]).expect(0);
}

#[test]
fn without_decide_the_admin_key_configures_and_does_not_decide() {
    let program = Program::usual();
    let document = program
        .run(&["onboard", "--yes", "--json"])
        .expect(0)
        .json();
    let (line, _child) = start(&program, &["gateway", "--listen", "127.0.0.1:0"]);
    let address = line
        .strip_prefix("listening on http://")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let api = Api {
        address,
        key: Some(document["admin_key"].as_str().unwrap().to_owned()),
    };
    api.post("/api/v1/agents", &serde_json::json!({ "name": "a" }))
        .expect(201);
    let nobody = "00000000-0000-7000-8000-000000000000";
    api.post(
        &format!("/api/v1/approvals/{nobody}/approve"),
        &serde_json::json!({}),
    )
    .expect_code(403, "forbidden");
}

#[test]
fn onboarding_again_asks_nothing() {
    let program = Program::usual();
    program.run(&["onboard", "--yes", "--json"]).expect(0);
    let refused = program.run(&["onboard"]).expect(3);
    assert!(
        refused.stderr.contains("onboarded already") && !refused.stderr.contains("This writes"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_store_without_its_vault_header_was_onboarded() {
    let program = Program::usual();
    program.run(&["onboard", "--yes", "--json"]).expect(0);
    std::fs::remove_file(program.data_dir().join("vault.json")).unwrap();
    for arguments in [
        &["gateway", "--listen", "127.0.0.1:0"][..],
        &["onboard", "--yes"],
        &["migrate", "status"],
    ] {
        let refused = program.run(arguments).expect(3);
        assert!(
            refused.stderr.contains("has a store and no vault header")
                && refused.stderr.contains("put vault.json back")
                && !refused.stderr.contains("never onboarded"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    let report = program.run(&["doctor", "--json"]).expect(1).stdout;
    assert!(
        report.contains("put vault.json back") && !report.contains("nobody onboarded"),
        "{report}"
    );
}
