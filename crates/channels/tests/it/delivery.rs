//! What is sent, when, and how often.

use std::time::Duration;

use countersign_domain::{DeliveryState, VoteKind};
use countersign_gate::{ATTEMPTS, DeliveryView};
use countersign_testkit::{Reply, Upstream};
use serde_json::{Value, json};

use crate::bed::{Bed, work};

fn events(receiver: &Upstream) -> Vec<String> {
    let event = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).unwrap();
        body["event"].as_str().unwrap().to_owned()
    };
    let mut events: Vec<_> = receiver
        .requests()
        .iter()
        .map(|request| event(&request.body))
        .collect();
    events.sort();
    events
}

fn all(state: DeliveryState, count: usize) -> impl Fn(&[DeliveryView]) -> bool {
    move |deliveries| {
        deliveries.len() == count && deliveries.iter().all(|one| one.row.state == state)
    }
}

async fn every_event_by_its_name(bed: Bed) {
    let receiver = Upstream::start().unwrap();
    receiver.on("/all", Reply::status(200));
    receiver.on("/denied", Reply::status(200));
    let webhook = bed.all_to(&receiver.url("/all")).await;
    bed.webhook(
        json!({ "url": receiver.url("/denied"), "events": ["request.denied", "request.expired"] }),
    )
    .await;
    let approved = bed.ask().await;
    bed.decide(approved, VoteKind::Approve, "").await;
    let denied = bed.ask().await;
    bed.decide(denied, VoteKind::Deny, "no").await;
    bed.ask().await;
    bed.clock.advance(Duration::from_hours(25));
    bed.until(&webhook, "delivered", all(DeliveryState::Success, 8))
        .await;
    bed.seen(&receiver, "/denied", 2).await;
    assert_eq!(receiver.count("/denied"), 2);
    let expected = [
        "request.approved",
        "request.created",
        "request.created",
        "request.created",
        "request.decided",
        "request.decided",
        "request.denied",
        "request.denied",
        "request.expired",
        "request.expired",
    ];
    assert_eq!(events(&receiver), expected);
    let stats = bed.gate.webhook_stats(&bed.owner()).await.unwrap();
    assert_eq!(stats[0].counts.success, 8);
    let metrics = bed.gate.metrics().await.unwrap();
    assert_eq!(metrics.deliveries[0], ("success", 10));
    bed.gate.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_goes_to_who_subscribed_on_sqlite() {
    Box::pin(every_event_by_its_name(Bed::new().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_goes_to_who_subscribed_on_postgres() {
    if let Some(bed) = Bed::postgres().await {
        Box::pin(every_event_by_its_name(bed)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_s_own_decisions_are_told_and_nothing_is_written_where_nobody_listens() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::status(200));
    let bed = Bed::new().await;
    let webhook = bed
        .webhook(json!({ "url": receiver.url("/hook"), "events": ["request.denied", "request.approved"] }))
        .await;
    let id = webhook.webhook.id.to_string();
    bed.ask().await;
    bed.submit("look_up", json!({})).await;
    bed.submit("drop_table", json!({})).await;
    let told = bed
        .until(&id, "delivered", all(DeliveryState::Success, 2))
        .await;
    for delivery in told {
        let payload: Value = serde_json::from_str(&delivery.payload.unwrap()).unwrap();
        assert_eq!(payload["data"]["decidedBy"], "policy");
    }
    assert_eq!(events(&receiver), ["request.approved", "request.denied"]);
}

/// The pauses are two, four, eight ... seconds and at most half of that more, by the gate's clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_sent_again_later_under_the_same_id() {
    let receiver = Upstream::start().unwrap();
    let replies = [503, 500, 301, 200].map(Reply::status);
    receiver.on_each("/hook", replies);
    let bed = Bed::new().await;
    let made = bed
        .webhook(json!({ "url": receiver.url("/hook"), "events": ["request.created"] }))
        .await;
    let webhook = made.webhook.id.to_string();
    bed.ask().await;
    for attempts in 1..=3_u32 {
        let tried = bed
            .until(&webhook, "tried", |all| {
                all.first().is_some_and(|one| one.row.attempts == attempts)
            })
            .await;
        let row = &tried[0].row;
        assert_eq!(row.state, DeliveryState::Pending);
        let pause = row.due_at.since(row.attempted_at.unwrap());
        let least = Duration::from_secs(1 << attempts);
        assert!(pause >= least && pause <= least * 3 / 2, "{pause:?}");
        bed.clock.advance(least / 2);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(
            receiver.count("/hook"),
            usize::try_from(attempts).unwrap(),
            "too early"
        );
        bed.clock.advance(least);
    }
    bed.until(&webhook, "taken", all(DeliveryState::Success, 1))
        .await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!(
            request.header("webhook-id"),
            requests[0].header("webhook-id")
        );
        assert_eq!(request.body, requests[0].body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_eight_attempts_it_is_given_up_and_can_be_replayed() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::status(500));
    let bed = Bed::new().await;
    let made = bed
        .webhook(json!({ "url": receiver.url("/hook"), "events": ["request.created"] }))
        .await;
    let webhook = made.webhook.id.to_string();
    bed.ask().await;
    for attempts in 1..=ATTEMPTS {
        bed.until(&webhook, "tried", |all| {
            all.first().is_some_and(|one| one.row.attempts >= attempts)
        })
        .await;
        bed.clock.advance(Duration::from_hours(1));
    }
    let given_up = bed
        .until(&webhook, "given up", all(DeliveryState::Failed, 1))
        .await;
    let row = &given_up[0].row;
    assert_eq!((row.attempts, row.response_code), (ATTEMPTS, Some(500)));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.count("/hook"), ATTEMPTS as usize);
    receiver.on("/hook", Reply::status(200));
    bed.gate
        .replay_delivery(&bed.owner(), row.id)
        .await
        .unwrap();
    bed.until(&webhook, "replayed", all(DeliveryState::Success, 1))
        .await;
    let requests = receiver.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.header("webhook-id"), Some(row.id.to_string().as_str()));
    let again = bed.gate.replay_delivery(&bed.owner(), row.id).await;
    let error = again.unwrap_err();
    assert_eq!(error.code, "not_failed");
    assert_eq!(error.to_string(), "Only failed deliveries can be replayed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_says_what_the_receiver_says_and_is_tried_once() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/good", Reply::text("thanks"));
    receiver.on("/bad", Reply::text("go away").with_status(410));
    let bed = Bed::new().await;
    let good = bed.all_to(&receiver.url("/good")).await;
    let bad = bed.all_to(&receiver.url("/bad")).await;
    let said = bed.gate.test_webhook(&bed.owner(), &good).await.unwrap();
    assert_eq!(
        (said.answer.code, said.answer.text.as_str()),
        (Some(200), "thanks")
    );
    let said = bed.gate.test_webhook(&bed.owner(), &bad).await.unwrap();
    assert_eq!(said.state, DeliveryState::Failed);
    assert_eq!(
        (said.answer.code, said.answer.text.as_str()),
        (Some(410), "go away")
    );
    let body: Value = serde_json::from_slice(&receiver.requests()[0].body).unwrap();
    assert_eq!(body["event"], "test");
    assert!(body["data"]["message"].is_string());
    bed.clock.advance(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.count("/bad"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_send_everything_once() {
    let Some(bed) = Bed::postgres().await else {
        return;
    };
    let receiver = Upstream::start().unwrap();
    receiver.on(
        "/hook",
        Reply::status(200).delayed(Duration::from_millis(50)),
    );
    let other = bed.replica().await;
    work(&other, &[]);
    let webhook = bed.all_to(&receiver.url("/hook")).await;
    for _ in 0..20 {
        bed.ask().await;
    }
    bed.until(&webhook, "delivered", all(DeliveryState::Success, 20))
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut ids: Vec<_> = receiver
        .requests()
        .iter()
        .map(|request| request.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 20);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "each of them once");
    other.shutdown().await;
    bed.gate.shutdown().await;
}
