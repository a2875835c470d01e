//! Breaches that other systems report: who they are comes before what they say, and each report is counted.

use http::Method;
use serde_json::json;

use crate::stage::{Answer, Stage};

const PATH: &str = "/api/guardrails/webhook";

async fn report(stage: &Stage, secret: &str, body: impl Into<axum::body::Body>) -> Answer {
    let call = stage.call(Method::POST, PATH).body(body);
    call.header("x-guardrails-secret", secret).send().await
}

async fn secret(stage: &Stage, scope: &str, limit: Option<u32>) -> String {
    let body = json!({"name": "guard", "scopes": [scope], "rateLimit": limit});
    let call = stage.call(Method::POST, "/api/api-keys").key(&stage.owner);
    let made = call.json(&body).send().await.expect(201).json();
    made["key"].as_str().unwrap().to_owned()
}

/// Requirement 1: nothing of the body is read for somebody who is not known, or may not.
#[tokio::test]
async fn the_secret_is_looked_at_before_the_body() {
    let stage = Stage::new().await;
    let bare = stage.call(Method::POST, PATH).body("{").send().await;
    bare.expect(401);
    report(&stage, "agk_none", "{").await.expect(401);
    let other = secret(&stage, "policy:read", None).await;
    report(&stage, &other, "{").await.expect(403);
    let guard = secret(&stage, "override:manage", None).await;
    report(&stage, &guard, "{").await.expect(400);
}

#[tokio::test]
async fn reports_are_held_to_the_key_s_rate_limit() {
    let stage = Stage::new().await;
    let guard = secret(&stage, "override:manage", Some(2)).await;
    let breach = json!({"event": "breach", "agentId": "demo", "metric": "m"}).to_string();
    let recovery = json!({"event": "recovery", "agentId": "demo", "metric": "m"}).to_string();
    report(&stage, &guard, breach.clone()).await.expect(200);
    report(&stage, &guard, recovery).await.expect(200);
    report(&stage, &guard, breach).await.expect(429);
}
