//! Requirements 3, 5 and 44: foreign hosts and pages, cookies, headers.

use serde_json::{Value, json};

use crate::support::{Scene, TestGateway};

#[test]
fn requirement_3_foreign_hosts_and_origins_are_refused() {
    let scene = Scene::new();
    let port = scene.gateway.address().port();
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "169.254.169.254",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "",
    ] {
        for path in ["/healthz", "/api/v1/actions", "/api/v1/events", "/proxy"] {
            let reply = scene.agent.api.send("GET", path, &[("host", host)], None);
            assert!(
                matches!(reply.status, 400 | 403 | 421),
                "{host} {path}: {} {}",
                reply.status,
                reply.text()
            );
        }
    }
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        scene
            .agent
            .api
            .send("GET", "/api/v1/actions", &[("host", &host)], None)
            .expect(200);
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:1",
        "https://localhost.evil.example",
    ] {
        for (method, path) in [
            ("POST", "/proxy"),
            ("GET", "/api/v1/events"),
            ("GET", "/api/v1/actions"),
            ("OPTIONS", "/proxy"),
        ] {
            let headers = [
                ("origin", origin),
                ("content-type", "application/json"),
                ("access-control-request-method", "POST"),
            ];
            let reply = scene.agent.api.send(method, path, &headers, Some(b"{}"));
            assert_eq!(
                reply.status,
                403,
                "{origin} {method} {path}: {}",
                reply.text()
            );
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
    }
}

#[test]
fn requirement_44_every_answer_has_its_headers() {
    let scene = Scene::new();
    let replies = [
        scene.gateway.anonymous().get("/healthz"),
        scene.gateway.anonymous().get("/api/v1/actions"),
        scene.gateway.anonymous().get("/nothing"),
        scene.admin.get("/api/v1/actions"),
        scene.proxy("GET", "/read/x", None),
        scene.proxy("GET", "/deny/x", None),
    ];
    for reply in replies {
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"),
            "{policy}"
        );
        assert!(reply.header("x-request-id").is_some());
        assert!(reply.header("server").is_none());
    }
}

/// A session's cookie can't be read by a page, goes to nobody else, and changes nothing without its CSRF token.
#[test]
fn requirement_44_sessions_are_bound_to_their_page() {
    let scene = Scene::new();
    let anonymous = scene.gateway.anonymous();
    let signed_in = anonymous.post(
        "/api/v1/sessions",
        &json!({ "token": scene.gateway.token() }),
    );
    assert!(
        matches!(signed_in.status, 200 | 201),
        "{}",
        signed_in.text()
    );
    let cookie = signed_in
        .header("set-cookie")
        .expect("a browser's session is a cookie")
        .to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let csrf = ["/csrf", "/csrf_token"]
        .iter()
        .find_map(|place| match signed_in.at(place) {
            Value::String(text) => Some(text),
            _ => None,
        });
    let csrf = csrf.unwrap_or_else(|| panic!("no CSRF token: {}", signed_in.text()));
    anonymous
        .send("GET", "/api/v1/agents", &[("cookie", &cookie)], None)
        .expect(200);
    let body = json!({ "name": "from-a-page" });
    anonymous
        .with_json("POST", "/api/v1/agents", &[("cookie", &cookie)], &body)
        .expect(403);
    anonymous
        .with_json(
            "POST",
            "/api/v1/agents",
            &[("cookie", &cookie), ("x-csrf-token", "wrong")],
            &body,
        )
        .expect(403);
    anonymous
        .with_json(
            "POST",
            "/api/v1/agents",
            &[("cookie", &cookie), ("x-csrf-token", &csrf)],
            &body,
        )
        .expect(201);
    let foreign = [
        ("cookie", cookie.as_str()),
        ("x-csrf-token", csrf.as_str()),
        ("origin", "https://evil.example"),
    ];
    anonymous
        .with_json(
            "POST",
            "/api/v1/agents",
            &foreign,
            &json!({ "name": "from-afar" }),
        )
        .expect(403);
    // The cookie is no bearer.
    let secret = cookie.split_once('=').unwrap().1;
    scene.gateway.api(secret).get("/api/v1/agents").expect(401);
    let out = anonymous.send(
        "DELETE",
        "/api/v1/sessions/me",
        &[("cookie", &cookie), ("x-csrf-token", &csrf)],
        None,
    );
    assert!(matches!(out.status, 200 | 204), "{}", out.text());
    anonymous
        .send("GET", "/api/v1/agents", &[("cookie", &cookie)], None)
        .expect(401);
    let kinds: Vec<String> = scene
        .ledger()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect();
    assert!(kinds.contains(&"signin.succeeded".to_owned()), "{kinds:?}");
}

/// Requirement 43: what the gateway writes is its owner's alone.
#[test]
fn requirement_43_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let gateway = TestGateway::start();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(gateway.data_dir()), 0o700);
    for entry in std::fs::read_dir(gateway.data_dir()).unwrap().flatten() {
        assert_eq!(mode(&entry.path()) & 0o077, 0, "{}", entry.path().display());
    }
    let run: Value =
        serde_json::from_slice(&std::fs::read(gateway.data_dir().join("run.json")).unwrap())
            .unwrap();
    assert_eq!(run["address"], format!("http://{}", gateway.address()));
}
