//! What works without a gateway.

use serde_json::{Value, json};

use super::program::{Program, run};
use crate::support::TestGateway;

#[test]
fn net_check_judges_without_connecting_and_without_dns() {
    let program = Program::usual();
    let arguments = [
        "net",
        "check",
        "--json",
        "--resolve",
        "public.example=93.184.215.14",
        "--resolve",
        "rebind.example=93.184.215.14,127.0.0.1",
        "--resolve",
        "nowhere.example=",
        "https://public.example/",
        "https://rebind.example/",
        "https://nowhere.example/",
        "http://127.0.0.1/",
        "http://169.254.169.254/",
        "http://metadata.google.internal/",
        "http://x.localhost/",
        "http://ip6-localhost/",
        "http://[::ffff:10.0.0.1]/",
        "https://public.example:22/",
        "ftp://public.example/",
    ];
    let checked = program.run(&arguments).expect(1);
    let verdicts: Vec<Value> = checked
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let allowed: Vec<bool> = verdicts
        .iter()
        .map(|verdict| verdict["allowed"].as_bool().unwrap())
        .collect();
    assert_eq!(
        allowed,
        [
            true, false, true, false, false, false, false, false, false, false, false
        ],
        "{}",
        checked.stdout
    );
    assert_eq!(
        verdicts[2]["reason"],
        "not resolved: checked again at connect"
    );
    for verdict in &verdicts {
        let keys: Vec<&String> = verdict.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["allowed", "reason", "url"]);
    }
    program
        .run(&[
            "net",
            "check",
            "--resolve",
            "public.example=93.184.215.14",
            "https://public.example/",
        ])
        .expect(0);
}

#[test]
fn open_ranges_count_and_never_open_metadata() {
    let mut program = Program::usual();
    program.set("COUNTERSIGN_ALLOW_PRIVATE_NETWORKS", "10.0.0.0/8");
    program.run(&["net", "check", "http://10.1.2.3/"]).expect(0);
    program
        .run(&["net", "check", "http://192.168.1.1/"])
        .expect(1);
    program
        .run(&[
            "net",
            "check",
            "--allow-private-network",
            "http://169.254.169.254/",
        ])
        .expect(1);
}

#[test]
fn an_export_verifies_without_any_gateway_and_every_edit_is_found() {
    let mut gateway = TestGateway::start();
    for name in ["a", "b", "c"] {
        gateway
            .admin()
            .post("/api/v1/agents", &json!({ "name": name }))
            .expect(201);
    }
    let checkpoint = gateway.run(&["audit", "checkpoints", "--make", "--json"]);
    assert!(checkpoint.status.success(), "{checkpoint:?}");
    let export = gateway.file("ledger.jsonl");
    let export = export.to_str().unwrap();
    let exported = gateway.run(&["audit", "export", "--output", export]);
    assert!(exported.status.success(), "{exported:?}");
    gateway.stop();
    let kept = gateway.data_dir().join("checkpoints.txt");
    let kept = kept.to_str().unwrap();

    // Nothing of the installation is needed: another folder, no passphrase.
    let program = Program::new();
    let verify = |file: &str| {
        program.run(&[
            "audit",
            "verify",
            "--file",
            file,
            "--checkpoint",
            kept,
            "--json",
        ])
    };
    let sound = verify(export).expect(0).json();
    assert_eq!(
        (&sound["valid"], &sound["first_bad"]),
        (&Value::Bool(true), &Value::Null),
        "{sound}"
    );

    let text = std::fs::read_to_string(export).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let entry = lines
        .iter()
        .position(|line| line.starts_with("{\"position\":2"))
        .unwrap();
    let changed = |name: &str, lines: &[&str]| program.write(name, &(lines.join("\n") + "\n"));
    // Edited, a line missing, the end cut off: each with the first bad entry.
    let edited_line = lines[entry].replace("config.agent.created", "config.agent.removed");
    let mut edited = lines.clone();
    edited[entry] = &edited_line;
    let mut gap = lines.clone();
    gap.remove(entry);
    let cut = &lines[..entry];
    for (name, file) in [
        ("edited", changed("edited", &edited)),
        ("gap", changed("gap", &gap)),
        ("cut", changed("cut", cut)),
    ] {
        let report = verify(file.to_str().unwrap()).expect(1).json();
        assert_eq!(
            (&report["valid"], &report["first_bad"]),
            (&Value::Bool(false), &Value::from(2)),
            "{name}: {report}"
        );
    }
    program
        .run(&["audit", "verify", "--file", "/nowhere"])
        .expect(2);
}

#[test]
fn doctor_works_without_a_gateway_and_names_the_command_that_mends() {
    use std::os::unix::fs::PermissionsExt;
    let program = Program::usual();
    let level = |document: &Value, check: &str| {
        let checks = document["checks"].as_array().unwrap();
        let found = checks
            .iter()
            .find(|finding| finding["check"] == check)
            .unwrap_or_else(|| panic!("no check {check}: {document}"));
        (
            found["level"].as_str().unwrap().to_owned(),
            found["mend"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let nothing = program.run(&["doctor", "--json"]).expect(1).json();
    assert_eq!(
        level(&nothing, "data directory"),
        ("fail".to_owned(), "countersign onboard".to_owned())
    );

    program.run(&["onboard", "--yes", "--json"]).expect(0);
    let sound = program.run(&["doctor", "--json"]).expect(0).json();
    for check in [
        "configuration",
        "data directory",
        "file modes",
        "vault",
        "free disk",
        "clock",
        "store",
        "ledger",
    ] {
        assert_eq!(level(&sound, check).0, "ok", "{sound}");
    }
    assert_eq!(
        level(&sound, "gateway"),
        ("warn".to_owned(), "countersign gateway".to_owned())
    );

    let database = program.data_dir().join("countersign.db");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = program.run(&["doctor", "--json"]).expect(1).json();
    let (word, mend) = level(&open, "file modes");
    assert_eq!(word, "fail");
    assert!(mend.starts_with("chmod"), "{mend}");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o600)).unwrap();

    let mut other = program;
    other.set("COUNTERSIGN_MASTER_KEY", "wrong-wrong-wrong-wrong");
    let wrong = other.run(&["doctor", "--json"]).expect(1).json();
    let (word, mend) = level(&wrong, "store");
    assert_eq!(word, "fail");
    assert!(
        mend.contains("COUNTERSIGN_MASTER_KEY") && !mend.contains("backup"),
        "{mend}"
    );
    other.set("COUNTERSIGN_MASTER_KEY", crate::support::PASSPHRASE);
    std::fs::set_permissions(other.data_dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let open = other.run(&["doctor", "--json"]).expect(1).json();
    for check in ["data directory", "store"] {
        assert!(level(&open, check).1.starts_with("chmod 700 "), "{open}");
    }
}

#[test]
fn migrations_are_listed_and_run_without_a_gateway() {
    let gateway = TestGateway::onboard(&[]);
    let status = run(gateway.command(&["migrate", "status", "--json"]))
        .expect(0)
        .json();
    let items = status["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(
        items.iter().all(|item| item["applied_at"].is_string()),
        "{status}"
    );
    assert_eq!(
        run(gateway.command(&["migrate", "run", "--json"]))
            .expect(0)
            .json(),
        json!({ "applied": 0 })
    );
}

#[test]
fn commands_of_a_gateway_say_that_none_runs() {
    let program = Program::usual();
    for arguments in [
        &["list"][..],
        &["agent", "list"],
        &["status"],
        &["audit", "verify"],
        &["export"],
    ] {
        let lost = program.run(arguments).expect(4);
        assert!(
            lost.stderr.contains("countersign gateway"),
            "{arguments:?}: {}",
            lost.stderr
        );
    }
}

#[test]
fn a_key_is_never_sent_in_the_clear_to_another_machine() {
    let mut program = Program::usual();
    program.set("COUNTERSIGN_URL", "http://192.0.2.1:18790");
    program.set("COUNTERSIGN_API_KEY", "cs_whatever");
    let refused = program.run(&["list"]).expect(2);
    assert!(
        refused.stderr.contains("in the clear"),
        "{}",
        refused.stderr
    );
}
