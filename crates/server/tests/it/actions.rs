//! The native form of actions.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::json;

use crate::{stage::Stage, target::Act};

#[tokio::test]
async fn an_allowed_action_is_answered_with_its_result() {
    let stage = Stage::new().await;
    let body = json!({"target": "payments", "action": "GET /charges", "input": {"query": "limit=3", "headers": {"x-a": "b"}}, "intent": "look"});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["state"], "succeeded");
    assert_eq!(answer["is_replay"], false);
    assert_eq!(answer["result"]["status"], 200);
    assert_eq!(
        answer["result"]["headers"]["content-type"],
        "application/json"
    );
    let echoed: serde_json::Value =
        serde_json::from_str(answer["result"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        echoed["input"],
        json!({"method": "GET", "path": "/charges", "query": "limit=3", "headers": {"x-a": "b"}})
    );
    let detail = stage
        .get(&format!(
            "/api/v1/actions/{}",
            answer["id"].as_str().unwrap()
        ))
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(detail["state"], "succeeded");
    assert_eq!(detail["target"], "payments");
    assert_eq!(detail["agent"], "demo");
    assert_eq!(detail["intent"], "look");
}

#[tokio::test]
async fn an_action_that_asks_is_held_approved_and_carried_out_once() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let waiting = stage
        .get("/api/v1/approvals")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(waiting["items"][0]["id"], json!(id));
    assert_eq!(waiting["items"][0]["state"], "pending");
    let execute = format!("/api/v1/actions/{id}/execute");
    let early = stage
        .post(&execute)
        .key(&stage.agent)
        .send()
        .await
        .expect(409);
    assert_eq!(early.code(), "not_approved");
    assert_eq!(early.json()["action_id"], json!(id));
    stage.approve(&id).await;
    let again = stage
        .post(&format!("/api/v1/approvals/{id}/approve"))
        .key(&stage.owner)
        .send()
        .await
        .expect(409);
    assert_eq!(again.json()["detail"], "Request already approved");
    let answer = stage
        .post(&execute)
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    let echoed: serde_json::Value =
        serde_json::from_str(answer["result"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(echoed["body"], r#"{"amount":500}"#);
    assert_eq!(
        echoed["input"]["headers"]["content-type"],
        "application/json"
    );
    stage
        .post(&execute)
        .key(&stage.agent)
        .send()
        .await
        .expect(409);
    assert_eq!(stage.target.calls(), 1);
    let detail = stage
        .get(&format!("/api/v1/actions/{id}"))
        .key(&stage.agent)
        .send()
        .await
        .json();
    assert_eq!(detail["result"]["status"], 200);
    assert_eq!(detail["payload"]["body"], r#"{"amount":500}"#);
    assert_eq!(detail["votes"][0]["kind"], "approve");
}

#[tokio::test]
async fn a_denied_action_is_a_problem_that_names_it() {
    let stage = Stage::new().await;
    let body = json!({"target": "payments", "action": "DELETE /charges/1"});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(403);
    assert_eq!(answer.code(), "denied");
    let id = answer.json()["action_id"].as_str().unwrap().to_owned();
    let detail = stage
        .get(&format!("/api/v1/actions/{id}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(detail["state"], "denied");
    assert_eq!(stage.target.calls(), 0);
}

#[tokio::test]
async fn a_denial_by_a_human_keeps_its_reason() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let body = json!({"reason": "too much"});
    let denied = stage
        .post(&format!("/api/v1/approvals/{id}/deny"))
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(denied["state"], "denied");
    assert_eq!(denied["votes"][0]["note"], "too much");
    stage
        .post(&format!("/api/v1/actions/{id}/execute"))
        .key(&stage.agent)
        .send()
        .await
        .expect(409);
}

#[tokio::test]
async fn an_agent_takes_its_request_back() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let cancelled = stage
        .post(&format!("/api/v1/actions/{id}/cancel"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(cancelled["state"], "cancelled");
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_and_another_payload_is_refused() {
    let stage = Stage::new().await;
    let call = |path: &str| {
        let body = json!({"target": "payments", "action": format!("PUT {path}"), "body": "x"});
        stage
            .post("/api/v1/actions")
            .key(&stage.agent)
            .header("idempotency-key", "k-1")
            .json(&body)
    };
    let first = call("/a").send().await.expect(200).json();
    let again = call("/a").send().await.expect(200).json();
    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["is_replay"], true);
    assert_eq!(first["result"]["body"], again["result"]["body"]);
    assert_eq!(stage.target.calls(), 1);
    assert_eq!(
        call("/b").send().await.expect(422).code(),
        "idempotency_mismatch"
    );
}

#[tokio::test]
async fn bytes_go_both_ways() {
    let stage = Stage::new().await;
    stage.target.then(Act::Reply(
        200,
        vec![],
        vec![Bytes::from_static(&[0, 159, 146, 150])],
    ));
    let body = json!({"target": "payments", "action": "PUT /x", "body_base64": "AP8B"});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["result"]["body_base64"], "AJ+Slg==");
    assert!(answer["result"].get("body").is_none());
    let detail = stage
        .get(&format!(
            "/api/v1/actions/{}",
            answer["id"].as_str().unwrap()
        ))
        .key(&stage.agent)
        .send()
        .await
        .json();
    assert_eq!(detail["payload"]["body_base64"], "AP8B");
}

#[tokio::test]
async fn a_long_answer_is_streamed_as_base64() {
    let stage = Stage::new().await;
    let pieces: Vec<_> = (0..40_u8)
        .map(|index| Bytes::from(vec![index; 100_001]))
        .collect();
    stage.target.then(Act::Reply(
        200,
        vec![("content-type", "text/plain")],
        pieces.clone(),
    ));
    let body = json!({"target": "payments", "action": "GET /long"});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["result"]["headers"]["content-type"], "text/plain");
    let text = answer["result"]["body_base64"].as_str().unwrap();
    assert!(STANDARD.decode(text).unwrap() == pieces.concat());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_taken_for_a_whole_one() {
    let stage = Stage::new().await;
    stage
        .target
        .then(Act::Break(Bytes::from(vec![7; 3_000_000])));
    let body = json!({"target": "payments", "action": "GET /long"});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await;
    assert!(
        answer.is_broken || answer.status.is_server_error(),
        "{:?}",
        answer.status
    );
}

#[tokio::test]
async fn a_target_that_fails_is_a_problem() {
    let stage = Stage::new().await;
    stage.target.then(Act::Unreachable);
    let body = json!({"target": "payments", "action": "GET /x"});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(502);
    assert_eq!(answer.code(), "connect_failed");
    assert!(answer.json()["action_id"].is_string());
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(stage.ask().await);
    }
    stage.approve(&ids[0]).await;
    let first = stage
        .get("/api/v1/actions?limit=2")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(first["items"][0]["id"], json!(ids[2]));
    let next = first["next"].as_str().unwrap();
    let second = stage
        .get(&format!("/api/v1/actions?limit=2&cursor={next}"))
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["id"], json!(ids[0]));
    assert!(second["next"].is_null());
    let pending = stage
        .get("/api/v1/actions?status=pending")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(pending["items"].as_array().unwrap().len(), 2);
    let wrong = stage
        .get("/api/v1/actions?state=nonsense")
        .key(&stage.owner)
        .send()
        .await
        .expect(400);
    assert_eq!(wrong.json()["field"], "state");
    let unknown = stage
        .get("/api/v1/actions?stat=pending")
        .key(&stage.owner)
        .send()
        .await
        .expect(400);
    assert_eq!(unknown.json()["field"], "stat");
}
