//! Signing a terminal in, and the fresh proof that changing and deciding need.

use serde_json::Value;

use super::program::{Run, feed, mode, run};
use crate::support::TestGateway;

/// Runs a command without the admin key: by the stored session, if there is one.
fn as_person(gateway: &TestGateway, arguments: &[&str]) -> Run {
    run(gateway.command(arguments))
}

fn login(gateway: &TestGateway) {
    let signed_in = feed(
        gateway.command(&["login", "--stdin", "--json"]),
        &format!("{}\n", gateway.token()),
    )
    .expect(0);
    assert_eq!(signed_in.json()["operator"], "owner");
}

#[test]
fn a_session_reads_and_is_asked_for_proof_before_it_changes() {
    let gateway = TestGateway::start();
    as_person(&gateway, &["agent", "list"]).expect(5);
    login(&gateway);
    assert_eq!(mode(&gateway.data_dir().join("session.json")), 0o600);
    as_person(&gateway, &["agent", "list"]).expect(0);
    as_person(&gateway, &["logout"]).expect(0);
    assert!(!gateway.data_dir().join("session.json").exists());
    as_person(&gateway, &["agent", "list"]).expect(5);
}

#[test]
fn signing_out_ends_the_session_on_the_gateway() {
    let gateway = TestGateway::start();
    login(&gateway);
    let stored: Value =
        serde_json::from_slice(&std::fs::read(gateway.data_dir().join("session.json")).unwrap())
            .unwrap();
    let secret = stored["secret"].as_str().unwrap();
    gateway.api(secret).get("/api/v1/agents").expect(200);
    as_person(&gateway, &["logout"]).expect(0);
    gateway.api(secret).get("/api/v1/agents").expect(401);
}

#[test]
fn a_wrong_token_is_exit_5() {
    let gateway = TestGateway::start();
    let refused = feed(
        gateway.command(&["login", "--stdin"]),
        "cs_0000000000000000000000000000000000000000000\n",
    )
    .expect(5);
    assert_eq!(refused.stdout, "");
    assert!(!gateway.data_dir().join("session.json").exists());
}

#[test]
fn a_session_of_one_gateway_is_never_sent_to_another() {
    let first = TestGateway::start();
    let second = TestGateway::start();
    login(&first);
    std::fs::copy(
        first.data_dir().join("session.json"),
        second.data_dir().join("session.json"),
    )
    .unwrap();
    as_person(&second, &["agent", "list"]).expect(5);
    let entries = second.admin().list("/api/v1/audit/entries");
    assert!(
        !entries.iter().any(|entry| entry["kind"] == "signin.failed"),
        "the secret was sent: {entries:?}"
    );
}

#[test]
fn no_secret_can_be_given_as_an_argument() {
    // Requirement 43.
    let gateway = TestGateway::onboard(&[]);
    for arguments in [
        &[
            "credential",
            "set",
            "pay",
            "--type",
            "bearer",
            "--token",
            "s3cret",
        ][..],
        &["credential", "set", "pay", "--type", "bearer", "s3cret"],
        &["login", "--token", "s3cret"],
        &["login", "s3cret"],
        &["vault", "unlock", "s3cret"],
        &["vault", "rekey", "s3cret"],
        &["onboard", "--passphrase", "s3cret"],
        &[
            "operator",
            "add",
            "ann",
            "--role",
            "viewer",
            "--password",
            "s3cret",
        ],
    ] {
        as_person(&gateway, arguments).expect(2);
    }
}

/// Whoever lost the only way in, and knows the passphrase, gets another: offline, alone on the folder, and not unnoticed.
#[test]
fn a_lost_way_in_is_recovered_offline() {
    const RECOVER: &[&str] = &[
        "token",
        "create",
        "again",
        "--operator",
        "owner",
        "--recover",
        "--json",
    ];
    let mut gateway = TestGateway::start();
    let refused = as_person(&gateway, RECOVER).expect(3);
    assert!(refused.stderr.contains("in use"), "{}", refused.stderr);
    gateway.stop();

    let mut wrong = gateway.command(RECOVER);
    wrong.env("COUNTERSIGN_MASTER_KEY", "another-horse-battery-staple");
    let refused = run(wrong);
    assert_ne!(refused.exit, 0);
    assert!(!refused.stdout.contains("token"), "{}", refused.stdout);
    let nobody = [
        "token",
        "create",
        "again",
        "--operator",
        "nobody",
        "--recover",
    ];
    assert_ne!(as_person(&gateway, &nobody).exit, 0);

    let made = as_person(&gateway, RECOVER).expect(0).json();
    let token = made["token"].as_str().unwrap();
    gateway.restart();
    let signed_in = feed(
        gateway.command(&["login", "--stdin", "--json"]),
        &format!("{token}\n"),
    )
    .expect(0);
    assert_eq!(signed_in.json()["operator"], "owner");
    let entries = gateway.admin().list("/api/v1/audit/entries");
    let recovered: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["kind"] == "config.token.recovered")
        .collect();
    assert_eq!(recovered.len(), 1, "{entries:?}");
    let id = made["id"].as_str().unwrap();
    assert!(recovered[0].to_string().contains(id), "{}", recovered[0]);
    // A gateway's own face does not do it: nobody asks for it there.
    let body = serde_json::json!({"name": "x", "operator": "owner", "recover": true});
    gateway.admin().post("/api/v1/tokens", &body).expect(400);
}
