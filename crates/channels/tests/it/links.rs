//! Decision links in webhooks: the receiver's work, the log has none, and one delivery has one pair however often it is tried.

use std::{sync::Arc, time::Duration};

use countersign_domain::{DeliveryState, VoteKind};
use countersign_gate::SettingsChange;
use countersign_testkit::{Reply, Upstream};
use serde_json::{Value, json};

use crate::bed::Bed;

async fn links_decide(bed: Bed) {
    let receiver = Upstream::start().unwrap();
    // The worst receiver sends back what it was sent.
    receiver.on_each("/hook", [Reply::status(503), Reply::echo()]);
    let change: SettingsChange =
        serde_json::from_value(json!({ "links": { "base_url": "https://gate.example" } })).unwrap();
    bed.gate
        .update_settings(&bed.owner(), change)
        .await
        .unwrap();
    let draft =
        json!({ "url": receiver.url("/hook"), "events": ["request.created"], "links": true });
    let made = bed.webhook(draft).await;
    let webhook = made.webhook.id.to_string();
    let id = bed.ask().await;
    bed.until(&webhook, "tried", |all| {
        all.first().is_some_and(|one| one.row.attempts == 1)
    })
    .await;
    bed.clock.advance(Duration::from_secs(4));
    bed.until(&webhook, "taken", |all| {
        all.first()
            .is_some_and(|one| one.row.state == DeliveryState::Success)
    })
    .await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    // Tried again, it is the same pair.
    assert_eq!(requests[0].body, requests[1].body);
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    let links = &body["data"]["links"];
    let token = |kind: &str| {
        let url = links[kind].as_str().unwrap();
        url.strip_prefix("https://gate.example/l/")
            .unwrap()
            .to_owned()
    };
    let (approve, deny) = (token("approve"), token("deny"));
    assert_eq!((approve.len(), deny.len()), (43, 43));
    let logged = format!("{:?}", bed.deliveries(&webhook).await);
    assert!(logged.contains("[link]"), "{logged}");
    assert!(
        !logged.contains(&approve) && !logged.contains(&deny),
        "{logged}"
    );
    let source: Arc<str> = "192.0.2.1".into();
    let (kind, view) = bed
        .gate
        .decide_by_link(&source, &approve, "", None)
        .await
        .unwrap();
    assert_eq!(
        (kind, view.request.id, view.request.state.as_str()),
        (VoteKind::Approve, id, "approved")
    );
    let twin = bed.gate.decide_by_link(&source, &deny, "", None).await;
    assert_eq!(twin.unwrap_err().code, "link_used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_s_links_decide_on_sqlite() {
    Box::pin(links_decide(Bed::new().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_s_links_decide_on_postgres() {
    if let Some(bed) = Bed::postgres().await {
        Box::pin(links_decide(bed)).await;
    }
}
