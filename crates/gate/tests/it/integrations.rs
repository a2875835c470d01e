//! Keys for integrations: what a maker's credential must hold for what comes into being with a key, and that no key outgrows its maker's.

use countersign_domain::Scope;
use countersign_gate::{ErrorKind, IntegrationKeyDraft, OpCx};

use crate::support::{TestGate, key_draft};

fn draft(name: &str, scopes: &[Scope]) -> IntegrationKeyDraft {
    IntegrationKeyDraft {
        name: name.to_owned(),
        scopes: scopes.to_vec(),
        rate_limit_per_minute: None,
        agent: None,
    }
}

/// Requirement 8: agents, grants and operators' keys need their own permissions, whichever way they are made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_manages_keys_makes_no_agents_and_no_operators_keys() {
    let test = TestGate::sqlite().await;
    test.agent("one").await;
    let manager: OpCx = test.by_key(&test.key(&[Scope::KeyManage]).await);
    for scopes in [
        &[Scope::RequestCreate][..],
        &[Scope::KeyManage],
        &[Scope::RequestDecide],
    ] {
        let made = test.gate.add_integration_key(&manager, draft("x", scopes));
        assert_eq!(
            made.await.map(|_| ()).unwrap_err().kind,
            ErrorKind::Forbidden,
            "{scopes:?}"
        );
    }
    // A key for an agent that is there already is theirs to make.
    let bound = IntegrationKeyDraft {
        agent: Some("one".to_owned()),
        ..draft("x", &[Scope::RequestCreate])
    };
    test.gate
        .add_integration_key(&manager, bound)
        .await
        .unwrap();
}

/// A key that ends, or may call so often, makes none that lasts longer or may call more often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_outgrows_the_key_that_it_is_made_with() {
    let test = TestGate::sqlite().await;
    test.agent("one").await;
    let mut short = key_draft("short", None, Some("owner"), &[Scope::Admin]);
    short.expires_in_seconds = Some(600);
    short.rate_limit_per_minute = Some(10);
    let short = test.gate.add_key(&test.owner(), short).await.unwrap();
    let maker = test.by_key(short.secret.expose());
    let ends_at = short.key.expires_at;
    assert!(ends_at.is_some());
    let bound = |limit| IntegrationKeyDraft {
        rate_limit_per_minute: limit,
        agent: Some("one".to_owned()),
        ..draft("x", &[Scope::RequestCreate])
    };
    for (asked, given) in [(None, 10), (Some(1_000), 10), (Some(5), 5)] {
        let made = test.gate.add_integration_key(&maker, bound(asked)).await;
        let key = made.unwrap().0.key;
        assert_eq!(
            (key.expires_at, key.rate_limit_per_minute),
            (ends_at, Some(given))
        );
    }
    let mut child = key_draft("child", None, Some("owner"), &[Scope::Admin]);
    child.expires_in_seconds = Some(86_400);
    let child = test.gate.add_key(&maker, child).await.unwrap().key;
    assert_eq!(
        (child.expires_at, child.rate_limit_per_minute),
        (ends_at, Some(10))
    );
    // Without a key there is nothing to be held to.
    let draft = key_draft("free", None, Some("owner"), &[Scope::Admin]);
    let free = test.gate.add_key(&test.owner_session().await, draft).await;
    assert_eq!(free.unwrap().key.expires_at, None);
}
