//! The proxy face: shapes, headers and states that existing clients rely on.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{stage::Stage, target::Act};

fn forward(method: &str, path: &str) -> Value {
    json!({"targetUrl": format!("https://pay.example/v1{path}"), "method": method, "headers": {}, "body": null, "intent": "test"})
}

#[tokio::test]
async fn a_call_is_forwarded() {
    let stage = Stage::new().await;
    let fields = vec![
        ("content-type", "text/csv"),
        ("x-own", "1"),
        ("set-cookie", "countersign_session=evil"),
        ("x-proxy-status", "fake"),
    ];
    stage.target.then(Act::Reply(
        404,
        fields,
        vec![Bytes::from_static(b"a,b"), Bytes::from_static(b"\xff\x00")],
    ));
    let answer = stage
        .post("/proxy")
        .header("agent-key", &stage.agent)
        .json(&forward("GET", "/charges?limit=1"))
        .send()
        .await
        .expect(404);
    assert_eq!(answer.body.as_ref(), b"a,b\xff\x00");
    assert_eq!(answer.header("content-type"), "text/csv");
    assert_eq!(answer.header("x-own"), "1");
    assert_eq!(answer.header("x-proxy-status"), "forwarded");
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(answer.header("x-idempotency-status"), "");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_key_is_processed_once() {
    let stage = Stage::new().await;
    let mut body = forward("PUT", "/x");
    body["idempotencyKey"] = json!("k-1");
    body["body"] = json!("text");
    let first = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(200);
    assert_eq!(first.header("x-idempotency-status"), "processed");
    let again = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(200);
    assert_eq!(again.header("x-idempotency-status"), "replayed");
    assert_eq!(first.body, again.body);
    assert_eq!(stage.target.calls(), 1);
    body["body"] = json!("other");
    let other = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(422);
    assert_eq!(other.json()["statusCode"], 422);
}

#[tokio::test]
async fn what_asks_goes_through_every_state() {
    let stage = Stage::new().await;
    let body = json!({"service_id": "payments", "path": "/charges", "method": "POST", "headers": {}, "body": {"amount": 500}, "intent": "charge"});
    let asked = stage
        .post("/proxy")
        .header("x-api-key", &stage.agent)
        .header("idempotency-key", "k-1")
        .json(&body)
        .send()
        .await
        .expect(428);
    let asked = asked.json();
    let id = asked["action_id"].as_str().unwrap().to_owned();
    let expected = json!({"error": "Request requires human approval", "action_id": id, "risk_score": 0.3, "risk_explanation": "POST by itself",
        "status_url": format!("/status/{id}")});
    assert_eq!(asked, expected);

    let status = |expect: u16| {
        let call = stage.get(&format!("/status/{id}")).key(&stage.agent);
        async move { call.send().await.expect(expect).json() }
    };
    let pending = status(200).await;
    assert_eq!(pending["status"], "PENDING");
    assert_eq!(pending["action_id"], json!(id));
    assert!(pending["created_at"].is_string());
    assert!(pending.get("execute_url").is_none());

    let early = stage
        .post(&format!("/proxy/execute/{id}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(409);
    assert_eq!(
        early.json()["error"],
        "Cannot execute action with status PENDING"
    );
    assert_eq!(early.json()["message"], early.json()["error"]);

    stage.approve(&id).await;
    let approved = status(200).await;
    assert_eq!(approved["status"], "APPROVED");
    assert_eq!(
        approved["execute_url"],
        json!(format!("/proxy/execute/{id}"))
    );

    let done = stage
        .post(&format!("/proxy/execute/{id}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200);
    assert_eq!(done.header("x-proxy-status"), "executed-approved");
    let again = stage
        .post(&format!("/proxy/execute/{id}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(409);
    assert_eq!(
        again.json()["error"],
        "Cannot execute action with status EXECUTED"
    );

    let executed = status(200).await;
    assert_eq!(executed["status"], "EXECUTED");
    assert_eq!(executed["result"]["status"], 200);
    assert_eq!(
        executed["result"]["headers"]["content-type"],
        "application/json"
    );
    assert_eq!(
        executed["result"]["body"].as_str().unwrap().as_bytes(),
        done.body.as_ref()
    );
}

#[tokio::test]
async fn denied_and_expired_say_so() {
    let stage = Stage::new().await;
    let denied = stage.ask().await;
    stage
        .post(&format!("/api/v1/approvals/{denied}/deny"))
        .key(&stage.owner)
        .json(&json!({"reason": "no"}))
        .send()
        .await
        .expect(200);
    let answer = stage
        .get(&format!("/status/{denied}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["status"], "DENIED");
    assert_eq!(answer["reason"], "no");
    assert!(answer["resolved_at"].is_string());

    let late = stage.ask().await;
    stage.approve(&late).await;
    stage.clock.advance(std::time::Duration::from_secs(3_601));
    let gone = stage
        .post(&format!("/proxy/execute/{late}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(410);
    assert_eq!(
        gone.json()["error"],
        "Approval has expired — resubmit request via POST /proxy"
    );
    let answer = stage
        .get(&format!("/status/{late}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["status"], "EXPIRED");

    let back = stage.ask().await;
    stage
        .post(&format!("/api/v1/actions/{back}/cancel"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200);
    let answer = stage
        .get(&format!("/status/{back}"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["status"], "REVOKED");
}

#[tokio::test]
async fn errors_have_the_shape_that_clients_read() {
    let stage = Stage::new().await;
    let missing = stage
        .post("/proxy")
        .json(&forward("GET", "/x"))
        .send()
        .await
        .expect(401);
    let expected = json!({"error": "Missing Agent-Key header", "message": "Missing Agent-Key header", "code": "unauthenticated", "statusCode": 401});
    assert_eq!(missing.json(), expected);
    let mut elsewhere = forward("GET", "/x");
    elsewhere["targetUrl"] = json!("https://elsewhere.example/");
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&elsewhere)
        .send()
        .await
        .expect(404)
        .json();
    assert_eq!(
        answer["error"],
        "No service found matching target URL or agent does not have access"
    );
    assert_eq!(answer["code"], "no_target");
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("POST", "/x"))
        .send()
        .await
        .expect(400)
        .json();
    assert_eq!(answer["field"], "idempotencyKey");
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("DELETE", "/x"))
        .send()
        .await
        .expect(403)
        .json();
    assert_eq!(answer["code"], "denied");
    assert!(answer["action_id"].is_string());
    stage.target.then(Act::Unreachable);
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("GET", "/x"))
        .send()
        .await
        .expect(502)
        .json();
    assert_eq!(answer["statusCode"], 502);
    stage
        .get("/status/nonsense")
        .key(&stage.agent)
        .send()
        .await
        .expect(404);
    stage
        .get("/status/0198c5a0-5d5e-7000-8000-000000000000")
        .key(&stage.agent)
        .send()
        .await
        .expect(404);
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .expect(400)
        .json();
    assert_eq!(answer["code"], "malformed_json");
}

/// The limit of a target is named, and what is far over it is not even read.
#[tokio::test]
async fn too_much_is_refused_by_name() {
    let stage = Stage::new().await;
    for bytes in [(10 << 20) + 1, 16 << 20] {
        let mut body = forward("PUT", "/x");
        body["body"] = json!("x".repeat(bytes));
        let answer = stage
            .post("/proxy")
            .key(&stage.agent)
            .json(&body)
            .send()
            .await
            .expect(413)
            .json();
        assert_eq!(answer["limit"], "request_bytes");
    }
    assert_eq!(stage.target.calls(), 0);
}

#[tokio::test]
async fn a_long_answer_is_streamed_and_a_broken_one_is_no_whole_one() {
    let stage = Stage::new().await;
    let pieces: Vec<_> = (0..30_u8)
        .map(|index| Bytes::from(vec![index; 100_000]))
        .collect();
    stage.target.then(Act::Reply(
        200,
        vec![("content-length", "3000000")],
        pieces.clone(),
    ));
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("GET", "/long"))
        .send()
        .await
        .expect(200);
    assert!(answer.body == pieces.concat());
    stage.target.then(Act::Break(Bytes::from(vec![7; 300_000])));
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("GET", "/long"))
        .send()
        .await;
    assert!(answer.is_broken, "{:?}", answer.status);
}

#[tokio::test]
async fn the_dialect_can_be_switched_off() {
    let stage = Stage::with(|config| config.dialects.gaiterguard = false).await;
    for path in [
        "/proxy",
        "/proxy/execute/0198c5a0-5d5e-7000-8000-000000000000",
    ] {
        assert_eq!(
            stage
                .post(path)
                .key(&stage.agent)
                .send()
                .await
                .expect(404)
                .code(),
            "no_route"
        );
    }
}

#[tokio::test]
async fn a_panic_in_a_connector_takes_nothing_down() {
    let stage = Stage::new().await;
    stage.target.then(Act::Panic);
    let answer = stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("GET", "/x"))
        .send()
        .await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    assert!(!answer.text().contains("scripted"), "{}", answer.text());
    stage
        .post("/proxy")
        .key(&stage.agent)
        .json(&forward("GET", "/x"))
        .send()
        .await
        .expect(200);
}

/// The bootstrap contract: an operator's key works on every route of every dialect, here for the agent that a header names.
#[tokio::test]
async fn an_operators_key_asks_for_an_agent_that_it_names() {
    let stage = Stage::new().await;
    let call = forward("GET", "/charges");
    let named = stage
        .post("/proxy")
        .key(&stage.owner)
        .header("x-countersign-agent", "demo")
        .json(&call)
        .send()
        .await;
    named.expect(200);
    let unnamed = stage
        .post("/proxy")
        .key(&stage.owner)
        .json(&call)
        .send()
        .await
        .expect(400);
    assert_eq!(unnamed.json()["field"], "agent");
    let foreign = stage
        .post("/proxy")
        .key(&stage.agent)
        .header("x-countersign-agent", "another")
        .json(&call)
        .send()
        .await;
    foreign.expect(403);
    assert_eq!(stage.target.calls(), 1);
}
