//! What a command says when it can't do what was typed, and that no command ends well with its result lost.

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use super::super::program::{Program, feed, run};
use crate::support::TestGateway;

fn admin(gateway: &TestGateway, arguments: &[&str]) -> Command {
    keyed(gateway, arguments, gateway.admin_key())
}

fn keyed(gateway: &TestGateway, arguments: &[&str], key: &str) -> Command {
    let mut command = gateway.command(arguments);
    command.env("COUNTERSIGN_API_KEY", key);
    command
}

/// Where every write fails for want of room.
fn on_a_full_disk(mut command: Command) -> (i32, String) {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let Output { status, stderr, .. } = command
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_result_that_is_lost_is_no_success() {
    let program = Program::new();
    for arguments in [
        &["scan", "text", "hello"][..],
        &["scan", "text", "hello", "--json"],
        &["completions", "bash"],
        &["--version"],
        &["scan", "--help"],
    ] {
        let (exit, told) = on_a_full_disk(program.command(arguments));
        assert_eq!(exit, 2, "{arguments:?}: {told}");
        assert!(told.contains("can't be written: No space"), "{told}");
    }
    // A reader that goes away is no failure.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = program
        .command(&["completions", "bash"])
        .stdout(writer)
        .status()
        .unwrap();
    assert!(status.success());
}

/// A key that nobody saw is named, so that it can be taken back.
#[test]
fn a_key_whose_showing_failed_is_named() {
    let gateway = TestGateway::start();
    let list = |noun: &str| {
        run(admin(&gateway, &[noun, "list", "--json"]))
            .expect(0)
            .json()
    };
    let (exit, told) = on_a_full_disk(admin(&gateway, &["agent", "add", "ci", "--json"]));
    assert_eq!(exit, 2, "{told}");
    let keys = list("key");
    let of_agent = keys["items"].as_array().unwrap().iter();
    let ids: Vec<&str> = of_agent.filter_map(|key| key["id"].as_str()).collect();
    assert!(
        ids.iter()
            .any(|id| told.contains(&format!("countersign key revoke {id}"))),
        "{told}"
    );
    let (exit, told) = on_a_full_disk(admin(&gateway, &["key", "add", "spare", "--agent", "ci"]));
    assert_eq!(exit, 2, "{told}");
    let keys = list("key");
    let items = keys["items"].as_array().unwrap();
    let spare = items.iter().find(|key| key["name"] == "spare").unwrap();
    let id = spare["id"].as_str().unwrap();
    assert!(
        told.contains(&format!("countersign key revoke {id}")),
        "{told}"
    );
    run(admin(&gateway, &["key", "revoke", id])).expect(0);
    let (exit, told) = on_a_full_disk(admin(&gateway, &["list"]));
    assert_eq!(exit, 2, "{told}");
}

#[test]
fn what_is_not_there_is_named_with_the_nearest_and_the_list() {
    let gateway = TestGateway::start();
    let added = run(admin(&gateway, &["agent", "add", "ci", "--json"]))
        .expect(0)
        .json();
    let agent_key = added["key"].as_str().unwrap();
    let target = json!({ "name": "payments", "connector": "http", "base_url": "https://api.example.com/v1" });
    gateway.admin().post("/api/v1/targets", &target).expect(201);
    for (arguments, typed, next) in [
        (
            &["target", "show", "paymnts"][..],
            "`paymnts`",
            "`payments`",
        ),
        (&["agent", "show", "ic"], "`ic`", "countersign agent list"),
        (
            &["kill", "pull", "--agent", "nope"],
            "`nope`",
            "countersign agent list",
        ),
        (
            &[
                "grant",
                "add",
                "--agent",
                "cj",
                "--target",
                "payments",
                "--action",
                "GET /**",
                "--verdict",
                "ask",
            ],
            "`cj`",
            "`ci`",
        ),
        (&["list", "--agent", "cj"], "`cj`", "`ci`"),
        (
            &["grant", "remove", "nope"],
            "`nope`",
            "countersign grant list",
        ),
        (&["show", "nope"], "`nope`", "countersign list"),
        (&["approve", "nope"], "`nope`", "countersign list"),
        (&["key", "revoke", "nope"], "`nope`", "countersign key list"),
    ] {
        let told = run(admin(&gateway, arguments)).expect(2).stderr;
        assert!(
            told.contains(typed) && told.contains(next),
            "{arguments:?}: {told}"
        );
    }
    let told = run(admin(&gateway, &["approve", ""])).expect(2).stderr;
    assert!(told.contains("is empty"), "{told}");
    // An agent is told of no name that it did not type.
    for arguments in [
        &["target", "show", "paymnts"][..],
        &["kill", "pull", "--agent", "cj"],
    ] {
        let told = run(keyed(&gateway, arguments, agent_key)).stderr;
        assert!(
            !told.contains("payments") && !told.contains("`ci`"),
            "{told}"
        );
    }
}

#[test]
fn errors_say_flags_and_not_fields() {
    let gateway = TestGateway::start();
    let private = &[
        "target",
        "add",
        "here",
        "--connector",
        "http",
        "--base-url",
        "http://127.0.0.1:19999",
    ];
    let told = run(admin(&gateway, private)).expect(2).stderr;
    assert!(
        told.contains("--allow-private-network") && !told.contains("allow_private_network"),
        "{told}"
    );
    let told = run(admin(
        &gateway,
        &["target", "add", "here", "--connector", "http"],
    ))
    .expect(2)
    .stderr;
    assert!(told.contains("--base-url is missing"), "{told}");
    let wrong = format!("cs_{}", "A".repeat(43));
    let told = run(keyed(&gateway, &["agent", "list"], &wrong))
        .expect(5)
        .stderr;
    assert!(
        told.contains("COUNTERSIGN_API_KEY") && told.contains("next:"),
        "{told}"
    );
    let added = run(admin(&gateway, &["agent", "add", "ci", "--json"]))
        .expect(0)
        .json();
    let told = run(keyed(
        &gateway,
        &["agent", "list"],
        added["key"].as_str().unwrap(),
    ))
    .expect(5)
    .stderr;
    assert!(
        told.contains("an agent may not read the configuration"),
        "{told}"
    );
    let target =
        json!({ "name": "pay", "connector": "http", "base_url": "https://api.example.com/v1" });
    gateway.admin().post("/api/v1/targets", &target).expect(201);
    let grant = &[
        "grant",
        "add",
        "--agent",
        "ci",
        "--target",
        "pay",
        "--action",
        "GET",
        "--verdict",
        "ask",
    ];
    let told = run(admin(&gateway, grant)).expect(2).stderr;
    assert!(
        told.contains("METHOD /path") && told.contains("`GET /**`"),
        "{told}"
    );
}

#[test]
fn the_flag_for_a_password_names_an_operator() {
    let gateway = TestGateway::start();
    let told = run(gateway.command(&["login", "--password", "my secret"]))
        .expect(2)
        .stderr;
    assert!(
        !told.contains("my secret") && told.contains("--operator NAME"),
        "{told}"
    );
    let old = feed(
        gateway.command(&["login", "--password", "owner", "--stdin"]),
        "not the password\n",
    );
    assert!(old.stderr.contains("--operator NAME now"), "{}", old.stderr);
    let new = feed(
        gateway.command(&["login", "--operator", "owner", "--stdin"]),
        "not the password\n",
    );
    assert_eq!(new.exit, 5);
    assert!(!new.stderr.contains("warning"), "{}", new.stderr);
}

#[test]
fn files_that_cannot_be_written_are_refused_in_words() {
    let gateway = TestGateway::start();
    let there = gateway.file("there");
    std::fs::write(&there, "").unwrap();
    let told = run(admin(
        &gateway,
        &["scan", "cases", "--out", there.to_str().unwrap()],
    ))
    .expect(2)
    .stderr;
    assert!(
        told.contains("is there already") && !told.contains("os error"),
        "{told}"
    );
    let program = Program::new();
    program.write(
        "rows.jsonl",
        "{\"id\":1,\"text\":\"hello\",\"label\":\"benign\"}\n",
    );
    let told = program
        .run(&["scan", "eval", "rows.jsonl", "--out", "/nope/x"])
        .expect(2)
        .stderr;
    assert!(
        told.contains("folder is missing") && !told.contains(".tmp"),
        "{told}"
    );
    let rows = "{\"id\":1,\"text\":\"hello\",\"label\":\"benign\"}\n";
    program.feed(&["scan", "eval", "-"], rows).expect(0);
    for run in [
        program.feed(&["scan", "text"], ""),
        program.feed(&["scan", "text", "-"], ""),
        program.run(&["scan", "text", ""]),
    ] {
        assert!(run.expect(2).stderr.contains("nothing to scan"));
    }
    let told = program.run(&["list", "--limit", "0"]).expect(2).stderr;
    assert!(!told.contains("18446744073709551615"), "{told}");
    let told = program.run(&["scan", "wrong", "x", "abc"]).expect(2).stderr;
    assert!(
        told.contains("finding's number") && !told.contains("invalid digit"),
        "{told}"
    );
}
