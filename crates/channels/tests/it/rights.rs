//! Who may make webhooks, and of what kind.

use countersign_domain::{Role, Scope};
use countersign_gate::{KeyDraft, OpCx, OperatorDraft, WebhookChange};
use countersign_testkit::Upstream;
use serde_json::json;

use crate::bed::{Bed, cx};

async fn key(bed: &Bed, operator: &str, scopes: &[Scope]) -> OpCx {
    let name = format!("{operator}-{}", scopes.len());
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    let draft: KeyDraft = serde_json::from_value(json!({
        "name": name, "owner": { "operator": operator }, "scopes": scopes,
    }))
    .unwrap();
    let key = bed.gate.add_key(&bed.owner(), draft).await.unwrap();
    cx(&bed.gate, key.secret.expose())
}

async fn code(bed: &Bed, cx: &OpCx, draft: serde_json::Value) -> Result<(), &'static str> {
    let draft = serde_json::from_value(draft).unwrap();
    let added = bed.gate.add_webhook(cx, draft).await;
    added.map(drop).map_err(|error| error.code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_and_a_key_without_the_scope_do_nothing_with_webhooks() {
    let receiver = Upstream::start().unwrap();
    let bed = Bed::new().await;
    let draft = json!({ "url": receiver.url("/"), "events": ["*"] });
    let reader = key(&bed, "owner", &[Scope::RequestRead, Scope::KeyManage]).await;
    assert_eq!(
        code(&bed, &bed.agent(), draft.clone()).await,
        Err("forbidden")
    );
    assert_eq!(code(&bed, &reader, draft.clone()).await, Err("forbidden"));
    assert_eq!(
        bed.gate.webhooks(&bed.agent()).unwrap_err().code,
        "forbidden"
    );
    let manager = key(&bed, "owner", &[Scope::WebhookManage]).await;
    assert_eq!(code(&bed, &manager, draft).await, Ok(()));
    assert_eq!(bed.gate.webhooks(&manager).unwrap().len(), 1);
    let id = bed.gate.webhooks(&manager).unwrap()[0].id.to_string();
    let test = bed.gate.test_webhook(&reader, &id).await;
    assert_eq!(test.unwrap_err().code, "forbidden");
}

/// A link decides as the operator that it is for: nobody gets another's links sent to where they like.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_links_are_one_s_own() {
    let receiver = Upstream::start().unwrap();
    let bed = Bed::new().await;
    let draft = json!({ "url": receiver.url("/"), "events": ["*"], "links": true });
    let manager = key(&bed, "owner", &[Scope::WebhookManage]).await;
    assert_eq!(code(&bed, &manager, draft.clone()).await, Err("forbidden"));
    let made = bed.webhook(draft).await;
    let id = made.webhook.id.to_string();
    let elsewhere = |links| WebhookChange {
        url: Some(receiver.url("/elsewhere")),
        links,
        ..WebhookChange::default()
    };
    let moved = bed
        .gate
        .update_webhook(&manager, &id, elsewhere(None))
        .await;
    let error = moved.unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        ("forbidden", Some("url"))
    );
    let moved = bed
        .gate
        .update_webhook(&manager, &id, elsewhere(Some(false)))
        .await;
    assert_eq!(moved.unwrap().links_for, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_owner_opens_private_addresses_and_drafts_are_checked() {
    let bed = Bed::new().await;
    bed.allow_private(false).await;
    let draft = OperatorDraft {
        name: "ann".parse().unwrap(),
        role: Role::Approver,
        password: None,
    };
    bed.gate.add_operator(&bed.owner(), draft).await.unwrap();
    for (draft, field) in [
        (
            json!({ "url": "http://127.0.0.1:9/", "events": ["*"] }),
            "url",
        ),
        (
            json!({ "url": "https://hooks.example/", "events": [] }),
            "events",
        ),
        (
            json!({ "url": "https://hooks.example/", "events": ["*"], "secret": "short" }),
            "secret",
        ),
    ] {
        let draft = serde_json::from_value(draft).unwrap();
        let Err(error) = bed.gate.add_webhook(&bed.owner(), draft).await else {
            panic!("{field} is wrong")
        };
        assert_eq!(error.field.as_deref(), Some(field));
    }
    let draft = serde_json::from_value(json!({ "url": "http://10.0.0.1/", "events": ["*"] }));
    let Err(error) = bed.gate.add_webhook(&bed.owner(), draft.unwrap()).await else {
        panic!("a private address is refused")
    };
    assert_eq!(
        error.to_string(),
        "Invalid webhook URL: Private IP addresses are not allowed"
    );
    let made = bed
        .webhook(json!({ "url": "https://not-resolvable.example/", "events": ["request.created"] }))
        .await;
    let id = made.webhook.id.to_string();
    let nothing = bed
        .gate
        .update_webhook(&bed.owner(), &id, WebhookChange::default())
        .await;
    assert_eq!(nothing.unwrap_err().to_string(), "No fields to update");
    bed.gate.remove_webhook(&bed.owner(), &id).await.unwrap();
    assert_eq!(
        bed.gate.webhook(&bed.owner(), &id).unwrap_err().code,
        "not_found"
    );
}
