//! Who may do what: roles, scopes, agents, and what nobody can give.

use countersign_domain::{Permission, Permissions, Role, Scope};
use countersign_gate::{
    AgentChange, AuditFilter, ErrorKind, Gate, GrantFilter, KillTarget, KillWord, OpCx,
    OperatorDraft, ProfileDraft, Result, RuleChange, SessionKind, SettingsChange, SignIn,
    TargetChange, TokenDraft,
};
use futures::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    TestGate, bearer, grant_draft, key_draft, name, new_agent, new_target, rule_draft, secret,
};

type Call = for<'a> fn(&'a Gate, &'a OpCx) -> BoxFuture<'a, Result<()>>;

macro_rules! call {
    ($gate:ident, $cx:ident => $call:expr) => {{
        let call: Call = |$gate, $cx| Box::pin(async move { $call.map(drop) });
        call
    }};
}

/// Every use case with the permissions that it needs. The arguments name nothing that is there: who may goes on to another error.
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn use_cases() -> Vec<(&'static str, Vec<Permission>, Call)> {
    use Permission as P;
    vec![
        (
            "add_agent",
            vec![P::ConfigWrite, P::KeyManage],
            call!(gate, cx => gate.add_agent(cx, new_agent("taken")).await),
        ),
        (
            "agents",
            vec![P::ConfigRead],
            call!(gate, cx => gate.agents(cx)),
        ),
        (
            "agent",
            vec![P::ConfigRead],
            call!(gate, cx => gate.agent(cx, "nobody")),
        ),
        (
            "update_agent",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.update_agent(cx, "nobody", AgentChange::default()).await),
        ),
        (
            "remove_agent",
            vec![P::ConfigWrite, P::KeyManage],
            call!(gate, cx => gate.remove_agent(cx, "nobody").await),
        ),
        (
            "add_key",
            vec![P::KeyManage],
            call!(gate, cx => gate.add_key(cx, key_draft("k", Some("nobody"), None, &[])).await),
        ),
        (
            "add_operator_key",
            vec![P::OperatorManage],
            call!(gate, cx => gate.add_key(cx, key_draft("k", None, Some("nobody"), &[])).await),
        ),
        (
            "keys",
            vec![P::ConfigRead],
            call!(gate, cx => gate.keys(cx)),
        ),
        (
            "key",
            vec![P::ConfigRead],
            call!(gate, cx => gate.key(cx, "nothing")),
        ),
        (
            "revoke_key",
            vec![P::KeyManage],
            call!(gate, cx => gate.revoke_key(cx, "nothing").await),
        ),
        (
            "add_target",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.add_target(cx, new_target("taken")).await),
        ),
        (
            "targets",
            vec![P::ConfigRead],
            call!(gate, cx => gate.targets(cx)),
        ),
        (
            "target",
            vec![P::ConfigRead],
            call!(gate, cx => gate.target(cx, "nothing")),
        ),
        (
            "update_target",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.update_target(cx, "nothing", TargetChange::default()).await),
        ),
        (
            "remove_target",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.remove_target(cx, "nothing").await),
        ),
        (
            "test_target",
            vec![P::ConfigRead],
            call!(gate, cx => gate.test_target(cx, "nothing").await),
        ),
        (
            "profiles",
            vec![P::ConfigRead],
            call!(gate, cx => gate.profiles(cx, "nothing")),
        ),
        (
            "add_profile",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.add_profile(cx, "nothing", ProfileDraft { name: name("p"), limits: json!({}) }).await),
        ),
        (
            "remove_profile",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.remove_profile(cx, "nothing", &name("p")).await),
        ),
        (
            "set_credential",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.set_credential(cx, bearer("nothing", "x")).await),
        ),
        (
            "credentials",
            vec![P::ConfigRead],
            call!(gate, cx => gate.credentials(cx)),
        ),
        (
            "remove_credential",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.remove_credential(cx, "nothing", None).await),
        ),
        (
            "add_grant",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.add_grant(cx, grant_draft("nobody", "nothing", "**")).await),
        ),
        (
            "grants",
            vec![P::ConfigRead],
            call!(gate, cx => gate.grants(cx, &GrantFilter::default())),
        ),
        (
            "grant",
            vec![P::ConfigRead],
            call!(gate, cx => gate.grant(cx, "nothing")),
        ),
        (
            "remove_grant",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.remove_grant(cx, "nothing").await),
        ),
        (
            "add_rule",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.add_rule(cx, rule_draft("taken")).await),
        ),
        (
            "rules",
            vec![P::ConfigRead],
            call!(gate, cx => gate.rules(cx)),
        ),
        (
            "rule",
            vec![P::ConfigRead],
            call!(gate, cx => gate.rule(cx, "nothing")),
        ),
        (
            "update_rule",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.update_rule(cx, "nothing", RuleChange::default()).await),
        ),
        (
            "remove_rule",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.remove_rule(cx, "nothing").await),
        ),
        (
            "add_operator",
            vec![P::OperatorManage],
            call!(gate, cx => gate.add_operator(cx, OperatorDraft { name: name("owner"), role: Role::Viewer, password: None }).await),
        ),
        (
            "operators",
            vec![P::ConfigRead],
            call!(gate, cx => gate.operators(cx)),
        ),
        (
            "operator",
            vec![P::ConfigRead],
            call!(gate, cx => gate.operator(cx, "nobody")),
        ),
        (
            "set_password",
            vec![P::OperatorManage],
            call!(gate, cx => gate.set_password(cx, "nobody", secret("a long password")).await),
        ),
        (
            "set_role",
            vec![P::OperatorManage],
            call!(gate, cx => gate.set_role(cx, "nobody", Role::Viewer).await),
        ),
        (
            "disable_operator",
            vec![P::OperatorManage],
            call!(gate, cx => gate.disable_operator(cx, "nobody").await),
        ),
        (
            "add_token",
            vec![P::OperatorManage],
            call!(gate, cx => {
                gate.add_token(cx, TokenDraft { operator: "nobody".into(), name: name("t"), expires_in_seconds: None }).await
            }),
        ),
        (
            "tokens",
            vec![P::OperatorManage],
            call!(gate, cx => gate.tokens(cx).await),
        ),
        (
            "revoke_token",
            vec![P::OperatorManage],
            call!(gate, cx => gate.revoke_token(cx, Uuid::nil()).await),
        ),
        (
            "settings",
            vec![P::ConfigRead],
            call!(gate, cx => gate.settings(cx)),
        ),
        (
            "update_settings",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.update_settings(cx, SettingsChange { session_hours: Some(0), ..SettingsChange::default() }).await),
        ),
        (
            "secret_rules",
            vec![P::ConfigRead],
            call!(gate, cx => gate.secret_rules(cx)),
        ),
        (
            "set_secret_rules",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.set_secret_rules(cx, String::new()).await),
        ),
        (
            "remove_secret_rules",
            vec![P::ConfigWrite],
            call!(gate, cx => gate.remove_secret_rules(cx).await),
        ),
        (
            "kill",
            vec![P::Kill],
            call!(gate, cx => {
                gate.kill(cx, KillTarget { scope: KillWord::Agent, name: Some("nobody".into()), reason: String::new() }).await
            }),
        ),
        (
            "release",
            vec![P::Kill],
            call!(gate, cx => {
                gate.release(cx, KillTarget { scope: KillWord::Agent, name: Some("nobody".into()), reason: String::new() }).await
            }),
        ),
        (
            "kills",
            vec![P::ConfigRead],
            call!(gate, cx => gate.kills(cx)),
        ),
        (
            "audit_entries",
            vec![P::AuditRead],
            call!(gate, cx => gate.audit_entries(cx, AuditFilter::default()).await),
        ),
        (
            "verify_audit",
            vec![P::AuditRead],
            call!(gate, cx => gate.verify_audit(cx).await),
        ),
        (
            "export_audit",
            vec![P::AuditRead],
            call!(gate, cx => gate.export_audit(cx).await),
        ),
        (
            "checkpoints",
            vec![P::AuditRead],
            call!(gate, cx => gate.checkpoints(cx).await),
        ),
        (
            "audit_key",
            vec![P::AuditRead],
            call!(gate, cx => gate.audit_key(cx).await),
        ),
        (
            "prune_audit",
            vec![P::AuditPrune],
            call!(gate, cx => gate.prune_audit(cx, 999_999).await),
        ),
        (
            "subscribe",
            vec![P::AuditRead],
            call!(gate, cx => gate.subscribe(cx, None).await),
        ),
        (
            "export",
            vec![P::ConfigRead],
            call!(gate, cx => gate.export(cx)),
        ),
    ]
}

/// Requirement 8: what a credential may do comes from its role and its scopes, and both must permit it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_use_case_is_open_to_exactly_those_with_its_permissions() {
    let test = TestGate::sqlite().await;
    let agent_key = test.agent("taken").await;
    test.gate
        .add_target(&test.owner(), new_target("taken"))
        .await
        .unwrap();
    test.gate
        .add_rule(&test.owner(), rule_draft("taken"))
        .await
        .unwrap();
    let mut principals: Vec<(String, OpCx, Permissions)> = vec![
        (
            "owner".into(),
            test.owner_session().await,
            Role::Owner.permissions(),
        ),
        (
            "approver".into(),
            test.operator("ann", Role::Approver, "a long password")
                .await,
            Role::Approver.permissions(),
        ),
        (
            "viewer".into(),
            test.operator("vic", Role::Viewer, "a long password").await,
            Role::Viewer.permissions(),
        ),
        (
            "agent".into(),
            test.by_key(&agent_key),
            Scope::union(&[Scope::RequestCreate, Scope::RequestRead]),
        ),
    ];
    for scope in Scope::EVERY {
        let key = test.key(&[scope]).await;
        principals.push((
            format!("key with {scope}"),
            test.by_key(&key),
            scope.permissions(),
        ));
    }
    let (entries, epoch) = (test.entries().await, test.gate.epoch());
    for (use_case, needed, call) in use_cases() {
        for (who, cx, permissions) in &principals {
            // A session stands for its operator, whose tokens are their own business.
            let is_own = matches!(use_case, "tokens" | "revoke_token")
                && matches!(
                    cx.principal,
                    countersign_gate::Principal::Operator {
                        via: countersign_gate::Via::Session { .. },
                        ..
                    }
                );
            let may = is_own
                || needed
                    .iter()
                    .all(|permission| permissions.contains(*permission));
            let refused = call(&test.gate, cx)
                .await
                .is_err_and(|error| error.kind == ErrorKind::Forbidden);
            assert_eq!(refused, !may, "{who} and {use_case}");
        }
    }
    assert_eq!(
        (test.entries().await, test.gate.epoch()),
        (entries, epoch),
        "what is refused or names nothing leaves no trace"
    );
}

/// An agent configures nothing and decides nothing, whatever its key is said to have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_can_do_nothing_here() {
    let test = TestGate::sqlite().await;
    let key = test.agent("taken").await;
    let cx = test.by_key(&key);
    for (use_case, _, call) in use_cases() {
        let error = call(&test.gate, &cx).await.expect_err(use_case);
        assert_eq!(error.kind, ErrorKind::Forbidden, "{use_case}");
    }
    assert_eq!(
        test.gate.sessions(&cx).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    assert_eq!(
        test.gate.sign_out(&cx).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    for scope in [
        Scope::Admin,
        Scope::RequestDecide,
        Scope::KeyManage,
        Scope::AuditRead,
        Scope::MetricsRead,
    ] {
        let draft = key_draft("wide", Some("taken"), None, &[Scope::RequestCreate, scope]);
        assert_eq!(
            test.gate
                .add_key(&test.owner(), draft)
                .await
                .unwrap_err()
                .field
                .as_deref(),
            Some("scopes")
        );
    }
}

/// A credential never makes another that may do more than itself: not as a key, not as a token, not as an operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_more_than_they_have() {
    let test = TestGate::sqlite().await;
    let gate = &test.gate;
    let admin = test.by_key(&test.key(&[Scope::Admin]).await);
    let draft = key_draft("decider", None, Some("owner"), &[Scope::RequestDecide]);
    assert_eq!(
        gate.add_key(&admin, draft).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    let draft = TokenDraft {
        operator: "owner".into(),
        name: name("t"),
        expires_in_seconds: None,
    };
    assert_eq!(
        gate.add_token(&admin, draft).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    for role in [Role::Owner, Role::Approver] {
        let draft = OperatorDraft {
            name: name("mole"),
            role,
            password: Some(secret("a long password")),
        };
        assert_eq!(
            gate.add_operator(&admin, draft).await.unwrap_err().kind,
            ErrorKind::Forbidden
        );
    }
    assert_eq!(
        gate.set_password(&admin, "owner", secret("a long password"))
            .await
            .unwrap_err()
            .kind,
        ErrorKind::Forbidden
    );
    let draft = OperatorDraft {
        name: name("vic"),
        role: Role::Viewer,
        password: Some(secret("a long password")),
    };
    gate.add_operator(&admin, draft).await.unwrap();
    assert_eq!(
        gate.set_role(&admin, "vic", Role::Approver)
            .await
            .unwrap_err()
            .kind,
        ErrorKind::Forbidden
    );
    // Nor does a key become a session that may do more.
    let narrow = test.key(&[Scope::Admin]).await;
    let error = gate
        .sign_in(
            "192.0.2.1",
            SignIn::Key(secret(&narrow)),
            SessionKind::Browser,
            "",
        )
        .await
        .unwrap_err();
    assert_eq!(error.code, "key_too_narrow");
    let session = test
        .sign_in(SessionKind::Browser, SignIn::Key(secret(&test.admin_key)))
        .await;
    assert_eq!(session.operator.name.as_str(), "owner");
    // An agent's key signs nobody in.
    let agent = test.agent("one").await;
    let error = gate
        .sign_in(
            "192.0.2.9",
            SignIn::Key(secret(&agent)),
            SessionKind::Browser,
            "",
        )
        .await
        .unwrap_err();
    assert_eq!(error.code, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_owner_opens_the_private_network() {
    let test = TestGate::sqlite().await;
    let mut draft = new_target("inside");
    draft.allow_private_network = true;
    assert!(
        test.gate
            .add_target(&test.owner(), draft)
            .await
            .unwrap()
            .allow_private_network
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_always_an_owner() {
    let test = TestGate::sqlite().await;
    let gate = &test.gate;
    assert_eq!(
        gate.disable_operator(&test.owner(), "owner")
            .await
            .unwrap_err()
            .code,
        "last_owner"
    );
    for role in [Role::Viewer, Role::Approver] {
        assert_eq!(
            gate.set_role(&test.owner(), "owner", role)
                .await
                .unwrap_err()
                .code,
            "last_owner"
        );
    }
    let second = test
        .operator("second", Role::Owner, "a long password")
        .await;
    let third = test.operator("third", Role::Owner, "a long password").await;
    // Two of three shut each other out and the third, all at once: who is out shuts nobody out any more, and one is left.
    let (first, other, last) = tokio::join!(
        gate.disable_operator(&second, "owner"),
        gate.disable_operator(&third, "second"),
        gate.disable_operator(&second, "third"),
    );
    let done = [first.is_ok(), other.is_ok(), last.is_ok()];
    let done = done.into_iter().filter(|done| *done).count() as u64;
    assert!((1..=2).contains(&done), "{done}");
    assert_eq!(
        test.count("SELECT COUNT(*) FROM operator WHERE role = 'owner' AND disabled_at IS NULL")
            .await,
        3 - done
    );
}

/// Requirement 5: a key stops at once, by revoking and by its own end, and so do all of a disabled operator's credentials.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_stops_at_once() {
    let test = TestGate::sqlite().await;
    let gate = &test.gate;
    let key = test.agent("one").await;
    let principal = gate.identify_key(&key).unwrap();
    assert!(gate.is_live(&principal).await);
    let id = principal.key().unwrap().id.to_string();
    let revoked = gate.revoke_key(&test.owner(), &id).await.unwrap();
    assert!(revoked.revoked_at.is_some());
    assert_eq!(
        gate.identify_key(&key).unwrap_err().kind,
        ErrorKind::Unauthenticated
    );
    assert!(!gate.is_live(&principal).await);
    // Twice is no error, and no second entry.
    gate.revoke_key(&test.owner(), &id).await.unwrap();
    assert_eq!(test.entries_of("config.key.revoked").await, 1);

    let mut draft = key_draft("short", Some("one"), None, &[]);
    draft.expires_in_seconds = Some(60);
    let short = gate.add_key(&test.owner(), draft).await.unwrap();
    gate.identify_key(short.secret.expose()).unwrap();
    test.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(
        gate.identify_key(short.secret.expose()).unwrap_err().kind,
        ErrorKind::Unauthenticated
    );

    let ann = test
        .operator("ann", Role::Approver, "a long password")
        .await;
    let key = gate
        .add_key(
            &test.owner(),
            key_draft("anns", None, Some("ann"), &[Scope::RequestRead]),
        )
        .await
        .unwrap();
    let token = TokenDraft {
        operator: "ann".into(),
        name: name("t"),
        expires_in_seconds: None,
    };
    let token = gate.add_token(&test.owner(), token).await.unwrap();
    gate.disable_operator(&test.owner(), "ann").await.unwrap();
    assert!(gate.identify_key(key.secret.expose()).is_err());
    assert!(!gate.is_live(&ann.principal).await);
    for credential in [
        SignIn::Token(token.secret),
        SignIn::Password {
            name: "ann".into(),
            password: secret("a long password"),
        },
    ] {
        let error = gate
            .sign_in("192.0.2.7", credential, SessionKind::Browser, "")
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid_credentials");
    }
}

/// Requirements 5, 20: neither a credential's value nor any token is in the store, and no list or error shows one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_store_or_in_any_answer() {
    const VALUE: &str = "sk_live_canary_4242424242424242";
    const PASSWORD: &str = "canary-password-4242";
    let test = TestGate::sqlite().await;
    let gate = &test.gate;
    let agent_key = test.agent("one").await;
    gate.add_target(&test.owner(), new_target("payments"))
        .await
        .unwrap();
    gate.set_credential(&test.owner(), bearer("payments", VALUE))
        .await
        .unwrap();
    let draft = OperatorDraft {
        name: name("ann"),
        role: Role::Viewer,
        password: Some(secret(PASSWORD)),
    };
    gate.add_operator(&test.owner(), draft).await.unwrap();
    let session = test
        .sign_in(
            SessionKind::Browser,
            SignIn::Password {
                name: "ann".into(),
                password: secret(PASSWORD),
            },
        )
        .await;
    let wrong = SignIn::Password {
        name: "ann".into(),
        password: secret("canary-wrong-password"),
    };
    let failed = gate
        .sign_in("192.0.2.1", wrong, SessionKind::Browser, "")
        .await
        .unwrap_err();
    let mut mistyped = bearer("payments", VALUE);
    mistyped.fields.insert(VALUE.to_owned(), secret("x"));
    let refused = gate
        .set_credential(&test.owner(), mistyped)
        .await
        .unwrap_err();
    let answers = format!(
        "{:?} {:?} {:?} {failed:?} {failed} {refused:?} {refused} {}",
        gate.credentials(&test.owner()).unwrap(),
        gate.keys(&test.owner())
            .unwrap()
            .iter()
            .map(|key| serde_json::to_string(key).unwrap())
            .collect::<Vec<_>>(),
        gate.operators(&test.owner())
            .unwrap()
            .iter()
            .map(|it| serde_json::to_string(it).unwrap())
            .collect::<Vec<_>>(),
        serde_json::to_string(&gate.export(&test.owner()).unwrap()).unwrap(),
    );
    let stored = test.dump().await;
    assert!(
        stored.contains("payments") && stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"),
        "requirement 6, and the dump is real"
    );
    let csrf = session.csrf.expose();
    for canary in [
        VALUE,
        PASSWORD,
        "canary-wrong",
        &agent_key,
        &test.token,
        &test.admin_key,
        session.secret.expose(),
        csrf,
    ] {
        assert!(!stored.contains(canary), "a secret is in the store");
        assert!(!answers.contains(canary), "a secret is in an answer");
    }
    let file = std::fs::read(test.folder.path().join("store.db")).unwrap();
    assert!(
        !file.windows(8).any(|window| window == b"payments"),
        "the file is encrypted"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_input_is_refused_and_names_its_field() {
    let test = TestGate::sqlite().await;
    let cx = test.owner();
    let gate = &test.gate;
    let field = |result: Result<()>| result.unwrap_err().field.unwrap_or_default().into_owned();
    let mut agent = new_agent("a");
    agent.description = "line\u{1b}[31m".into();
    assert_eq!(
        field(gate.add_agent(&cx, agent).await.map(drop)),
        "description"
    );
    assert_eq!(
        field(
            gate.add_agent(&cx, new_agent(&Uuid::now_v7().to_string()))
                .await
                .map(drop)
        ),
        "name"
    );
    let mut agent = new_agent("a");
    agent.labels.insert("x".repeat(300), String::new());
    assert_eq!(field(gate.add_agent(&cx, agent).await.map(drop)), "labels");
    let mut target = new_target("t");
    target.risk_threshold = Some(f64::NAN);
    assert_eq!(
        field(gate.add_target(&cx, target).await.map(drop)),
        "risk_threshold"
    );
    let mut target = new_target("t");
    target.limits.header_bytes = 0;
    assert_eq!(
        field(gate.add_target(&cx, target).await.map(drop)),
        "limits.header_bytes"
    );
    let mut target = new_target("t");
    target.config = json!({ "base_url": "a\u{0}b" });
    assert_eq!(
        field(gate.add_target(&cx, target).await.map(drop)),
        "config"
    );
    let mut target = new_target("t");
    target.connector = "telepathy".into();
    assert_eq!(
        field(gate.add_target(&cx, target).await.map(drop)),
        "connector"
    );
    let mut rule = rule_draft("r");
    rule.matcher.effect = Some(vec![]);
    assert_eq!(field(gate.add_rule(&cx, rule).await.map(drop)), "match");
    let mut key = key_draft("k", None, Some("owner"), &[]);
    key.owner.agent = Some("both".into());
    assert_eq!(field(gate.add_key(&cx, key).await.map(drop)), "owner");
    let change = SettingsChange {
        session_hours: Some(0),
        ..SettingsChange::default()
    };
    assert_eq!(
        field(gate.update_settings(&cx, change).await.map(drop)),
        "session_hours"
    );
    let change: SettingsChange =
        serde_json::from_value(json!({ "sign_in": { "token": false, "password": false } }))
            .unwrap();
    assert_eq!(
        field(gate.update_settings(&cx, change).await.map(drop)),
        "sign_in"
    );
    let change: SettingsChange =
        serde_json::from_value(json!({ "sign_in": { "token": false } })).unwrap();
    assert_eq!(
        gate.update_settings(&cx, change).await.unwrap_err().code,
        "no_password_owner"
    );
    assert!(serde_json::from_value::<SettingsChange>(json!({ "sesion_hours": 3 })).is_err());
    let draft = OperatorDraft {
        name: name("x"),
        role: Role::Viewer,
        password: Some(secret("short")),
    };
    assert_eq!(
        field(gate.add_operator(&cx, draft).await.map(drop)),
        "password"
    );
    gate.add_target(&cx, new_target("payments")).await.unwrap();
    let mut credential = bearer("payments", "x");
    credential.fields.clear();
    assert_eq!(
        field(gate.set_credential(&cx, credential).await.map(drop)),
        "fields"
    );
    assert_eq!(
        field(
            gate.set_credential(&cx, bearer("payments", ""))
                .await
                .map(drop)
        ),
        "fields"
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM agent").await, 0);
}

/// Requirement 8: who was stopped since they were identified changes nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stopped_since_it_came_in_changes_nothing() {
    let test = TestGate::sqlite().await;
    let key = test.key(&[Scope::Admin]).await;
    let by_key = test.by_key(&key);
    let bea = test.operator("bea", Role::Owner, "a long password").await;
    let cid = test.operator("cid", Role::Owner, "a long password").await;
    let owner = test.owner();
    let id = by_key.principal.key().unwrap().id.to_string();
    test.gate.revoke_key(&owner, &id).await.unwrap();
    test.gate
        .set_role(&owner, "bea", Role::Viewer)
        .await
        .unwrap();
    test.gate.sign_out(&cid).await.unwrap();
    for (cx, kind) in [
        (by_key, ErrorKind::Unauthenticated),
        (bea, ErrorKind::Forbidden),
        (cid, ErrorKind::Unauthenticated),
    ] {
        let error = test
            .gate
            .add_agent(&cx, new_agent("late"))
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        if kind == ErrorKind::Unauthenticated {
            assert_eq!(test.gate.refresh(&cx).await.unwrap_err().kind, kind);
        }
    }
    assert!(test.gate.agents(&owner).unwrap().is_empty());
}
