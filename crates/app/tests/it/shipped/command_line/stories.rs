//! Each noun's table, JSON and one failure, on a real gateway.

use countersign_testkit::{Reply, Upstream};
use serde_json::json;

use super::session::Session;

#[test]
fn agents() {
    let mut session = Session::new();
    session.type_in(&["agent", "list"]);
    session
        .type_in(&[
            "agent",
            "add",
            "ci",
            "--description",
            "builds and deploys",
            "--label",
            "team=core",
            "--json",
        ])
        .expect(0);
    session.type_in(&["agent", "add", "helper"]).expect(0);
    session.type_in(&["agent", "list"]).expect(0);
    session.type_in(&["agent", "list", "--json"]).expect(0);
    session.type_in(&["agent", "show", "ci"]).expect(0);
    session
        .type_in(&["agent", "update", "ci", "--description", "builds"])
        .expect(0);
    session.type_in(&["agent", "remove", "helper"]).expect(0);
    session.type_in(&["agent", "add", "ci"]).expect(3);
    session.type_in(&["agent", "add", "no spaces"]).expect(2);
    session
        .type_in(&["agent", "show", "nobody", "--json"])
        .expect(2);
    insta::assert_snapshot!("agent", session.transcript());
}

#[test]
fn keys_and_tokens() {
    let mut session = Session::new();
    session.type_in(&["agent", "add", "ci"]).expect(0);
    session
        .type_in(&[
            "key",
            "add",
            "reader",
            "--agent",
            "ci",
            "--scope",
            "request:read",
            "--rate-limit",
            "60",
            "--expires",
            "7d",
            "--json",
        ])
        .expect(0);
    session.type_in(&["key", "list"]).expect(0);
    let made = session
        .type_in(&[
            "key",
            "add",
            "metrics",
            "--operator",
            "owner",
            "--scope",
            "metrics:read",
            "--json",
        ])
        .expect(0)
        .json();
    session
        .type_in(&["key", "show", made["id"].as_str().unwrap()])
        .expect(0);
    session
        .type_in(&["key", "revoke", made["id"].as_str().unwrap()])
        .expect(0);
    session
        .type_in(&["key", "add", "x", "--agent", "nobody"])
        .expect(2);
    session
        .type_in(&["key", "add", "x", "--agent", "ci", "--expires", "soon"])
        .expect(2);
    let token = session
        .type_in(&[
            "token",
            "create",
            "laptop",
            "--operator",
            "owner",
            "--expires",
            "12h",
            "--json",
        ])
        .expect(0)
        .json();
    session.type_in(&["token", "list"]).expect(0);
    session
        .type_in(&["token", "revoke", token["id"].as_str().unwrap()])
        .expect(0);
    session
        .type_in(&["token", "create", "x", "--operator", "nobody"])
        .expect(2);
    insta::assert_snapshot!("key_token", session.transcript());
}

#[test]
fn targets_credentials_and_grants() {
    let upstream = Upstream::start().unwrap();
    let mut session = Session::new();
    session.type_in(&["agent", "add", "ci"]).expect(0);
    session
        .type_in(&[
            "target",
            "add",
            "pay",
            "--connector",
            "http",
            "--base-url",
            &upstream.url("/v1"),
            "--allow-private-network",
            "--json",
        ])
        .expect(0);
    session.type_in(&["target", "list"]).expect(0);
    session.type_in(&["target", "list", "--json"]).expect(0);
    session.type_in(&["target", "show", "pay"]).expect(0);
    session.type_in(&["target", "test", "pay"]).expect(0);
    session
        .type_in(&[
            "target",
            "update",
            "pay",
            "--risk-threshold",
            "0.4",
            "--json",
        ])
        .expect(0);
    session
        .type_in(&[
            "target",
            "add",
            "meta",
            "--connector",
            "http",
            "--base-url",
            "http://169.254.169.254/",
            "--allow-private-network",
        ])
        .expect(2);
    session
        .type_in(&[
            "target",
            "add",
            "x",
            "--connector",
            "telnet",
            "--base-url",
            "https://x.example",
        ])
        .expect(2);
    session
        .type_in_with(
            &["credential", "set", "pay", "--type", "bearer", "--stdin"],
            "s3cret\n",
        )
        .expect(0);
    session.type_in(&["credential", "list"]).expect(0);
    session
        .type_in_with(
            &[
                "credential",
                "set",
                "pay",
                "--type",
                "api_key_header",
                "--header",
                "X-Key",
                "--stdin",
                "--json",
            ],
            "s3cret\n",
        )
        .expect(0);
    session
        .type_in(&["credential", "set", "pay", "--type", "bearer"])
        .expect(2);
    session
        .type_in_with(
            &["credential", "set", "pay", "--type", "basic", "--stdin"],
            "s3cret\n",
        )
        .expect(2);
    session.type_in(&["credential", "remove", "pay"]).expect(0);
    let grant = session
        .type_in(&[
            "grant",
            "add",
            "--agent",
            "ci",
            "--target",
            "pay",
            "--action",
            "GET /charges/*",
            "--verdict",
            "allow",
            "--expires",
            "1h",
            "--json",
        ])
        .expect(0)
        .json();
    session
        .type_in(&[
            "grant",
            "add",
            "--agent",
            "ci",
            "--target",
            "pay",
            "--action",
            "POST /charges",
            "--verdict",
            "ask",
        ])
        .expect(0);
    session.type_in(&["grant", "list"]).expect(0);
    session
        .type_in(&["grant", "list", "--agent", "ci", "--json"])
        .expect(0);
    session
        .type_in(&["grant", "remove", grant["id"].as_str().unwrap()])
        .expect(0);
    session
        .type_in(&[
            "grant",
            "add",
            "--agent",
            "ci",
            "--target",
            "pay",
            "--action",
            "GET /a/b*",
            "--verdict",
            "allow",
        ])
        .expect(2);
    session.type_in(&["target", "remove", "pay"]).expect(0);
    let transcript = session.transcript();
    assert!(
        !transcript.contains("s3cret"),
        "a secret came back:\n{transcript}"
    );
    insta::assert_snapshot!("target_credential_grant", transcript);
}

#[test]
fn settings_and_profiles() {
    let mut session = Session::new();
    session.type_in(&["settings", "show"]).expect(0);
    session.type_in(&["settings", "show", "--json"]).expect(0);
    session
        .type_in(&[
            "settings",
            "set",
            "session_hours=8",
            "separation_of_duties=strict",
            "sign_in.attempts=3",
            "evidence_retention_days=30",
        ])
        .expect(0);
    let now = session
        .type_in(&["settings", "set", "evidence_retention_days=null", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&now["session_hours"], &now["evidence_retention_days"]),
        (&json!(8), &json!(null)),
        "what is not named stays: {now}"
    );
    assert_eq!(
        session
            .gateway
            .admin()
            .get("/api/v1/settings")
            .expect(200)
            .json(),
        now
    );
    for wrong in [
        "session_hours=0",
        "session_hours=soon",
        "colour=red",
        "colour",
    ] {
        session.type_in(&["settings", "set", wrong]).expect(2);
    }
    session.type_in(&["settings", "set"]).expect(2);
    session
        .type_in(&["settings", "set", "colour=red", "--json"])
        .expect(2);

    session
        .type_in(&[
            "target",
            "add",
            "pay",
            "--connector",
            "http",
            "--base-url",
            "https://pay.example/v1",
        ])
        .expect(0);
    session
        .type_in(&["target", "profile", "add", "pay", "read-only"])
        .expect(0);
    session
        .type_in(&["target", "profile", "add", "pay", "spare", "--json"])
        .expect(0);
    session
        .type_in(&["target", "profile", "list", "pay"])
        .expect(0);
    session
        .type_in(&["target", "profile", "list", "pay", "--json"])
        .expect(0);
    session
        .type_in(&["target", "profile", "add", "pay", "spare"])
        .expect(3);
    session
        .type_in(&["target", "profile", "remove", "pay", "spare"])
        .expect(0);
    session
        .type_in(&["target", "profile", "remove", "pay", "spare", "--json"])
        .expect(2);
    session.type_in(&["target", "profile", "remove", "pay", "default"]);
    session
        .type_in(&["target", "profile", "list", "nowhere"])
        .expect(2);
    session
        .type_in(&["target", "profile", "add", "pay", "x", "--limits", "{"])
        .expect(2);
    insta::assert_snapshot!("settings_profile", session.transcript());
}

#[test]
fn rules_and_operators() {
    let mut session = Session::new();
    session
        .type_in(&[
            "rule",
            "add",
            "big",
            "--verdict",
            "ask",
            "--action",
            "POST /charges",
            "--input",
            "body.amount={\"gt\":100}",
            "--reason",
            "large charges are asked for",
            "--json",
        ])
        .expect(0);
    session
        .type_in(&[
            "rule",
            "add",
            "never",
            "--kind",
            "guard",
            "--verdict",
            "deny",
            "--effect",
            "destructive",
        ])
        .expect(0);
    session.type_in(&["rule", "list"]).expect(0);
    session
        .type_in(&["rule", "show", "big", "--json"])
        .expect(0);
    session
        .type_in(&["rule", "update", "big", "--priority", "-5"])
        .expect(0);
    session.type_in(&["rule", "remove", "never"]).expect(0);
    session
        .type_in(&["rule", "add", "x", "--verdict", "perhaps"])
        .expect(2);
    session
        .type_in(&[
            "rule",
            "add",
            "x",
            "--verdict",
            "ask",
            "--input",
            "body.amount=100",
        ])
        .expect(2);
    session
        .type_in(&["operator", "add", "ann", "--role", "approver", "--json"])
        .expect(0);
    session
        .type_in_with(
            &[
                "operator",
                "add",
                "bob",
                "--role",
                "viewer",
                "--password",
                "--stdin",
            ],
            "a long enough password\n",
        )
        .expect(0);
    session.type_in(&["operator", "list"]).expect(0);
    session
        .type_in(&["operator", "role", "bob", "approver", "--json"])
        .expect(0);
    session.type_in(&["operator", "disable", "ann"]).expect(0);
    session.type_in(&["operator", "disable", "owner"]).expect(3);
    insta::assert_snapshot!("rule_operator", session.transcript());
}

#[test]
fn requests_and_the_kill_switch() {
    let upstream = Upstream::start().unwrap();
    upstream.on(
        "/charges",
        Reply::json(&json!({ "id": "ch_2" })).with_status(201),
    );
    let mut session = Session::new();
    let admin = session.gateway.admin();
    admin
        .post("/api/v1/agents", &json!({ "name": "ci" }))
        .expect(201);
    let target = json!({ "name": "pay", "connector": "http", "base_url": upstream.url(""), "allow_private_network": true });
    admin.post("/api/v1/targets", &target).expect(201);
    for (action, verdict) in [("POST /charges", "ask"), ("DELETE /**", "deny")] {
        admin
            .post(
                "/api/v1/grants",
                &json!({ "agent": "ci", "target": "pay", "action": action, "verdict": verdict }),
            )
            .expect(201);
    }
    session.type_in(&["list"]).expect(0);
    // Requirement 45: what an agent writes can't act on the terminal.
    let intent = "order 7\u{1b}[2J\u{202e}";
    let ask = |session: &mut Session| {
        let run = session.type_in(&[
            "request",
            "POST /charges",
            "--target",
            "pay",
            "--agent",
            "ci",
            "--body",
            "{\"amount\":500}",
            "--intent",
            intent,
            "--json",
        ]);
        run.expect(0).json()["id"].as_str().unwrap().to_owned()
    };
    let id = ask(&mut session);
    session.type_in(&["list", "--status", "pending"]).expect(0);
    session
        .type_in(&["list", "--status", "pending", "--json"])
        .expect(0);
    session.type_in(&["show", &id]).expect(0);
    session
        .type_in(&["approve", &id, "--note", "fine"])
        .expect(0);
    session.type_in(&["approve", &id]).expect(3);
    session
        .type_in(&["approval", "execute", &id, "--json"])
        .expect(0);
    session.type_in(&["approval", "execute", &id]).expect(3);
    let second = ask(&mut session);
    session
        .type_in(&["deny", &second, "--reason", "too much", "--json"])
        .expect(0);
    let third = ask(&mut session);
    session.type_in(&["approval", "cancel", &third]).expect(0);
    session
        .type_in(&[
            "approval",
            "settle",
            &third,
            "--outcome",
            "failed",
            "--note",
            "looked",
        ])
        .expect(3);
    session
        .type_in(&[
            "request",
            "DELETE /charges/1",
            "--target",
            "pay",
            "--agent",
            "ci",
        ])
        .expect(1);
    session.type_in(&["show", "not-an-id"]).expect(2);
    session.type_in(&["list", "--status", "sleeping"]).expect(2);
    session.type_in(&["list", "--status", "expired"]).expect(0);
    session.type_in(&["list", "--limit", "0"]).expect(2);
    session.type_in(&["kill", "list"]).expect(0);
    session
        .type_in(&[
            "kill",
            "pull",
            "--agent",
            "ci",
            "--reason",
            "it runs away",
            "--json",
        ])
        .expect(0);
    session.type_in(&["kill", "list"]).expect(0);
    session
        .type_in(&[
            "request",
            "POST /charges",
            "--target",
            "pay",
            "--agent",
            "ci",
        ])
        .expect(1);
    session
        .type_in(&["kill", "release", "--agent", "ci"])
        .expect(0);
    session
        .type_in(&["kill", "pull", "--all", "--reason", "look"])
        .expect(0);
    session.type_in(&["kill", "list"]).expect(0);
    session.type_in(&["doctor"]).expect(0);
    session
        .type_in(&["kill", "release", "--all", "--json"])
        .expect(0);
    session
        .type_in(&["kill", "pull", "--target", "nowhere"])
        .expect(2);
    let transcript = session.transcript();
    assert!(!transcript.contains('\u{1b}') && !transcript.contains('\u{202e}'));
    insta::assert_snapshot!("approval_kill", transcript);
}

#[test]
fn the_ledger_the_vault_and_the_state() {
    let mut session = Session::new();
    session.type_in(&["agent", "add", "ci"]).expect(0);
    session.type_in(&["audit", "list"]).expect(0);
    session
        .type_in(&["audit", "list", "--kind", "config.agent.created", "--json"])
        .expect(0);
    session.type_in(&["audit", "verify"]).expect(0);
    session.type_in(&["audit", "verify", "--json"]).expect(0);
    session
        .type_in(&["audit", "checkpoints", "--make", "--json"])
        .expect(0);
    session.type_in(&["audit", "checkpoints"]).expect(0);
    session
        .type_in(&["audit", "prune", "--size", "1"])
        .expect(2);
    session
        .type_in(&["audit", "list", "--since", "yesterday"])
        .expect(2);
    session.type_in(&["audit", "acknowledge"]);
    session.type_in(&["vault", "status"]).expect(0);
    session.type_in(&["vault", "status", "--json"]).expect(0);
    session
        .type_in_with(
            &["vault", "unlock", "--stdin"],
            "correct-horse-battery-staple\n",
        )
        .expect(3);
    session.type_in(&["status"]).expect(0);
    session.type_in(&["status", "--json"]).expect(0);
    session.type_in(&["doctor"]).expect(0);
    session.type_in(&["migrate", "status"]).expect(3);
    session
        .type_in(&["net", "check", "http://127.0.0.1/", "--json"])
        .expect(1);
    session
        .type_in(&["net", "check", "http://127.0.0.1/"])
        .expect(1);
    session
        .type_in(&["net", "check", "--resolve", "broken", "http://x.example/"])
        .expect(2);
    session.type_in(&["config", "validate"]).expect(0);
    session.type_in(&["config", "validate", "--json"]).expect(0);
    session.type_in(&["config", "env"]).expect(0);
    insta::assert_snapshot!("audit_vault_status", session.transcript());
}

#[test]
fn the_configuration_as_a_document() {
    let mut session = Session::new();
    let document = session.gateway.file("gate.json5");
    let document = document.to_str().unwrap().to_owned();
    let text = "{
        agents: [{ name: 'ci', labels: { by: 'apply' } }],
        targets: [{ name: 'pay', connector: 'http', config: { base_url: 'https://pay.example/v1' }, labels: { by: 'apply' },
            profiles: [{ name: 'default', credential: { type: 'bearer', fields: { token: { env: 'PAY_TOKEN' } } } }] }],
        grants: [{ agent: 'ci', target: 'pay', action: 'GET /charges/*', verdict: 'allow', labels: { by: 'apply' } }],
        rules: [{ name: 'big', verdict: 'ask', match: { action: ['POST /charges'] }, labels: { by: 'apply' } }],
    }";
    std::fs::write(&document, text).unwrap();
    let apply = |session: &mut Session, more: &[&str]| {
        let mut arguments = vec!["apply", "-f", "gate.json5"];
        arguments.extend_from_slice(more);
        // Recorded under the short name, run with the whole one.
        let mut command = session.gateway.command(&["apply", "-f", &document]);
        command
            .args(more)
            .env("COUNTERSIGN_API_KEY", session.gateway.admin_key())
            .env("PAY_TOKEN", "s3cret");
        let run = super::super::program::run(command);
        session.note(&arguments, run)
    };
    // What a document refers to is looked up before anything is changed, and by a dry run too.
    for more in [&[][..], &["--dry-run"]] {
        let mut command = session.gateway.command(&["apply", "-f", &document]);
        command
            .args(more)
            .env("COUNTERSIGN_API_KEY", session.gateway.admin_key());
        let refused = super::super::program::run(command).expect(2);
        assert!(refused.stderr.contains("PAY_TOKEN"), "{}", refused.stderr);
        assert!(session.gateway.admin().list("/api/v1/agents").is_empty());
    }
    apply(&mut session, &["--dry-run"]).expect(0);
    assert!(
        session.gateway.admin().list("/api/v1/agents").is_empty(),
        "a dry run changed something"
    );
    apply(&mut session, &[]).expect(0);
    // Twice is once.
    apply(&mut session, &[]).expect(0);
    apply(&mut session, &["--json"]).expect(0);
    session.type_in(&["export"]).expect(0);
    session.type_in(&["export", "--json"]).expect(0);
    std::fs::write(
        &document,
        "{ agents: [{ name: 'ci', labels: { by: 'apply' } }] }",
    )
    .unwrap();
    apply(&mut session, &["--prune", "by=apply", "--dry-run"]).expect(0);
    apply(&mut session, &["--prune", "by=apply"]).expect(0);
    assert!(session.gateway.admin().list("/api/v1/targets").is_empty());
    std::fs::write(&document, "{ agnets: [] }").unwrap();
    apply(&mut session, &[]).expect(2);
    let transcript = session
        .transcript()
        .replace(session.gateway.file("").to_str().unwrap(), "[folder]/");
    assert!(!transcript.contains("s3cret"), "{transcript}");
    insta::assert_snapshot!("apply_export", transcript);
}
