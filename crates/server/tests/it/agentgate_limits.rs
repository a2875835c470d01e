//! The approval face under clients that want too much of it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

async fn post(stage: &Stage, path: &str, key: &str, body: &Value) -> Answer {
    stage
        .call(Method::POST, path)
        .key(key)
        .json(body)
        .send()
        .await
}

async fn get(stage: &Stage, path: &str) -> Value {
    let answer = stage.call(Method::GET, path).key(&stage.owner).send().await;
    answer.expect(200).json()
}

async fn token(stage: &Stage, secret: &str) -> Answer {
    let body = json!({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "x",
        "actor_token": secret});
    let call = stage.call(Method::POST, "/api/agents/token");
    call.json(&body).send().await
}

async fn ask_as(stage: &Stage, token: &str) -> Answer {
    let call = stage.call(Method::POST, "/api/requests").key(&stage.owner);
    let call = call.header("x-agent-token", token);
    call.json(&json!({"action": "read"})).send().await
}

/// Requirement 5: an agent's token is derived, and ends with what it was derived from.
#[tokio::test]
async fn a_token_of_an_agent_is_no_key_renews_nothing_and_dies_with_its_secret() {
    let stage = Stage::new().await;
    let worker = json!({"name": "worker"});
    let made = post(&stage, "/api/agents", &stage.owner, &worker).await;
    let made = made.expect(201).json();
    let secret = made["secret"].as_str().unwrap();
    let epoch = stage.gate.epoch();
    let keys = get(&stage, "/api/v1/keys").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let told = token(&stage, secret).await.expect(200).json();
        tokens.push(told["access_token"].as_str().unwrap().to_owned());
    }
    assert_eq!(stage.gate.epoch(), epoch, "a token changes nothing");
    let after = get(&stage, "/api/v1/keys").await;
    let count = |keys: &Value| keys["items"].as_array().unwrap().len();
    assert_eq!(count(&after), count(&keys), "nor is it a key");
    ask_as(&stage, &tokens[0]).await.expect(201);
    // Neither a token nor a key of another form makes one.
    for other in [&tokens[0], &stage.agent, &stage.owner] {
        let refused = token(&stage, other).await.expect(401).json();
        assert_eq!(refused, json!({"error": "invalid_client"}));
    }
    // Neither does it work with another end.
    let mut forged = tokens[0].clone();
    forged.replace_range(28..29, if &forged[28..29] == "A" { "B" } else { "A" });
    ask_as(&stage, &forged).await.expect(403);
    stage.clock.advance(Duration::from_secs(3_599));
    ask_as(&stage, &tokens[0]).await.expect(201);
    let late = token(&stage, secret).await.expect(200).json();
    let late = late["access_token"].as_str().unwrap();
    stage.clock.advance(Duration::from_secs(1));
    ask_as(&stage, &tokens[0]).await.expect(403);
    ask_as(&stage, late).await.expect(201);
    let id = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| secret.starts_with(key["prefix"].as_str().unwrap()))
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoke = stage.call(Method::DELETE, &format!("/api/v1/keys/{id}"));
    let revoked = revoke.key(&stage.owner).send().await;
    assert!(revoked.status.is_success(), "{}", revoked.text());
    ask_as(&stage, late).await.expect(403);
}

/// The calls of a secret for tokens are calls of its key.
#[tokio::test]
async fn tokens_count_against_the_rate_limit_of_the_secret() {
    let stage = Stage::new().await;
    let worker = json!({"name": "worker"});
    let made = post(&stage, "/api/agents", &stage.owner, &worker).await;
    let made = made.expect(201).json();
    let secret = made["secret"].as_str().unwrap();
    let keys = get(&stage, "/api/v1/keys").await;
    let keys = keys["items"].as_array().unwrap();
    let key = keys
        .iter()
        .find(|key| secret.starts_with(key["prefix"].as_str().unwrap()));
    let path = format!("/api/v1/keys/{}", key.unwrap()["id"].as_str().unwrap());
    let limit = stage.call(Method::PATCH, &path).key(&stage.owner);
    let limit = limit.json(&json!({"rate_limit_per_minute": 1}));
    limit.send().await.expect(200);
    token(&stage, secret).await.expect(200);
    token(&stage, secret).await.expect(429);
}

async fn ask_with(stage: &Stage, characters: usize) -> String {
    let body = json!({"action": "write", "params": {"text": "x ".repeat(characters / 2)}});
    let made = post(stage, "/api/requests", &stage.owner, &body).await;
    let made = made.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

/// A page holds a bounded part of what was asked, however much that is; one request is told whole.
#[tokio::test]
async fn a_page_leaves_out_what_is_long() {
    let stage = Stage::new().await;
    let long = ask_with(&stage, 200_000).await;
    ask_with(&stage, 200).await;
    let page = get(&stage, "/api/requests?limit=100").await;
    let params = |at: usize| page["requests"][at]["params"].clone();
    assert_eq!(
        (params(0)["text"].as_str().unwrap().len(), params(1)),
        (200, Value::Null)
    );
    let whole = get(&stage, &format!("/api/requests/{long}")).await;
    assert_eq!(whole["params"]["text"].as_str().unwrap().len(), 200_000);
    // Input and facts both hold it: so many are more than a page opens.
    for _ in 0..60 {
        ask_with(&stage, 24_000).await;
    }
    let page = get(&stage, "/api/requests?limit=60").await;
    let page = page["requests"].as_array().unwrap();
    let shown = page.iter().filter(|one| !one["params"].is_null()).count();
    assert_eq!(page.len(), 60);
    assert!((20..50).contains(&shown), "{shown} of 60 are shown");
    assert!(!page[0]["params"].is_null(), "the first are");
    // What rules would have said to the long one is not known either.
    let body = json!({"rules": [], "limit": 500});
    let told = post(&stage, "/api/policies/simulate", &stage.owner, &body).await;
    assert_eq!(told.expect(200).json()["total"], 61);
}

/// Lists are counted before they are translated.
#[tokio::test]
async fn long_policies_are_refused_before_they_are_read() {
    let stage = Stage::new().await;
    let bad = json!({"match": {"action": {"$regex": "("}}, "decision": "auto_deny"});
    let body = json!({"rules": vec![bad; 501]});
    let refused = post(&stage, "/api/policies/simulate", &stage.owner, &body).await;
    let refused = refused.expect(400).text();
    assert!(refused.contains("at most 500 rules"), "{refused}");
    let body = json!({"rules": [], "scope": "per_tool", "toolIds": vec!["t"; 501]});
    let refused = post(&stage, "/api/policies/simulate", &stage.owner, &body).await;
    let refused = refused.expect(400).text();
    assert!(refused.contains("toolIds has more than 500"), "{refused}");
}

/// What every decision looks through has a bounded number.
#[tokio::test]
async fn policies_escalations_and_delegations_are_counted() {
    let stage = Stage::new().await;
    stage.add_operator("deputy", "approver").await;
    let escalation = json!({"triggerAfterSec": 60, "escalateTo": "decision:deny"});
    let policy = json!({"name": "p", "rules": []});
    let delegation = json!({"to": "deputy", "expires_in_seconds": 60});
    for (path, body) in [
        ("/api/policies", policy),
        ("/api/escalation-rules", escalation),
        ("/api/v1/delegations", delegation),
    ] {
        for _ in 0..100 {
            let made = post(&stage, path, &stage.owner, &body).await;
            assert!(made.status.is_success(), "{path}: {}", made.text());
        }
        let refused = post(&stage, path, &stage.owner, &body).await;
        assert_eq!(refused.status, 409, "{path}: {}", refused.text());
    }
}
