//! Waiting for a decision, and how many may wait.

use std::time::{Duration, Instant};

use countersign_domain::{GrantVerdict, RequestState, VoteKind};
use countersign_gate::{SettingsChange, Submission};
use serde_json::json;

use crate::{
    caller::{draft, grant},
    stage::Stage,
};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_decision_wakes_who_waits_for_it() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (gate, agent) = (stage.gate.clone(), stage.agent());
    let waiting = tokio::spawn(async move { gate.wait_for(&agent, id, LONG).await });
    while stage.gate.waiting_calls() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    stage.approve(id).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), RequestState::Approved);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(stage.gate.waiting_calls(), 0);
}

#[tokio::test]
async fn a_wait_ends_with_its_limit_and_with_what_is_decided_already() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let limit = Duration::from_millis(50);
    let state = stage.gate.wait_for(&stage.agent(), id, limit).await;
    assert_eq!(state.unwrap(), RequestState::Pending);
    stage.approve(id).await.unwrap();
    let state = stage.gate.wait_for(&stage.agent(), id, LONG).await;
    assert_eq!(state.unwrap(), RequestState::Approved);
    let other = countersign_domain::RequestId::from_bytes([7; 16]);
    let error = stage.gate.wait_for(&stage.agent(), other, LONG).await;
    assert_eq!(error.unwrap_err().code, "not_found");
}

/// A key that is revoked while it waits gets no answer but that.
#[tokio::test]
async fn a_revoked_key_stops_waiting() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (gate, agent) = (stage.gate.clone(), stage.agent());
    let waiting = tokio::spawn(async move { gate.wait_for(&agent, id, LONG).await });
    while stage.gate.waiting_calls() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let key = stage.agent.principal.key().unwrap().id.to_string();
    stage.gate.revoke_key(&stage.owner(), &key).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert_eq!(ended.unwrap().unwrap().unwrap_err().code, "unauthenticated");
}

#[tokio::test]
async fn a_shutdown_ends_all_waits() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (gate, agent) = (stage.gate.clone(), stage.agent());
    let waiting = tokio::spawn(async move { gate.wait_for(&agent, id, LONG).await });
    while stage.gate.waiting_calls() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.gate.shutdown().await;
    let ended = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert_eq!(ended.unwrap().unwrap().unwrap(), RequestState::Pending);
}

#[tokio::test]
async fn a_thousand_waiters_are_answered() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let mut waiting = Vec::new();
    for _ in 0..1_000 {
        let (gate, agent) = (stage.gate.clone(), stage.agent());
        waiting.push(tokio::spawn(async move {
            gate.wait_for(&agent, id, LONG).await
        }));
    }
    while stage.gate.waiting_calls() < 1_000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    stage.approve(id).await.unwrap();
    for waiter in waiting {
        assert_eq!(waiter.await.unwrap().unwrap(), RequestState::Approved);
    }
    eprintln!("1,000 waiters of one request: {:?}", started.elapsed());
}

async fn cap(stage: &Stage, most: u32) {
    let change: SettingsChange =
        serde_json::from_value(json!({ "approvals": { "pending_per_agent": most } })).unwrap();
    stage
        .gate
        .update_settings(&stage.owner(), change)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_agents_requests_are_capped_and_room_comes_back() {
    let stage = Stage::new().await;
    grant(&stage, "ask_*", GrantVerdict::Ask).await;
    cap(&stage, 20).await;
    let ask = || async {
        let agent = stage.agent();
        stage.gate.submit(&agent, draft("ask_x", json!({}))).await
    };
    let mut ids = Vec::new();
    for _ in 0..20 {
        match ask().await.unwrap() {
            Submission::Pending(view) => ids.push(view.request.id),
            other => panic!("{other:?}"),
        }
    }
    let error = ask().await.unwrap_err();
    assert_eq!(error.code, "too_many_pending");
    assert!(error.to_string().contains("approvals.pending_per_agent"));
    stage
        .gate
        .decide(&stage.owner(), ids[0], VoteKind::Deny, String::new())
        .await
        .unwrap();
    ask().await.unwrap();
    assert_eq!(ask().await.unwrap_err().code, "too_many_pending");
}

/// Many at once are not more than the cap either.
#[tokio::test]
async fn a_burst_stays_under_the_cap() {
    let stage = Stage::new().await;
    grant(&stage, "ask_*", GrantVerdict::Ask).await;
    cap(&stage, 40).await;
    let mut asked = Vec::new();
    for _ in 0..200 {
        let (gate, agent) = (stage.gate.clone(), stage.agent());
        asked.push(tokio::spawn(async move {
            gate.submit(&agent, draft("ask_x", json!({}))).await.is_ok()
        }));
    }
    let mut held = 0;
    for one in asked {
        held += usize::from(one.await.unwrap());
    }
    assert_eq!(held, 40);
}

/// Deadlines are the gate's clock's: an hour forth expires what is due and nothing else, an hour back expires nothing.
#[tokio::test]
async fn a_clock_that_jumps_an_hour_loses_nothing() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.clock.advance(Duration::from_hours(1));
    assert_eq!(stage.state(id).await, "pending");
    stage.clock.back(Duration::from_hours(2));
    assert_eq!(stage.state(id).await, "pending");
    stage.approve(id).await.unwrap();
    assert_eq!(stage.state(id).await, "approved");
}
