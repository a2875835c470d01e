//! What the first page shows.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::{stage::Stage, target::Act};

async fn summary(stage: &Stage) -> Value {
    stage
        .get("/api/v1/summary")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json()
}

async fn act(stage: &Stage, action: &str, status: u16) {
    stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&json!({"target": "payments", "action": action}))
        .send()
        .await
        .expect(status);
}

#[tokio::test]
async fn what_needs_an_operator_is_counted() {
    let stage = Stage::new().await;
    let empty = summary(&stage).await;
    assert_eq!(
        (&empty["pending"], &empty["ready"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(
        empty["pending_by_urgency"][0],
        json!({"urgency": "critical", "count": 0, "oldest_at": null})
    );
    stage.ask().await;
    act(&stage, "GET /charges", 200).await;
    act(&stage, "DELETE /charges", 403).await;
    stage.target.then(Act::Unreachable);
    act(&stage, "PUT /charges", 502).await;
    let revoked = stage
        .add_key("old", "agent", "demo", &["request:read"])
        .await;
    let keys = stage
        .get("/api/v1/keys")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    let old = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["name"] == "old")
        .unwrap();
    assert!(revoked.starts_with(old["prefix"].as_str().unwrap()));
    let path = format!("/api/v1/keys/{}", old["id"].as_str().unwrap());
    stage
        .call(Method::DELETE, &path)
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    stage
        .post("/api/v1/kills")
        .key(&stage.owner)
        .json(&json!({"scope": "agent", "name": "demo", "reason": "odd"}))
        .send()
        .await
        .expect(201);
    let mut shown = Value::Null;
    // The counts by verdict come with the search index.
    for _ in 0..500 {
        shown = summary(&stage).await;
        if shown["last_day"] == json!({"allow": 2, "ask": 1, "deny": 1}) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(shown["last_day"], json!({"allow": 2, "ask": 1, "deny": 1}));
    assert_eq!(
        shown["hours"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hour| hour["allow"].as_u64().unwrap())
            .sum::<u64>(),
        2
    );
    // The switch has cancelled what waited.
    assert_eq!(shown["pending"], 0);
    assert_eq!(
        (&shown["kills"][0]["scope"], &shown["kills"][0]["name"]),
        (&json!("agent"), &json!("demo"))
    );
    assert_eq!(shown["revoked_keys"][0]["name"], "old");
    assert_eq!(
        (
            &shown["failures"][0]["target"],
            &shown["failures"][0]["failed"]
        ),
        (&json!("payments"), &json!(1))
    );
    assert!(shown["ledger"]["entries"].as_u64().unwrap() > 5);
    assert!(shown["ledger"]["last_entry_at"].is_string());
    assert_eq!(
        (
            &shown["ledger"]["takes_entries"],
            &shown["agents"],
            &shown["targets"]
        ),
        (&json!(true), &json!(1), &json!(1))
    );
}

#[tokio::test]
async fn the_last_use_is_shown() {
    let stage = Stage::new().await;
    let unused = stage
        .add_key("unused", "agent", "demo", &["request:read"])
        .await;
    assert!(!unused.is_empty());
    let of = |path: &'static str| {
        let call = stage.get(path).key(&stage.owner).send();
        async move { call.await.expect(200).json() }
    };
    assert!(of("/api/v1/agents/demo").await["last_used_at"].is_null());
    act(&stage, "GET /charges", 200).await;
    assert!(of("/api/v1/agents/demo").await["last_used_at"].is_string());
    assert!(of("/api/v1/agents").await["items"][0]["last_used_at"].is_string());
    assert!(of("/api/v1/keys/unused").await["last_used_at"].is_null());
    let keys = of("/api/v1/keys").await;
    let used = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["last_used_at"].is_string());
    assert_eq!(used.count(), 2, "the agent's and the operator's own");
}
