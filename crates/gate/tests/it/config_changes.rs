//! Every change of configuration: one entry of its kind, one step of the epoch, visible before it is answered.

use std::time::Duration;

use countersign_domain::Role;
use countersign_gate::{
    AgentChange, Error, ErrorKind, HeaderLocation, KillTarget, KillWord, OperatorDraft,
    ProfileDraft, RuleChange, SessionKind, SettingsChange, SignIn, TargetChange, TokenDraft,
};
use countersign_store::{StoreError, Tx, vault_headers};
use countersign_vault::{HeaderFile, KdfParameters, Passphrase, VaultHeader};
use serde_json::json;

use crate::stage::Stage;
use crate::support::{
    TestGate, bearer, by_key, grant_draft, key_draft, name, new_agent, new_target, rule_draft,
    secret,
};

/// What a use case leaves behind: the number of entries, those of its kind, the epoch.
async fn mark(test: &TestGate, kind: &'static str) -> (u64, u64, u64) {
    (
        test.entries().await,
        test.entries_of(kind).await,
        test.gate.epoch(),
    )
}

/// Runs a use case and compares what it leaves behind: one entry of the kind, and `epochs` steps of the epoch.
macro_rules! step {
    ($test:ident, $kind:literal, $epochs:literal, $call:expr) => {{
        let (entries, of_kind, epoch) = mark($test, $kind).await;
        let value = $call.await.unwrap();
        let expected = (entries + 1, of_kind + 1, epoch + $epochs);
        assert_eq!(mark($test, $kind).await, expected, "after {}", $kind);
        value
    }};
}

/// Requirement 40: every change of configuration and every sign-in has its entry, in the unit that makes it.
#[expect(clippy::too_many_lines, reason = "it is one table")]
async fn every_use_case(test: &TestGate) {
    assert_eq!(test.entries_of("gateway.onboarded").await, 1);
    let gate = test.gate.clone();
    let cx = test.owner();

    let (agent, _) = step!(
        test,
        "config.agent.created",
        1,
        gate.add_agent(&cx, new_agent("billing"))
    );
    let change = AgentChange {
        description: Some("pays".into()),
        ..AgentChange::default()
    };
    let changed = step!(
        test,
        "config.agent.updated",
        1,
        gate.update_agent(&cx, "billing", change)
    );
    assert_eq!(changed.description, "pays");
    let key = step!(
        test,
        "config.key.created",
        1,
        gate.add_key(&cx, key_draft("second", Some("billing"), None, &[]))
    );
    step!(
        test,
        "config.key.revoked",
        1,
        gate.revoke_key(&cx, &key.key.id.to_string())
    );

    let target = step!(
        test,
        "config.target.created",
        1,
        gate.add_target(&cx, new_target("payments"))
    );
    let change = TargetChange {
        config: Some(json!({ "base_url": "fake://y" })),
        ..TargetChange::default()
    };
    let changed = step!(
        test,
        "config.target.updated",
        1,
        gate.update_target(&cx, "payments", change)
    );
    assert_eq!((changed.revision, target.revision), (2, 1));
    let change = TargetChange {
        risk_threshold: Some(Some(0.5)),
        ..TargetChange::default()
    };
    let changed = step!(
        test,
        "config.target.updated",
        1,
        gate.update_target(&cx, "payments", change)
    );
    assert_eq!((changed.revision, changed.risk_threshold), (2, Some(0.5)));
    let draft = ProfileDraft {
        name: name("narrow"),
        limits: json!({}),
    };
    step!(
        test,
        "config.profile.created",
        1,
        gate.add_profile(&cx, "payments", draft)
    );
    step!(
        test,
        "config.profile.removed",
        1,
        gate.remove_profile(&cx, "payments", &name("narrow"))
    );
    let first = step!(
        test,
        "config.credential.set",
        1,
        gate.set_credential(&cx, bearer("payments", "one"))
    );
    let second = step!(
        test,
        "config.credential.set",
        1,
        gate.set_credential(&cx, bearer("payments", "two"))
    );
    assert_eq!((second.id, second.operator_revision), (first.id, 2));
    step!(
        test,
        "config.credential.removed",
        1,
        gate.remove_credential(&cx, "payments", None)
    );
    let grant = step!(
        test,
        "config.grant.created",
        1,
        gate.add_grant(&cx, grant_draft("billing", "payments", "GET /**"))
    );
    step!(
        test,
        "config.grant.removed",
        1,
        gate.remove_grant(&cx, &grant.id.to_string())
    );
    step!(
        test,
        "config.rule.created",
        1,
        gate.add_rule(&cx, rule_draft("careful"))
    );
    let change = RuleChange {
        priority: Some(7),
        ..RuleChange::default()
    };
    let changed = step!(
        test,
        "config.rule.updated",
        1,
        gate.update_rule(&cx, "careful", change)
    );
    assert_eq!(changed.priority, 7);
    step!(
        test,
        "config.rule.removed",
        1,
        gate.remove_rule(&cx, "careful")
    );

    let change = SettingsChange {
        session_hours: Some(2),
        ..SettingsChange::default()
    };
    let settings = step!(
        test,
        "config.settings.updated",
        1,
        gate.update_settings(&cx, change)
    );
    assert_eq!(
        (settings.session_hours, settings.approval_deadline_seconds),
        (2, 86_400)
    );
    let file = "version 1\nrule own\nkind Own\nkeyword own_\ntoken own_[a-z]{9}\n".to_owned();
    let rules = step!(
        test,
        "config.secret_rules.set",
        1,
        gate.set_secret_rules(&cx, file)
    );
    assert_eq!(rules.rules.len(), 1);
    step!(
        test,
        "config.secret_rules.removed",
        1,
        gate.remove_secret_rules(&cx)
    );

    let draft = OperatorDraft {
        name: name("ann"),
        role: Role::Viewer,
        password: None,
    };
    let (ann, _) = step!(
        test,
        "config.operator.created",
        1,
        gate.add_operator(&cx, draft)
    );
    step!(
        test,
        "config.operator.role_set",
        1,
        gate.set_role(&cx, "ann", Role::Approver)
    );
    step!(
        test,
        "config.operator.password_set",
        1,
        gate.set_password(&cx, "ann", secret("a long password"))
    );
    let draft = TokenDraft {
        operator: "ann".into(),
        name: name("laptop"),
        expires_in_seconds: None,
    };
    let token = step!(test, "config.token.created", 1, gate.add_token(&cx, draft));
    step!(
        test,
        "config.token.revoked",
        1,
        gate.revoke_token(&cx, token.view.id)
    );

    let credential = SignIn::Password {
        name: "ann".into(),
        password: secret("a long password"),
    };
    let session = step!(
        test,
        "signin.succeeded",
        0,
        gate.sign_in("192.0.2.1", credential, SessionKind::Terminal, "laptop")
    );
    let own = test.by_session(&session).await;
    let credential = SignIn::Password {
        name: "ann".into(),
        password: secret("a long password"),
    };
    step!(test, "session.proved", 0, gate.prove(&own, credential));
    step!(
        test,
        "session.ended",
        0,
        gate.end_session(&cx, session.session_id)
    );
    let failed = mark(test, "signin.failed").await;
    gate.sign_in(
        "192.0.2.1",
        SignIn::Token(secret("cs_wrong")),
        SessionKind::Browser,
        "",
    )
    .await
    .unwrap_err();
    assert_eq!(
        mark(test, "signin.failed").await,
        (failed.0 + 1, failed.1 + 1, failed.2)
    );
    step!(
        test,
        "config.operator.disabled",
        1,
        gate.disable_operator(&cx, &ann.id.to_string())
    );

    for (scope, named) in [
        (KillWord::All, None),
        (KillWord::Agent, Some("billing")),
        (KillWord::Target, Some("payments")),
    ] {
        let what = KillTarget {
            scope,
            name: named.map(str::to_owned),
            reason: "test".into(),
        };
        let kill = step!(test, "kill.engaged", 1, gate.kill(&cx, what.clone()));
        assert_eq!(
            (kill.by, kill.reason.as_str()),
            (cx.principal.actor(), "test")
        );
        assert_eq!(gate.kills(&cx).unwrap().len(), 1);
        step!(test, "kill.released", 1, gate.release(&cx, what));
    }
    step!(
        test,
        "config.target.removed",
        1,
        gate.remove_target(&cx, "payments")
    );
    step!(
        test,
        "config.agent.removed",
        1,
        gate.remove_agent(&cx, &agent.id.to_string())
    );
    // A removed name is free again; a disabled operator's is not.
    gate.add_agent(&cx, new_agent("billing")).await.unwrap();
    let draft = OperatorDraft {
        name: name("ann"),
        role: Role::Viewer,
        password: None,
    };
    assert_eq!(
        gate.add_operator(&cx, draft).await.unwrap_err().code,
        "name_taken"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_has_its_entry_and_its_epoch_on_postgresql() {
    let Some(test) = TestGate::postgres().await else {
        return;
    };
    every_use_case(&test).await;
    // A second reading finds what the first gate has, piece by piece.
    let other = test.another().await;
    let again = other.export(&by_key(&other, &test.admin_key)).unwrap();
    assert_eq!(again, test.gate.export(&test.owner()).unwrap());
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_has_its_entry_and_its_epoch_on_sqlite() {
    every_use_case(&TestGate::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_survives_a_restart() {
    let mut test = TestGate::sqlite().await;
    test.gate
        .add_agent(&test.owner(), new_agent("one"))
        .await
        .unwrap();
    test.gate
        .add_target(&test.owner(), new_target("payments"))
        .await
        .unwrap();
    test.gate
        .add_grant(&test.owner(), grant_draft("one", "payments", "GET /**"))
        .await
        .unwrap();
    test.gate
        .add_rule(&test.owner(), rule_draft("careful"))
        .await
        .unwrap();
    test.gate
        .set_credential(&test.owner(), bearer("payments", "value"))
        .await
        .unwrap();
    let before = test.gate.export(&test.owner()).unwrap();
    test.restart().await;
    assert_eq!(test.gate.export(&test.owner()).unwrap(), before);
    assert_eq!(
        before.grants.len() + before.rules.len() + before.agents.len(),
        3
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_seen_by_everybody_once_it_is_answered() {
    let test = TestGate::sqlite().await;
    for index in 0..20 {
        let agent = format!("agent-{index}");
        let key = test.agent(&agent).await;
        test.gate.identify_key(&key).unwrap();
        test.gate.remove_agent(&test.owner(), &agent).await.unwrap();
        assert_eq!(
            test.gate.identify_key(&key).unwrap_err().kind,
            ErrorKind::Unauthenticated
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_fails_leaves_everything_as_it_was() {
    let test = TestGate::sqlite().await;
    test.agent("one").await;
    let (entries, epoch) = (test.entries().await, test.gate.epoch());
    let before = test.gate.export(&test.owner()).unwrap();
    assert_eq!(
        test.gate
            .add_agent(&test.owner(), new_agent("one"))
            .await
            .unwrap_err()
            .code,
        "name_taken"
    );
    assert_eq!((test.entries().await, test.gate.epoch()), (entries, epoch));
    assert_eq!(test.gate.export(&test.owner()).unwrap(), before);
    let stored = test.count("SELECT epoch FROM config_epoch").await;
    assert_eq!(stored, epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_carried_out_even_if_nobody_waits() {
    let test = TestGate::sqlite().await;
    let cx = test.owner();
    {
        let change = test.gate.add_agent(&cx, new_agent("orphan"));
        // Polled once, then dropped: the unit is under way, or done already on a fast machine.
        let mut change = std::pin::pin!(change);
        drop(futures::poll!(change.as_mut()));
    }
    for _ in 0..200 {
        if test.gate.agent(&test.owner(), "orphan").is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the change of somebody who went away is not in the snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_see_each_others_changes_within_a_second() {
    let Some(test) = TestGate::postgres().await else {
        return;
    };
    let other = test.another().await;
    let key = test.agent("shared").await;
    let mut seen = None;
    for waited in 0..100 {
        if let Ok(principal) = other.identify_key(&key) {
            seen = Some((waited, principal));
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(seen.is_some(), "a second is over");
    // Both change at once: nothing is lost, and both end at the same configuration.
    let changes = (0..20).map(|index| {
        let gate = if index % 2 == 0 {
            test.gate.clone()
        } else {
            other.clone()
        };
        let admin_key = test.admin_key.clone();
        async move {
            gate.add_agent(
                &by_key(&gate, &admin_key),
                new_agent(&format!("both-{index}")),
            )
            .await
            .map(drop)
        }
    });
    for result in futures::future::join_all(changes).await {
        result.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(test.gate.epoch(), other.epoch());
    assert_eq!(
        other
            .agents(&by_key(&other, &test.admin_key))
            .unwrap()
            .len(),
        21
    );
    assert_eq!(test.gate.agents(&test.owner()).unwrap().len(), 21);
    // A revoked key is refused by the other replica within a second (requirement 5).
    let id = test
        .gate
        .keys(&test.owner())
        .unwrap()
        .iter()
        .find(|it| key.starts_with(&it.prefix))
        .unwrap()
        .id
        .to_string();
    test.gate.revoke_key(&test.owner(), &id).await.unwrap();
    assert!(test.gate.identify_key(&key).is_err());
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(
        other.identify_key(&key).unwrap_err().kind,
        ErrorKind::Unauthenticated
    );
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_cannot_be_confirmed_is_not_decided_on() {
    let Some(test) = TestGate::postgres().await else {
        return;
    };
    test.gate.workspace().store.close().await;
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    let error = test.gate.identify_key(&test.admin_key).unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Unavailable, "configuration_stale")
    );
    assert!(test.gate.configuration_is_stale());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_onboarding_changes_nothing() {
    let test = TestGate::sqlite().await;
    let before = (
        test.entries().await,
        test.count("SELECT epoch FROM config_epoch").await,
    );
    let workspace = test.gate.workspace().clone();
    assert!(
        countersign_gate::is_onboarded(&workspace.store)
            .await
            .unwrap()
    );
    let draft = countersign_gate::OnboardDraft {
        operator: name("second"),
        with_decide: false,
    };
    let error: Error = countersign_gate::onboard(&workspace, draft, &*test.clock)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Conflict, "already_onboarded")
    );
    assert_eq!(
        (
            test.entries().await,
            test.count("SELECT epoch FROM config_epoch").await
        ),
        before
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM operator").await, 1);
}

fn phrase(text: &str) -> Passphrase {
    Passphrase::new(secret(text)).unwrap()
}

async fn put_header(test: &TestGate, header: &VaultHeader) {
    let json = String::from_utf8(header.to_json()).unwrap();
    let write = move |tx: &mut Tx<'_>| vault_headers::create(tx, &json);
    test.gate
        .workspace()
        .store
        .write::<_, StoreError, _>(write)
        .await
        .unwrap();
}

/// Requirement 23: only the passphrase changes; the old one is refused from then on, and a wrong one changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_passphrase_changes_in_a_file_and_in_the_store() {
    let (header, vault) =
        VaultHeader::create(&phrase("the first passphrase"), KdfParameters::MINIMUM).unwrap();
    let test = TestGate::with_vault(vault).await;
    let file = HeaderFile::new(test.folder.path());
    file.create(&header).unwrap();
    put_header(&test, &header).await;
    let owner = test.owner();
    for (done, location) in [
        (1, HeaderLocation::File(file.clone())),
        (2, HeaderLocation::Store),
    ] {
        let rekey = |old: &'static str| {
            test.gate.rekey(
                &owner,
                location.clone(),
                phrase(old),
                phrase("the second passphrase"),
                KdfParameters::MINIMUM,
            )
        };
        assert_eq!(
            rekey("not the passphrase").await.unwrap_err().code,
            "wrong_passphrase"
        );
        assert_eq!(test.entries_of("vault.rekeyed").await, done - 1);
        rekey("the first passphrase").await.unwrap();
        assert_eq!(test.entries_of("vault.rekeyed").await, done);
    }
    let stored = test
        .gate
        .workspace()
        .store
        .read::<_, StoreError, _>(vault_headers::get)
        .await
        .unwrap()
        .unwrap();
    for header in [
        file.read().unwrap(),
        VaultHeader::parse(stored.as_bytes()).unwrap(),
    ] {
        assert!(header.unlock(&phrase("the first passphrase")).is_err());
        assert_eq!(
            header
                .unlock(&phrase("the second passphrase"))
                .unwrap()
                .key_id(),
            test.vault.key_id()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_vaults_header_is_left_alone() {
    let test = TestGate::sqlite().await;
    let (header, _) =
        VaultHeader::create(&phrase("the first passphrase"), KdfParameters::MINIMUM).unwrap();
    put_header(&test, &header).await;
    let (old, new) = (
        phrase("the first passphrase"),
        phrase("the second passphrase"),
    );
    let error = test
        .gate
        .rekey(
            &test.owner(),
            HeaderLocation::Store,
            old,
            new,
            KdfParameters::MINIMUM,
        )
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, test.entries_of("vault.rekeyed").await),
        ("vault_header", 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_agent_asked_for_is_taken_back() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage
        .gate
        .remove_agent(&stage.owner(), "demo")
        .await
        .unwrap();
    assert_eq!(stage.state(id).await, "cancelled");
    assert_eq!(stage.fake.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_approved_on_a_removed_target_never_runs() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(id).await.unwrap();
    stage
        .gate
        .remove_target(&stage.owner(), "payments")
        .await
        .unwrap();
    assert_eq!(stage.state(id).await, "revoked");
    stage.gate.execute(&stage.agent(), id).await.unwrap_err();
    assert_eq!(stage.fake.calls(), 0);
}
