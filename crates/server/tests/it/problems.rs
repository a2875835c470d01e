//! What clients are told when something is wrong, as whole documents, and what surrounds every answer.

use std::fmt::Write as _;

use http::Method;
use serde_json::json;

use crate::stage::{Answer, Stage};

/// The document with what differs from run to run taken out.
fn steady(answer: &Answer) -> String {
    let mut document = answer.json();
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(
        document["request_id"].as_str().unwrap(),
        answer.header("x-request-id")
    );
    document["request_id"] = json!("[id]");
    if document.get("action_id").is_some() {
        document["action_id"] = json!("[id]");
    }
    format!(
        "{}\n{}",
        answer.status,
        serde_json::to_string_pretty(&document).unwrap()
    )
}

#[tokio::test]
async fn problems_of_every_kind() {
    let stage = Stage::new().await;
    let owner = || stage.post("/api/v1/agents").key(&stage.owner);
    let action = |body| {
        stage
            .post("/api/v1/actions")
            .key(&stage.agent)
            .json(&body)
            .send()
    };
    let mut all = String::new();
    for (name, answer) in [
        ("no route", stage.get("/api/v1/nothing").send().await),
        ("no method", stage.call(Method::PUT, "/api/v1/agents").send().await),
        ("no credential", stage.get("/api/v1/agents").send().await),
        ("no right", stage.get("/api/v1/agents").key(&stage.agent).send().await),
        ("foreign host", stage.get("/healthz").header("host", "evil.example").send().await),
        ("foreign origin", stage.get("/healthz").header("origin", "http://evil.example").send().await),
        ("headers too large", stage.get("/healthz").header("x-long", &"x".repeat(70_000)).send().await),
        ("not json", owner().header("content-type", "text/plain").body("{}").send().await),
        ("malformed", owner().header("content-type", "application/json").body("{\"name\":").send().await),
        ("unknown field", owner().json(&json!({"name": "x", "admin": true})).send().await),
        ("wrong type", owner().json(&json!({"name": 5})).send().await),
        ("bad name", owner().json(&json!({"name": "a b"})).send().await),
        ("missing field", owner().json(&json!({})).send().await),
        (
            "a list",
            owner().header("content-type", "application/json").body("[\"worker\"]").send().await,
        ),
        (
            "too deep",
            owner().header("content-type", "application/json").body(format!("{{\"labels\":{}", "{\"a\":".repeat(100_000))).send().await,
        ),
        (
            "too deep inside",
            stage
                .post("/api/v1/actions")
                .key(&stage.agent)
                .header("content-type", "application/json")
                .body(format!("{{\"input\":{}", "{\"a\":".repeat(100_000)))
                .send()
                .await,
        ),
        ("too large", owner().header("content-type", "application/json").body(vec![b' '; 2 << 20]).send().await),
        ("taken name", owner().json(&json!({"name": "demo"})).send().await),
        ("not found", stage.get("/api/v1/agents/nobody").key(&stage.owner).send().await),
        ("unknown query", stage.get("/api/v1/agents?page=2").key(&stage.owner).send().await),
        ("bad cursor", stage.get("/api/v1/agents?cursor=x").key(&stage.owner).send().await),
        ("denied", action(json!({"target": "payments", "action": "DELETE /x"})).await),
        ("no target", action(json!({"target": "nothing", "action": "GET /x"})).await),
        ("long intent", action(json!({"target": "payments", "action": "GET /x", "intent": "x".repeat(501)})).await),
        ("two bodies", action(json!({"target": "payments", "action": "PUT /x", "body": "a", "body_base64": "YQ=="})).await),
    ] {
        writeln!(all, "--- {name}: {}", steady(&answer)).unwrap();
    }
    insta::assert_snapshot!(all);
}

/// Requirement 44.
#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let stage = Stage::new().await;
    for answer in [
        stage.get("/healthz").send().await,
        stage.get("/nothing").send().await,
        stage.get("/api/v1/agents").key(&stage.owner).send().await,
        stage
            .get("/healthz")
            .header("host", "evil.example")
            .send()
            .await,
        stage.post("/proxy").send().await,
    ] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

/// Requirement 45: an id that a client chose is taken over only where it can do no harm.
#[tokio::test]
async fn a_request_id_is_harmless() {
    let stage = Stage::new().await;
    assert_eq!(
        stage
            .get("/healthz")
            .header("x-request-id", "abc-1.2_3")
            .send()
            .await
            .header("x-request-id"),
        "abc-1.2_3"
    );
    for id in ["a b", "", "x\u{7f}", "<script>", &"x".repeat(65)] {
        let Ok(value) = http::HeaderValue::from_bytes(id.as_bytes()) else {
            continue;
        };
        let answer = stage
            .get("/healthz")
            .header("x-request-id", value.to_str().unwrap_or("\t"))
            .send()
            .await;
        assert_eq!(answer.header("x-request-id").len(), 32, "{id:?}");
    }
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let stage = Stage::new().await;
    let answer = stage
        .call(Method::PUT, "/api/v1/agents")
        .send()
        .await
        .expect(405);
    assert!(
        answer.header("allow").contains("POST"),
        "{}",
        answer.header("allow")
    );
    stage
        .call(Method::HEAD, "/healthz")
        .send()
        .await
        .expect(200);
    stage
        .call(Method::OPTIONS, "/api/v1/agents")
        .header("origin", "http://evil.example")
        .send()
        .await
        .expect(403);
}
