//! The approval face: the flows of its clients in plain HTTP, and the holes that the original had.

use http::Method;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

async fn call(stage: &Stage, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    let mut call = stage.call(method, path).key(key);
    if !body.is_null() {
        call = call.json(body);
    }
    call.send().await
}

async fn key(stage: &Stage, name: &str, scopes: &[&str]) -> String {
    let body = json!({"name": name, "scopes": scopes});
    let made = call(stage, Method::POST, "/api/api-keys", &stage.owner, &body)
        .await
        .expect(201);
    let made = made.json();
    assert_eq!(made["name"], name);
    assert_eq!(made["scopes"], json!(scopes));
    assert_eq!(
        made["message"],
        "Save this key - it will not be shown again"
    );
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("agk_") && key.len() == 47, "{key}");
    key.to_owned()
}

async fn ask(stage: &Stage, key: &str, body: &Value) -> Value {
    call(stage, Method::POST, "/api/requests", key, body)
        .await
        .expect(201)
        .json()
}

async fn policy(stage: &Stage, rules: &Value) -> Value {
    let body = json!({"name": "p", "rules": rules});
    call(stage, Method::POST, "/api/policies", &stage.owner, &body)
        .await
        .expect(201)
        .json()
}

/// The TypeScript SDK: ask, poll, and a human who decides.
#[tokio::test]
async fn a_request_is_asked_polled_and_decided_once() {
    let stage = Stage::new().await;
    let agent = key(&stage, "CI bot", &["request:create", "request:read"]).await;
    let human = key(&stage, "slack", &["request:read", "request:decide"]).await;
    let body = json!({"action": "send_email", "params": {"to": "a@b.c"}, "context": {"user": "u1"}, "urgency": "high"});
    let made = ask(&stage, &agent, &body).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 22);
    let expected = json!({"id": id, "action": "send_email", "params": {"to": "a@b.c"}, "context": {"user": "u1"}, "status": "pending",
        "urgency": "high", "createdAt": made["createdAt"], "updatedAt": made["updatedAt"], "decidedAt": null, "decidedBy": null,
        "decisionReason": null, "expiresAt": null, "policyDecision": {"decision": "route_to_human"}});
    assert_eq!(made, expected);
    let path = format!("/api/requests/{id}");
    let polled = call(&stage, Method::GET, &path, &agent, &Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(polled["status"], "pending");
    assert!(polled.get("policyDecision").is_none());
    let listed = call(
        &stage,
        Method::GET,
        "/api/requests?status=pending&limit=10",
        &human,
        &Value::Null,
    )
    .await;
    let listed = listed.expect(200).json();
    assert_eq!(
        listed["pagination"],
        json!({"total": 1, "limit": 10, "offset": 0, "hasMore": false})
    );
    assert_eq!(listed["requests"][0]["params"], json!({"to": "a@b.c"}));
    let decide = format!("{path}/decide");
    for (body, text) in [
        (
            json!({"decision": "yes", "decidedBy": "x"}),
            "decision must be 'approved' or 'denied'",
        ),
        (
            json!({"decision": "approved"}),
            "decidedBy is required and must be a non-empty string",
        ),
    ] {
        let refused = call(&stage, Method::POST, &decide, &human, &body)
            .await
            .expect(400)
            .json();
        assert_eq!(
            (&refused["error"], &refused["message"]),
            (&json!(text), &json!(text))
        );
    }
    let yes = json!({"decision": "approved", "decidedBy": "slack:U1", "reason": "fine"});
    let decided = call(&stage, Method::POST, &decide, &human, &yes)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &decided["status"],
            &decided["decidedBy"],
            &decided["decisionReason"]
        ),
        (&json!("approved"), &json!("slack:U1"), &json!("fine"))
    );
    let again = call(&stage, Method::POST, &decide, &human, &yes)
        .await
        .expect(409)
        .json();
    assert_eq!(again["error"], "Request already approved");
    let audit = call(
        &stage,
        Method::GET,
        &format!("{path}/audit"),
        &human,
        &Value::Null,
    )
    .await
    .expect(200)
    .json();
    let events: Vec<_> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["eventType"].clone())
        .collect();
    assert_eq!(events, [json!("created"), json!("approved")]);
    assert_eq!(audit[1]["actor"], "slack:U1");
    // The ledger names the credential, whatever the client called itself.
    let native = stage
        .get("/api/v1/audit/entries?kind=approval.decided")
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    assert!(!native.text().contains("slack:U1"));
}

/// Hole 1: scopes count on every route, and the one who asks never decides.
#[tokio::test]
async fn scopes_count_and_who_asks_does_not_decide() {
    let stage = Stage::new().await;
    let agent = key(
        &stage,
        "sly",
        &[
            "request:create",
            "request:read",
            "request:decide",
            "policy:write",
        ],
    )
    .await;
    let made = ask(&stage, &agent, &json!({"action": "wipe_prod"})).await;
    let decide = format!("/api/requests/{}/decide", made["id"].as_str().unwrap());
    let yes = json!({"decision": "approved", "decidedBy": "alice@corp"});
    let refused = call(&stage, Method::POST, &decide, &agent, &yes)
        .await
        .expect(403)
        .json();
    assert_eq!(refused["error"], "Missing required scope: request:decide");
    let all = json!({"name": "all", "rules": [{"match": {}, "decision": "auto_approve"}]});
    let refused = call(&stage, Method::POST, "/api/policies", &agent, &all)
        .await
        .expect(403)
        .json();
    assert_eq!(refused["error"], "Missing required scope: policy:write");
}

/// An admin key asks and decides; its own decision says so in the ledger.
#[tokio::test]
async fn an_admin_key_asks_and_decides() {
    let stage = Stage::new().await;
    let admin = key(&stage, "quick start", &["admin"]).await;
    for key in [stage.owner.clone(), admin] {
        let made = ask(&stage, &key, &json!({"action": "deploy"})).await;
        let decide = format!("/api/requests/{}/decide", made["id"].as_str().unwrap());
        let no = json!({"decision": "denied", "decidedBy": "cli:me"});
        let decided = call(&stage, Method::POST, &decide, &key, &no)
            .await
            .expect(200)
            .json();
        assert_eq!(decided["status"], "denied");
        assert_eq!(decided["decisionReason"], Value::Null);
    }
    let native = stage
        .get("/api/v1/audit/entries?kind=approval.decided")
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    assert!(native.text().contains("self_approved"));
}

/// Holes 2, 3 and 4: reserved names, all operators, and what clients call unsafe.
#[tokio::test]
async fn policies_say_what_they_say() {
    let stage = Stage::new().await;
    let agent = key(&stage, "bot", &["request:create"]).await;
    let rules = json!([{"match": {"action": "read_file"}, "decision": "auto_approve"},
        {"match": {"amount": {"$gt": 10, "$lt": 100}}, "decision": "auto_approve"},
        {"match": {"action": {"$regex": "^drop_"}}, "decision": "auto_deny"},
        {"match": {"action": "mail"}, "decision": "route_to_agent", "approvers": ["a@b.c"], "channels": ["slack"]}]);
    let made = policy(&stage, &rules).await;
    assert_eq!(made["rules"], rules);
    assert_eq!(
        (&made["priority"], &made["enabled"], &made["scope"]),
        (&json!(100), &json!(true), &json!("global"))
    );
    let shadowing = ask(
        &stage,
        &agent,
        &json!({"action": "wipe_prod", "params": {"action": "read_file"}}),
    )
    .await;
    assert_eq!(shadowing["status"], "pending");
    let read = ask(&stage, &agent, &json!({"action": "read_file"})).await;
    assert_eq!(
        (&read["status"], &read["decidedBy"]),
        (&json!("approved"), &json!("policy"))
    );
    assert_eq!(
        read["decisionReason"],
        "Auto-approved by policy rule matching: {\"action\":\"read_file\"}"
    );
    for (amount, status) in [(5, "pending"), (50, "approved"), (500, "pending")] {
        let made = ask(
            &stage,
            &agent,
            &json!({"action": "pay", "params": {"amount": amount}}),
        )
        .await;
        assert_eq!(made["status"], status, "{amount}");
    }
    let denied = ask(&stage, &agent, &json!({"action": "drop_table"})).await;
    assert_eq!(
        (&denied["status"], &denied["policyDecision"]["decision"]),
        (&json!("denied"), &json!("auto_deny"))
    );
    let routed = ask(&stage, &agent, &json!({"action": "mail"})).await;
    assert_eq!(
        routed["policyDecision"],
        json!({"decision": "route_to_agent", "approvers": ["a@b.c"], "channels": ["slack"]})
    );
    for (rules, text) in [
        (json!(5), "rules is required and must be an array"),
        (
            json!([{"decision": "auto_deny"}]),
            "rules[0].match is required and must be an object",
        ),
        (
            json!([{"match": {}, "decision": "maybe"}]),
            "rules[0].decision must be one of: auto_approve, auto_deny, route_to_human, route_to_agent",
        ),
        (
            json!([{"match": {"action": {"$regex": "(a+)+$"}}, "decision": "auto_deny"}]),
            "Unsafe regex in rule matcher for \"action\": (a+)+$",
        ),
    ] {
        let body = json!({"name": "bad", "rules": rules});
        let refused = call(&stage, Method::POST, "/api/policies", &stage.owner, &body)
            .await
            .expect(400)
            .json();
        assert_eq!(refused["error"], text);
    }
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/policies/{id}");
    let tried = call(
        &stage,
        Method::POST,
        &format!("{path}/dry-run"),
        &stage.owner,
        &json!({"action": "drop_x"}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(tried["decision"], "auto_deny");
    assert_eq!(
        call(&stage, Method::GET, &path, &stage.owner, &Value::Null)
            .await
            .expect(200)
            .json(),
        made
    );
    let gone = call(&stage, Method::DELETE, &path, &stage.owner, &Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(gone, json!({"success": true, "id": id}));
    let missing = call(&stage, Method::DELETE, &path, &stage.owner, &Value::Null)
        .await
        .expect(404)
        .json();
    assert_eq!(missing["error"], "Policy not found");
}

/// Holes 5 and 6: what expires is over, and broken JSON is the client's fault.
#[tokio::test]
async fn requests_expire_and_bodies_are_checked() {
    let stage = Stage::new().await;
    let agent = key(&stage, "bot", &["request:create"]).await;
    let soon = (stage
        .gate
        .now()
        .saturating_add(std::time::Duration::from_mins(1)))
    .to_string();
    let made = ask(&stage, &agent, &json!({"action": "x", "expiresAt": soon})).await;
    assert!(made["expiresAt"].is_string());
    stage.clock.advance(std::time::Duration::from_secs(61));
    let path = format!("/api/requests/{}", made["id"].as_str().unwrap());
    let read = call(&stage, Method::GET, &path, &agent, &Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(read["status"], "expired");
    let yes = json!({"decision": "approved", "decidedBy": "me"});
    call(
        &stage,
        Method::POST,
        &format!("{path}/decide"),
        &stage.owner,
        &yes,
    )
    .await
    .expect(409);
    let broken = stage
        .post("/api/requests")
        .key(&agent)
        .body("{not json")
        .send()
        .await
        .expect(400)
        .json();
    assert_eq!(broken["code"], "malformed_json");
    let empty = call(
        &stage,
        Method::POST,
        "/api/requests",
        &agent,
        &json!({"action": "  "}),
    )
    .await
    .expect(400)
    .json();
    assert_eq!(
        empty["error"],
        "action is required and must be a non-empty string"
    );
    let long = json!({"action": "x", "params": {"a": "x".repeat(1 << 20)}});
    call(&stage, Method::POST, "/api/requests", &agent, &long)
        .await
        .expect(413);
}

#[tokio::test]
async fn errors_and_probes_have_their_texts() {
    let stage = Stage::new().await;
    for (header, text) in [
        (None, "Missing Authorization header"),
        (Some("Token x"), "Invalid Authorization format"),
        (Some("Bearer agk_x"), "Invalid API key"),
    ] {
        let mut call = stage.get("/api/requests");
        if let Some(header) = header {
            call = call.header("authorization", header);
        }
        let answer = call.send().await.expect(401).json();
        assert_eq!(
            answer,
            json!({"error": text, "message": text, "code": "unauthenticated"})
        );
    }
    let lost = stage.get("/api/x").send().await.expect(404).json();
    assert_eq!(
        (&lost["error"], &lost["message"]),
        (&json!("Not Found"), &json!("Route GET /api/x not found"))
    );
    let missing = call(
        &stage,
        Method::GET,
        "/api/requests/V1StGXR8_Z5jdHi6B-myT",
        &stage.owner,
        &Value::Null,
    )
    .await
    .expect(404)
    .json();
    assert_eq!(missing["error"], "Request not found");
    let health = stage
        .get("/health")
        .header("x-request-id", "r-1")
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            health.json()["status"].as_str(),
            health.header("x-request-id")
        ),
        (Some("ok"), "r-1")
    );
    for path in [
        "/ready",
        "/startup",
        "/.well-known/jwks.json",
        "/health?deep=true",
    ] {
        stage.get(path).send().await.expect(200);
    }
}

/// An override may name an agent that is not there yet; deny beats `require_approval`.
#[tokio::test]
async fn overrides_count_from_the_moment_that_there_is_such_an_agent() {
    let stage = Stage::new().await;
    policy(&stage, &json!([{"match": {}, "decision": "auto_approve"}])).await;
    let body = json!({"agentId": "late", "toolPattern": "send_*", "action": "require_approval", "reason": "new", "ttlSeconds": 60});
    let made = call(&stage, Method::POST, "/api/overrides", &stage.owner, &body)
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&made["agentId"], &made["action"], &made["reason"]),
        (&json!("late"), &json!("require_approval"), &json!("new"))
    );
    let agent = key(&stage, "late", &["request:create"]).await;
    let asked = ask(&stage, &agent, &json!({"action": "send_email"})).await;
    assert_eq!(
        (&asked["status"], &asked["decisionReason"]),
        (&json!("pending"), &json!("Override active: new"))
    );
    let deny = json!({"agentId": "late", "toolPattern": "*", "action": "deny"});
    let denying = call(&stage, Method::POST, "/api/overrides", &stage.owner, &deny)
        .await
        .expect(201)
        .json();
    let asked = ask(&stage, &agent, &json!({"action": "send_email"})).await;
    assert_eq!(
        (&asked["status"], &asked["decidedBy"]),
        (&json!("denied"), &json!("override"))
    );
    let path = format!("/api/overrides/{}", denying["id"].as_str().unwrap());
    call(&stage, Method::DELETE, &path, &stage.owner, &Value::Null)
        .await
        .expect(200);
    stage.clock.advance(std::time::Duration::from_secs(61));
    let asked = ask(&stage, &agent, &json!({"action": "send_email"})).await;
    assert_eq!(asked["status"], "approved");
}

/// The MCP server: authorize, then a call.
#[tokio::test]
async fn a_tool_may_be_called_without_a_verified_agent() {
    let stage = Stage::new().await;
    let agent = key(&stage, "mcp", &["request:create"]).await;
    let body = json!({"toolName": "agentgate_request"});
    let answer = call(&stage, Method::POST, "/api/mcp/authorize", &agent, &body)
        .await
        .expect(200)
        .json();
    assert_eq!(answer, json!({"decision": "allow"}));
    let none = call(
        &stage,
        Method::POST,
        "/api/mcp/authorize",
        &agent,
        &json!({}),
    )
    .await
    .expect(400)
    .json();
    assert_eq!(none["error"], "toolName is required");
}

/// A key is listed, changed, and dead at once when it is revoked.
#[tokio::test]
async fn keys_are_listed_changed_and_revoked() {
    let stage = Stage::new().await;
    let agent = key(&stage, "My key", &["request:create", "request:read"]).await;
    let listed = call(
        &stage,
        Method::GET,
        "/api/api-keys",
        &stage.owner,
        &Value::Null,
    )
    .await
    .expect(200)
    .json();
    let mine = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "My key")
        .unwrap()
        .clone();
    assert_eq!(
        (&mine["scopes"], &mine["active"], &mine["rateLimit"]),
        (
            &json!(["request:create", "request:read"]),
            &json!(true),
            &Value::Null
        )
    );
    let path = format!("/api/api-keys/{}", mine["id"].as_str().unwrap());
    let empty = call(&stage, Method::PATCH, &path, &stage.owner, &json!({}))
        .await
        .expect(400)
        .json();
    assert_eq!(empty["error"], "No fields to update");
    let changed = call(
        &stage,
        Method::PATCH,
        &path,
        &stage.owner,
        &json!({"rateLimit": 2}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(changed, json!({"success": true}));
    let answer = call(&stage, Method::GET, "/api/requests", &agent, &Value::Null)
        .await
        .expect(200);
    assert_eq!(answer.header("x-ratelimit-limit"), "2");
    assert!(answer.header("x-ratelimit-reset").parse::<i64>().unwrap() > 1_000_000_000);
    let gone = call(&stage, Method::DELETE, &path, &stage.owner, &Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(gone, json!({"success": true, "message": "API key revoked"}));
    call(&stage, Method::GET, "/api/requests", &agent, &Value::Null)
        .await
        .expect(401);
}

/// The dashboard: audit, analytics, the queue.
#[tokio::test]
async fn history_and_numbers_are_read_from_the_ledger() {
    let stage = Stage::new().await;
    let agent = key(&stage, "bot", &["request:create"]).await;
    policy(
        &stage,
        &json!([{"match": {"action": "ok"}, "decision": "auto_approve"}]),
    )
    .await;
    ask(&stage, &agent, &json!({"action": "ok"})).await;
    ask(
        &stage,
        &agent,
        &json!({"action": "other", "urgency": "critical"}),
    )
    .await;
    let audit = call(
        &stage,
        Method::GET,
        "/api/audit?limit=2",
        &stage.owner,
        &Value::Null,
    )
    .await
    .expect(200)
    .json();
    assert_eq!(
        audit["pagination"],
        json!({"total": 3, "limit": 2, "offset": 0, "hasMore": true})
    );
    assert_eq!(
        (
            &audit["entries"][0]["eventType"],
            &audit["entries"][0]["request"]["action"]
        ),
        (&json!("created"), &json!("other"))
    );
    assert_eq!(
        (
            &audit["entries"][1]["eventType"],
            &audit["entries"][1]["actor"]
        ),
        (&json!("approved"), &json!("policy"))
    );
    let actors = call(
        &stage,
        Method::GET,
        "/api/audit/actors",
        &stage.owner,
        &Value::Null,
    )
    .await
    .expect(200)
    .json();
    assert_eq!(actors, json!({"actors": ["api:bot", "policy"]}));
    let numbers = call(
        &stage,
        Method::GET,
        "/api/analytics/overview",
        &stage.owner,
        &Value::Null,
    )
    .await
    .expect(200)
    .json();
    assert_eq!(
        (
            &numbers["totalRequests"],
            &numbers["approved"],
            &numbers["pending"],
            &numbers["autoApproveRate"]
        ),
        (&json!(2), &json!(1), &json!(1), &json!(0.5))
    );
    let queue = call(
        &stage,
        Method::GET,
        "/api/requests/queue-stats",
        &stage.owner,
        &Value::Null,
    )
    .await
    .expect(200)
    .json();
    assert_eq!(
        (&queue["total_pending"], &queue["by_urgency"]["critical"]),
        (&json!(1), &json!(1))
    );
}
