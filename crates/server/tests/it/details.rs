//! One action with all that an approver looks at.

use serde_json::{Value, json};

use crate::stage::Stage;

async fn detail(stage: &Stage, id: &str, key: &str) -> Value {
    stage
        .get(&format!("/api/v1/actions/{id}"))
        .key(key)
        .send()
        .await
        .expect(200)
        .json()
}

fn kinds(detail: &Value) -> Vec<(&str, Option<&str>)> {
    let steps = detail["timeline"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (step["kind"].as_str().unwrap(), step["state"].as_str()))
        .collect()
}

#[tokio::test]
async fn an_approver_sees_everything_and_the_story_grows() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let first = detail(&stage, &id, &stage.owner).await;
    assert_eq!(kinds(&first), [("action.asked", Some("pending"))]);
    assert_eq!(first["timeline"][0]["actor"]["name"], "demo");
    assert_eq!(first["entries"][0]["kind"], "action.asked");
    assert_eq!(
        first["entries"][0]["position"],
        first["timeline"][0]["position"]
    );
    assert_eq!(first["payload"]["body_bytes"], 14);
    assert_eq!(first["payload"]["body_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(first["base_url"], "https://pay.example/v1");
    assert_eq!(
        (&first["profile"], &first["executor"]),
        (&json!("default"), &json!("gate"))
    );
    assert_eq!(
        (&first["is_current"], &first["is_self_asked"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["requester"]["kind"], "agent");
    assert_ne!(first["context_hash"], first["payload_hash"]);
    let voice = &first["trace"]["voices"][0];
    assert_eq!(
        (&voice["speaker"], &voice["verdict"]),
        (&json!("grant"), &json!("ask"))
    );
    assert_eq!(
        (&voice["name"], &voice["has_decided"]),
        (&json!("POST /**"), &json!(true))
    );
    let note = json!({"note": "looks right", "expected_payload_hash": first["payload_hash"]});
    let approved = stage
        .post(&format!("/api/v1/approvals/{id}/approve"))
        .key(&stage.owner)
        .json(&note)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(approved["votes"][0]["operator_name"], "owner");
    assert_eq!(approved["votes"][0]["kind"], "approve");
    stage
        .post(&format!("/api/v1/actions/{id}/execute"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200);
    let last = detail(&stage, &id, &stage.owner).await;
    assert_eq!(
        kinds(&last),
        [
            ("action.asked", Some("pending")),
            ("approval.decided", Some("approved")),
            ("action.intent", Some("executing")),
            ("action.outcome", Some("succeeded")),
        ]
    );
    let decided = &last["timeline"][1];
    assert_eq!(
        (&decided["note"], &decided["vote"]),
        (&json!("looks right"), &json!("approve"))
    );
    assert_eq!(decided["actor"]["name"], "owner");
    assert!(last["is_current"].is_null());
    // An agent gets its own story without operators' names and without the names of rules.
    let own = detail(&stage, &id, &stage.agent).await;
    assert!(own["timeline"][1]["actor"]["name"].is_null());
    assert!(own["votes"][0]["operator_name"].is_null());
    // Nothing of how its target is set up and what was weighed: it could aim below a threshold that it knows.
    for field in ["trace", "judged", "base_url"] {
        assert!(!last[field].is_null(), "{field}: an operator sees it");
        assert!(own[field].is_null(), "{field}: {}", own[field]);
    }
    assert!(own["will_send"].is_null());
    assert_eq!(
        own["payload"], last["payload"],
        "what it asked for is its own"
    );
}

/// Invariant 3: what was looked at is what is decided on.
#[tokio::test]
async fn a_decision_on_another_payload_is_refused() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let hash = detail(&stage, &id, &stage.owner).await["payload_hash"].clone();
    for verb in ["approve", "deny"] {
        let decide = |hash: Value| {
            stage
                .post(&format!("/api/v1/approvals/{id}/{verb}"))
                .key(&stage.owner)
                .json(&json!({"expected_payload_hash": hash}))
                .send()
        };
        let other = decide(json!("0".repeat(64))).await.expect(409);
        assert_eq!(other.code(), "payload_changed");
        for wrong in [json!("abc"), json!("+f".repeat(32)), json!("é".repeat(32))] {
            assert_eq!(
                decide(wrong).await.expect(400).json()["field"],
                "expected_payload_hash"
            );
        }
    }
    let now = detail(&stage, &id, &stage.owner).await;
    assert_eq!(now["state"], "pending");
    stage
        .post(&format!("/api/v1/approvals/{id}/deny"))
        .key(&stage.owner)
        .json(&json!({"expected_payload_hash": hash}))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn drift_shows_before_anybody_approves() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage
        .call(http::Method::PATCH, "/api/v1/targets/payments")
        .key(&stage.owner)
        .json(&json!({"base_url": "https://other.example/v1"}))
        .send()
        .await
        .expect(200);
    let now = detail(&stage, &id, &stage.owner).await;
    assert_eq!(
        (&now["state"], &now["is_current"]),
        (&json!("pending"), &json!(false))
    );
}

#[tokio::test]
async fn who_asked_for_themselves_is_told_so() {
    let stage = Stage::new().await;
    let body = json!({"agent": "demo", "target": "payments", "action": "POST /charges"});
    let asked = stage
        .post("/api/v1/actions")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(202);
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let shown = detail(&stage, &id, &stage.owner).await;
    assert_eq!(shown["is_self_asked"], true);
    assert_eq!(
        (&shown["requester"]["kind"], &shown["requester"]["name"]),
        (&json!("operator"), &json!("owner"))
    );
}
