//! The policy as a whole, over HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

async fn post(stage: &Stage, path: &str, body: Value, status: u16) -> Value {
    let sent = stage.post(path).key(&stage.owner).json(&body).send().await;
    sent.expect(status).json()
}

async fn put(stage: &Stage, body: Value, status: u16) -> Value {
    let call = stage.call(Method::PUT, "/api/v1/policy");
    let sent = call.key(&stage.owner).json(&body).send().await;
    sent.expect(status).json()
}

async fn get(stage: &Stage, path: &str) -> Value {
    let sent = stage.get(path).key(&stage.owner).send().await;
    sent.expect(200).json()
}

#[tokio::test]
async fn a_set_is_planned_put_in_place_and_read_back() {
    let stage = Stage::new().await;
    let rules = json!([{ "name": "writes", "kind": "guard", "match": { "effect": ["write"] }, "verdict": "ask", "ask": { "quorum": 2 } }]);
    let plan = post(
        &stage,
        "/api/v1/policy/plan",
        json!({ "rules": rules }),
        200,
    )
    .await;
    assert_eq!(plan["changes"][0]["action"], "create");
    assert_eq!(get(&stage, "/api/v1/policy").await["rules"], json!([]));
    let version = plan["version"].clone();
    put(&stage, json!({ "rules": rules, "version": version }), 200).await;
    let read = get(&stage, "/api/v1/policy").await;
    assert_eq!(read["rules"][0]["ask"]["quorum"], 2);
    let again = post(
        &stage,
        "/api/v1/policy/plan",
        json!({ "rules": read["rules"] }),
        200,
    )
    .await;
    assert_eq!((&again["changes"], &again["kept"]), (&json!([]), &json!(1)));
    let late = put(&stage, json!({ "rules": [], "version": version }), 409).await;
    assert_eq!(late["code"], "changed_meanwhile");
}

#[tokio::test]
async fn a_fault_in_a_set_is_named_by_its_place() {
    let stage = Stage::new().await;
    let rules = json!([{ "name": "a", "verdict": "ask" }, { "name": "b", "verdict": "ask", "match": { "input": { "body.x": { "gtt": 5 } } } }]);
    let refused = put(&stage, json!({ "rules": rules }), 400).await;
    let field = refused["field"].as_str().unwrap();
    assert!(field.starts_with("rules[1].match"), "{refused}");
    assert_eq!(get(&stage, "/api/v1/policy").await["rules"], json!([]));
}

#[tokio::test]
async fn a_rule_that_is_written_is_warned_of() {
    let stage = Stage::new().await;
    let made = post(
        &stage,
        "/api/v1/rules",
        json!({ "name": "all", "verdict": "allow" }),
        201,
    )
    .await;
    assert_eq!(made["warnings"][0]["code"], "allows_everything");
    assert_eq!(made["warnings"][0]["place"], "match");
    let behind = json!({ "name": "never", "priority": 200, "match": { "effect": ["read"] }, "verdict": "deny" });
    let made = post(&stage, "/api/v1/rules", behind, 201).await;
    assert_eq!(made["warnings"][0]["code"], "unreachable");
    assert_eq!(made["warnings"][0]["other"], "all");
    let found = post(&stage, "/api/v1/policy/lint", json!({}), 200).await;
    assert_eq!(found["warnings"].as_array().unwrap().len(), 2);
    let found = post(&stage, "/api/v1/policy/lint", json!({ "rules": [] }), 200).await;
    assert_eq!(found["warnings"], json!([]));
}

#[tokio::test]
async fn a_request_is_explained_and_replayed() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let told = get(&stage, &format!("/api/v1/policy/explain/{id}")).await;
    assert_eq!(
        (&told["set"], &told["agrees"]),
        (&json!("then"), &json!(true))
    );
    assert_eq!(told["recorded"]["verdict"], "ask");
    let kinds = told["considered"].as_array().unwrap();
    assert!(
        kinds
            .iter()
            .any(|one| one["kind"] == "grant" && one["outcome"] == "silent")
    );
    let rules = json!([{ "name": "no", "kind": "guard", "match": { "effect": ["write"] }, "verdict": "deny" }]);
    let body = json!({ "rules": rules });
    let simulated = post(&stage, "/api/v1/policy/simulate", body, 200).await;
    assert_eq!(
        simulated["counts"],
        json!([{ "from": "ask", "to": "deny", "count": 1 }])
    );
    assert_eq!(simulated["changed"][0]["made_by"], "no");
    let wrong = json!({ "rules": [], "cursor": "x" });
    let refused = post(&stage, "/api/v1/policy/simulate", wrong, 400).await;
    assert_eq!(refused["field"], "cursor");
    let sent = stage
        .get(&format!("/api/v1/policy/explain/{id}"))
        .key(&stage.agent)
        .send()
        .await;
    sent.expect(403);
}

#[tokio::test]
async fn facts_are_tested_and_numbers_are_shown() {
    let stage = Stage::new().await;
    let body = json!({ "agent": "demo", "target": "payments", "action": "GET /charges" });
    let told = post(&stage, "/api/v1/policy/test", body, 200).await;
    assert_eq!(
        (&told["decision"]["verdict"], &told["effect"]),
        (&json!("allow"), &json!("read"))
    );
    let nobody = json!({ "agent": "nobody", "target": "payments", "action": "GET /charges" });
    let refused = post(&stage, "/api/v1/policy/test", nobody, 400).await;
    assert_eq!(refused["field"], "agent");
    stage.ask().await;
    let overview = get(&stage, "/api/v1/analytics/overview").await;
    assert_eq!(
        (&overview["asked"], &overview["approval_rate"]),
        (&json!(1), &Value::Null)
    );
    for list in [
        "trends?by=hour",
        "approvers",
        "rules",
        "suggestions",
        "alarms",
    ] {
        let told = get(&stage, &format!("/api/v1/analytics/{list}")).await;
        assert!(told["items"].is_array(), "{list}");
    }
    let sent = stage
        .get("/api/v1/analytics/trends?by=minute")
        .key(&stage.owner)
        .send()
        .await;
    assert_eq!(sent.expect(400).json()["field"], "by");
}
