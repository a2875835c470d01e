//! What is allowed, asked and denied, by grants and by rules.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{SECRET, Scene, TestGateway};

#[test]
fn an_allowed_read_reaches_the_upstream_once_with_the_credential() {
    let scene = Scene::new();
    let reply = scene
        .proxy("GET", "/read/charges?limit=3", None)
        .expect(200);
    assert_eq!(reply.header("x-proxy-status"), Some("forwarded"));
    assert_eq!(scene.upstream.total(), 1);
    let seen = &scene.upstream.requests()[0];
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("GET", "/read/charges?limit=3")
    );
    assert_eq!(
        seen.header_values("authorization"),
        [format!("Bearer {SECRET}")]
    );
    // The upstream echoes its headers: requirement 20.
    assert_eq!(reply.at("/method"), "GET");
    assert!(!reply.text().contains(SECRET), "{}", reply.text());
    let id = scene.newest();
    assert_eq!(scene.state(&id), "succeeded");
    // This face's calls carry an idempotency key here, so that also a read takes its key, with its intent, before it runs.
    let story = [("action.intent", ""), ("action.outcome", "http_200")];
    assert_eq!(
        scene.story(&id),
        story.map(|(kind, outcome)| (kind.to_owned(), outcome.to_owned()))
    );
}

#[test]
fn the_native_form_does_the_same() {
    let scene = Scene::new();
    let action = |action: &str| json!({ "target": "pay", "action": action, "input": { "query": { "a": "1 2" } }, "intent": "a test" });
    let reply = scene
        .agent
        .api
        .post("/api/v1/actions", &action("GET /read/x"))
        .expect(200);
    assert_eq!(reply.at("/state"), "succeeded");
    assert_eq!(reply.at("/result/status"), 200);
    let echoed: Value = serde_json::from_str(reply.at("/result/body").as_str().unwrap()).unwrap();
    assert!(
        echoed["target"]
            .as_str()
            .unwrap()
            .starts_with("/read/x?a=1"),
        "{echoed}"
    );
    assert!(!reply.text().contains(SECRET));
    let asked = scene
        .agent
        .api
        .post("/api/v1/actions", &action("GET /ask/x"))
        .expect(202);
    let id = asked.at("/id").as_str().unwrap().to_owned();
    assert_eq!(asked.at("/state"), "pending");
    scene.approve(&id).expect(200);
    let done = scene
        .agent
        .api
        .post(&format!("/api/v1/actions/{id}/execute"), &json!({}))
        .expect(200);
    assert_eq!(done.at("/result/status"), 200);
    scene
        .agent
        .api
        .post("/api/v1/actions", &action("GET /deny/x"))
        .expect_code(403, "denied");
    assert_eq!(
        (
            scene.upstream.count("/read/x"),
            scene.upstream.count("/ask/x"),
            scene.upstream.count("/deny/x")
        ),
        (1, 1, 0)
    );
}

#[test]
fn what_no_grant_covers_is_denied_and_recorded() {
    let scene = Scene::new();
    let denied = scene
        .proxy("DELETE", "/read/charges", None)
        .expect_code(403, "denied");
    let id = denied.at("/action_id").as_str().unwrap().to_owned();
    assert_eq!(scene.state(&id), "denied");
    assert_eq!(scene.story(&id)[0].0, "action.denied");
    scene
        .proxy("GET", "/deny/it", None)
        .expect_code(403, "denied");
    // A deny beats an allow that covers the same action.
    scene.grant("GET /deny/**", "allow");
    scene
        .proxy("GET", "/deny/it", None)
        .expect_code(403, "denied");
    assert_eq!(scene.upstream.total(), 0);
}

#[test]
fn a_target_without_any_grant_is_not_there() {
    let scene = Scene::on(TestGateway::start());
    let body =
        json!({ "targetUrl": scene.upstream.url("/read/x"), "method": "GET", "intent": "probe" });
    let missing = scene.agent.proxy(&body).expect_code(404, "no_target");
    assert_eq!(
        missing.at("/error"),
        "No service found matching target URL or agent does not have access"
    );
    assert_eq!(missing.at("/statusCode"), 404);
    scene
        .agent
        .api
        .post(
            "/api/v1/actions",
            &json!({ "target": "pay", "action": "GET /read/x" }),
        )
        .expect_code(404, "no_target");
    assert_eq!(scene.upstream.total(), 0);
}

#[test]
fn by_policy_asks_the_rules_and_falls_back_by_effect() {
    let scene = Scene::new();
    // No rule yet: reads run, everything else asks.
    scene.proxy("GET", "/policy/x", None).expect(200);
    scene
        .proxy("POST", "/policy/x", Some("{\"amount\":5}"))
        .expect(428);
    let rule = |name: &str, priority: i64, matches: Value, verdict: &str| {
        let body = json!({ "name": name, "priority": priority, "match": matches, "verdict": verdict, "reason": "a test" });
        scene.admin.post("/api/v1/rules", &body).expect(201);
    };
    rule(
        "small",
        10,
        json!({ "action": ["POST /policy/**"], "input": { "body.amount": { "gte": 10, "lt": 100 } } }),
        "allow",
    );
    rule(
        "no-deletes",
        20,
        json!({ "effect": ["destructive"], "target": ["pay"], "agent": ["bot"] }),
        "deny",
    );
    let amount = |amount: i64| {
        scene
            .proxy(
                "POST",
                "/policy/x",
                Some(&json!({ "amount": amount }).to_string()),
            )
            .status
    };
    assert_eq!(
        [amount(9), amount(10), amount(99), amount(100)],
        [428, 200, 200, 428]
    );
    scene
        .proxy("DELETE", "/policy/x", None)
        .expect_code(403, "denied");
    // The strictest voice wins: an allow rule does not lift a grant's ask.
    rule("generous", 1, json!({}), "allow");
    scene.proxy("POST", "/ask/x", Some("{}")).expect(428);
    // A guard's deny beats an allow rule, whatever its priority.
    let guard = json!({ "name": "guard", "kind": "guard", "priority": 900, "match": { "action": ["GET /read/secret/**"] }, "verdict": "deny" });
    scene.admin.post("/api/v1/rules", &guard).expect(201);
    scene
        .proxy("GET", "/read/secret/1", None)
        .expect_code(403, "denied");
    scene.proxy("GET", "/read/open/1", None).expect(200);
}

#[test]
fn a_grant_ends_when_it_says() {
    let scene = Scene::on(TestGateway::start());
    let body = json!({ "agent": "bot", "target": "pay", "action": "GET /brief/*", "verdict": "allow", "expires_in_seconds": 2 });
    scene.admin.post("/api/v1/grants", &body).expect(201);
    // Keeps the target visible after the end of the other one.
    scene.grant("GET /other", "allow");
    scene.proxy("GET", "/brief/1", None).expect(200);
    thread::sleep(Duration::from_millis(2_100));
    scene
        .proxy("GET", "/brief/1", None)
        .expect_code(403, "denied");
    assert_eq!(scene.upstream.total(), 1);
}

#[test]
fn patterns_are_matched_by_whole_segments() {
    let scene = Scene::on(TestGateway::start());
    scene.grant("GET /one/*", "allow");
    scene.grant("GET /any/**", "allow");
    scene.grant("GET /exact", "allow");
    for (method, path, status) in [
        ("GET", "/one/a", 200),
        ("GET", "/one/a?x=/../..", 200),
        ("GET", "/one/a/b", 403),
        ("GET", "/one", 403),
        ("GET", "/onea/a", 403),
        ("GET", "/any/a/b/c", 200),
        ("GET", "/anything", 403),
        ("GET", "/exact", 200),
        ("GET", "/exact/more", 403),
        ("GET", "/EXACT", 403),
        ("HEAD", "/exact", 403),
        ("POST", "/exact", 403),
    ] {
        let reply = scene.proxy(method, path, None);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
    }
}
