//! Requirements 1, 8, 9 and 28: who may call what, tried on every route that the shipped binary documents.

use serde_json::{Value, json};

use crate::support::{Api, Scene, TestGateway, add_agent, add_approver, grant, proxy_body};

/// Every method and path of the document, its parameters filled with an id that nobody has.
fn routes(scene: &TestGateway) -> Vec<(String, String)> {
    let document = scene.anonymous().get("/openapi.json").expect(200).json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| key.len() <= 7 && !matches!(key.as_str(), "summary"))
        {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(routes.len() > 60, "{routes:?}");
    routes
}

const OPEN: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/vault/unlock"),
    // Closed once the gateway is set up: they say so, and take nothing.
    ("GET", "/api/v1/setup"),
    ("POST", "/api/v1/setup"),
    // What AgentGate's clients ask without a key: probes, and keys that there are none of.
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/startup"),
    ("GET", "/.well-known/jwks.json"),
    // The credential is in the path or in the body, or is a secret of its own.
    ("GET", "/l/{token}"),
    ("POST", "/l/{token}"),
    ("GET", "/api/decide/{token}"),
    ("POST", "/api/decide/{token}"),
    ("POST", "/api/agents/token"),
    ("POST", "/api/guardrails/webhook"),
];

/// What an agent's key is for. Everything else is an operator's.
const AGENTS: &[(&str, &str)] = &[
    ("POST", "/proxy"),
    ("GET", "/status/{id}"),
    ("POST", "/proxy/execute/{id}"),
    ("GET", "/api/v1/actions"),
    ("POST", "/api/v1/actions"),
    ("GET", "/api/v1/actions/{id}"),
    ("POST", "/api/v1/actions/{id}/execute"),
    ("POST", "/api/v1/actions/{id}/cancel"),
    ("GET", "/api/v1/approvals"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/requests"),
    ("POST", "/api/requests"),
    ("GET", "/api/requests/{id}"),
    ("GET", "/api/requests/{id}/audit"),
    ("POST", "/api/mcp/authorize"),
];

/// Whoever has a credential: about itself.
const ANYBODYS: &[(&str, &str)] = &[("GET", "/api/v1/sessions/me")];

fn is_in(list: &[(&str, &str)], method: &str, path: &str) -> bool {
    list.iter()
        .any(|(one, other)| *one == method && *other == path)
}

fn call(api: &Api, method: &str, path: &str) -> u16 {
    let path = path
        .replace("{id}", "0198a3f2-0000-7000-8000-000000000000")
        .replace("{target}", "pay");
    let body = match path.rsplit('/').next() {
        Some("proof") => json!({ "token": "somebody's" }),
        Some("password") => json!({ "password": "a-password-of-somebody" }),
        _ => json!({ "name": "x", "admin": true, "role": "owner", "scopes": ["admin"] }),
    };
    let reply = if method == "GET" {
        api.get(&path)
    } else {
        api.with_json(method, &path, &[], &body)
    };
    reply.status
}

#[test]
fn requirement_1_every_route_wants_a_credential_but_the_open_ones() {
    let gateway = TestGateway::start();
    let anonymous = gateway.anonymous();
    let junk = gateway.api("cs_junkjunkjunkjunkjunkjunkjunkjunkjunkjunkjunk");
    let token = gateway.api(gateway.token());
    for (method, path) in routes(&gateway) {
        if is_in(OPEN, &method, &path) {
            continue;
        }
        assert_eq!(call(&anonymous, &method, &path), 401, "{method} {path}");
        assert_eq!(
            call(&junk, &method, &path),
            401,
            "{method} {path} with junk"
        );
        // GaiterGuard 5: a token of another kind is no key.
        assert_eq!(
            call(&token, &method, &path),
            401,
            "{method} {path} with the sign-in token"
        );
    }
    // A credential that is present and wrong is an error on the open routes' neighbours, never anonymity.
    anonymous.get("/metrics").expect(401);
    // The page, which signs in by itself.
    anonymous.get("/").expect(303);
    for path in [
        "/api",
        "/api/v1",
        "/api/v1/nothing",
        "/debug",
        "/.git/config",
        "/api/v1/agents/../status",
    ] {
        let reply = anonymous.get(path);
        assert!(
            matches!(reply.status, 400 | 401 | 404 | 308),
            "{path}: {}",
            reply.status
        );
    }
}

#[test]
fn requirement_8_an_agents_key_opens_no_operators_route() {
    let scene = Scene::new();
    for (method, path) in routes(&scene.gateway) {
        if [OPEN, AGENTS, ANYBODYS]
            .iter()
            .any(|list| is_in(list, &method, &path))
        {
            continue;
        }
        let status = call(&scene.agent.api, &method, &path);
        assert!(matches!(status, 401 | 403), "{method} {path}: {status}");
    }
    // What a client says of itself counts for nothing.
    let headers = [
        ("x-countersign-role", "owner"),
        ("x-forwarded-user", "owner"),
        ("x-user", "owner"),
        ("x-scopes", "admin"),
    ];
    scene
        .agent
        .api
        .send("GET", "/api/v1/operators", &headers, None)
        .expect(403);
}

/// Requirement 8, AgentGate 1: scopes were not enforced anywhere.
#[test]
fn a_keys_scopes_bound_its_owner() {
    let scene = Scene::new();
    let key = |name: &str, scopes: Value| {
        let body = json!({ "name": name, "operator": "owner", "scopes": scopes });
        scene.gateway.api(
            scene
                .admin
                .post("/api/v1/keys", &body)
                .expect(201)
                .at("/key")
                .as_str()
                .unwrap(),
        )
    };
    let reader = key("reader", json!(["request:read"]));
    let decider = key("decider", json!(["request:decide"]));
    let auditor = key("auditor", json!(["audit:read"]));
    let id = scene.ask("/ask/x", "{}");
    reader.get("/api/v1/actions").expect(200);
    reader
        .post(&format!("/api/v1/approvals/{id}/approve"), &json!({}))
        .expect_code(403, "forbidden");
    reader
        .post(
            "/api/v1/rules",
            &json!({ "name": "mine", "match": {}, "verdict": "allow" }),
        )
        .expect(403);
    reader
        .post("/api/v1/agents", &json!({ "name": "mine" }))
        .expect(403);
    auditor.get("/api/v1/audit/verify").expect(200);
    auditor.get("/api/v1/actions").expect(403);
    decider.get("/api/v1/audit/entries").expect(403);
    decider
        .post(&format!("/api/v1/approvals/{id}/approve"), &json!({}))
        .expect(200);
    // No key makes a stronger one.
    for api in [&reader, &decider, &auditor, &scene.agent.api] {
        api.post(
            "/api/v1/keys",
            &json!({ "name": "up", "operator": "owner", "scopes": ["admin"] }),
        )
        .expect(403);
    }
    let manager = key("manager", json!(["key:manage"]));
    let up = manager.post(
        "/api/v1/keys",
        &json!({ "name": "up", "operator": "owner", "scopes": ["admin", "request:decide"] }),
    );
    assert_eq!(up.status, 403, "{}", up.text());
    let viewer = {
        scene
            .admin
            .post(
                "/api/v1/operators",
                &json!({ "name": "vera", "role": "viewer" }),
            )
            .expect(201);
        let body =
            json!({ "name": "vera", "operator": "vera", "scopes": ["admin", "request:decide"] });
        let made = scene.admin.post("/api/v1/keys", &body);
        if made.status == 201 {
            Some(scene.gateway.api(made.at("/key").as_str().unwrap()))
        } else {
            None
        }
    };
    if let Some(viewer) = viewer {
        // A scope can't lift its owner above the role.
        viewer
            .post("/api/v1/agents", &json!({ "name": "mine" }))
            .expect(403);
        let id = scene.ask("/ask/y", "{}");
        viewer
            .post(&format!("/api/v1/approvals/{id}/approve"), &json!({}))
            .expect(403);
    }
    let bob = add_approver(&scene.gateway, "bob");
    bob.post("/api/v1/targets", &json!({ "name": "x", "connector": "http", "base_url": "http://127.0.0.1:1", "allow_private_network": true })).expect(403);
    scene
        .agent
        .api
        .post(
            "/api/v1/targets",
            &json!({ "name": "x", "connector": "http", "base_url": "https://example.com" }),
        )
        .expect(403);
}

#[test]
fn requirement_9_another_agents_request_is_not_there() {
    let scene = Scene::new();
    let other = add_agent(&scene.gateway, "other");
    grant(&scene.admin, "other", "pay", "POST /ask/**", "ask");
    let id = scene.approved("/ask/x", "{}");
    other.status(&id).expect(404);
    other.execute(&id).expect(404);
    for (method, path) in [("GET", ""), ("POST", "/execute"), ("POST", "/cancel")] {
        let reply = other.api.with_json(
            method,
            &format!("/api/v1/actions/{id}{path}"),
            &[],
            &json!({}),
        );
        assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text());
    }
    assert!(other.api.list("/api/v1/actions").is_empty());
    assert!(other.api.list("/api/v1/actions?agent=bot").is_empty());
    other
        .api
        .post(
            "/api/v1/actions",
            &json!({ "agent": "bot", "target": "pay", "action": "POST /ask/x" }),
        )
        .expect(403);
    assert_eq!(scene.state(&id), "approved");
    assert_eq!(scene.upstream.total(), 0);
    let nobody = "0198a3f2-0000-7000-8000-000000000000";
    assert_eq!(scene.agent.status(nobody).status, 404);
    assert_eq!(scene.agent.status("../../etc/passwd").status, 404);
}

/// The owner's key works on every route, for an agent that it names.
#[test]
fn an_operator_asks_on_behalf_of_an_agent() {
    let scene = Scene::new();
    let body = |agent: Value| json!({ "agent": agent, "target": "pay", "action": "GET /read/x", "intent": "by hand" });
    let reply = scene
        .admin
        .post("/api/v1/actions", &body(json!("bot")))
        .expect(200);
    let id = reply.at("/id").as_str().unwrap().to_owned();
    let entry = scene
        .ledger()
        .into_iter()
        .find(|entry| entry["request"] == id)
        .unwrap();
    assert!(
        entry["actor"].as_str().unwrap().starts_with("operator:"),
        "the ledger says who really asked: {entry}"
    );
    assert_eq!(
        scene
            .admin
            .post("/api/v1/actions", &body(Value::Null))
            .expect(400)
            .at("/field"),
        "agent"
    );
    assert_eq!(
        scene
            .admin
            .post("/api/v1/actions", &body(json!("nobody")))
            .expect(400)
            .at("/field"),
        "agent"
    );
    // The agent's grants bind: an operator has none of their own.
    let denied =
        json!({ "agent": "bot", "target": "pay", "action": "GET /deny/x", "intent": "by hand" });
    scene
        .admin
        .post("/api/v1/actions", &denied)
        .expect_code(403, "denied");
    // The owner may carry out what the agent asked, and look at it in the dialect.
    let asked = scene.approved("/ask/x", "{}");
    assert_eq!(
        scene
            .admin
            .get(&format!("/status/{asked}"))
            .expect(200)
            .at("/status"),
        "APPROVED"
    );
    scene
        .admin
        .send("POST", &format!("/proxy/execute/{asked}"), &[], Some(b""))
        .expect(200);
    // The dialect's body has no place for an agent's name: it is told so.
    let reply = scene.admin.post(
        "/proxy",
        &proxy_body("GET", &scene.upstream.url("/read/x"), None),
    );
    assert!(matches!(reply.status, 200 | 400), "{}", reply.text());
}

/// Every header that a key may come in.
#[test]
fn a_key_comes_in_three_headers() {
    let scene = Scene::new();
    let anonymous = scene.gateway.anonymous();
    for (name, value) in [
        ("authorization", format!("Bearer {}", scene.agent.key)),
        ("Agent-Key", scene.agent.key.clone()),
        ("X-API-Key", scene.agent.key.clone()),
    ] {
        anonymous
            .send("GET", "/api/v1/actions", &[(name, &value)], None)
            .expect(200);
    }
    for (name, value) in [
        ("authorization", format!("Basic {}", scene.agent.key)),
        ("Agent-Key", format!("{}x", scene.agent.key)),
        ("cookie", format!("countersign_session={}", scene.agent.key)),
    ] {
        anonymous
            .send("GET", "/api/v1/actions", &[(name, &value)], None)
            .expect(401);
    }
    let missing = anonymous.post("/proxy", &json!({})).expect(401);
    assert_eq!(missing.at("/error"), "Missing Agent-Key header");
}
