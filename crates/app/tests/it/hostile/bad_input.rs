//! Malformed, mistyped, oversized: 4xx, a problem that names the field, and a gateway that lives on. Requirement 36.

use serde_json::{Value, json};

use crate::support::{Api, Response, Scene, Wire, mapped};

#[track_caller]
fn assert_problem(reply: &Response, what: &str) {
    assert!(
        (400..500).contains(&reply.status),
        "{what}: {} {}",
        reply.status,
        reply.text()
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json"),
        "{what}: {}",
        reply.text()
    );
    let problem = reply.json();
    assert_eq!(problem["status"], reply.status, "{what}: {problem}");
    for field in ["type", "title", "detail", "code", "request_id"] {
        assert!(
            problem[field].as_str().is_some_and(|text| !text.is_empty()),
            "{what}: no {field}: {problem}"
        );
    }
}

fn raw(api: &Api, method: &str, path: &str, content_type: &str, body: &[u8]) -> Response {
    api.send(method, path, &[("content-type", content_type)], Some(body))
}

/// Every route with a body of the native face, and a valid body.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("POST", "/api/v1/agents", json!({ "name": "n" })),
        (
            "POST",
            "/api/v1/keys",
            json!({ "name": "n", "agent": "bot" }),
        ),
        (
            "POST",
            "/api/v1/targets",
            json!({ "name": "n", "connector": "http", "base_url": "https://example.com" }),
        ),
        ("PATCH", "/api/v1/targets/pay", json!({ "labels": {} })),
        (
            "POST",
            "/api/v1/credentials",
            json!({ "target": "pay", "type": "bearer", "fields": { "token": "t" } }),
        ),
        (
            "POST",
            "/api/v1/grants",
            json!({ "agent": "bot", "target": "pay", "action": "GET /x", "verdict": "allow" }),
        ),
        (
            "POST",
            "/api/v1/rules",
            json!({ "name": "n", "match": {}, "verdict": "allow" }),
        ),
        (
            "PATCH",
            "/api/v1/settings",
            json!({ "execute_ttl_seconds": 60 }),
        ),
        (
            "POST",
            "/api/v1/operators",
            json!({ "name": "n", "role": "viewer" }),
        ),
        (
            "POST",
            "/api/v1/actions",
            json!({ "target": "pay", "action": "GET /read/x", "agent": "bot" }),
        ),
        (
            "POST",
            "/api/v1/kills",
            json!({ "scope": "agent", "name": "bot" }),
        ),
        ("POST", "/api/v1/sessions", json!({ "token": "x" })),
    ]
}

#[test]
fn malformed_json_is_400_on_every_route() {
    let scene = Scene::new();
    for (method, path, body) in bodies() {
        let text = body.to_string();
        for (what, bytes) in [
            ("cut", text.as_bytes()[..text.len() - 1].to_vec()),
            ("empty", Vec::new()),
            ("two documents", format!("{text}{text}").into_bytes()),
            (
                "bad UTF-8",
                [&text.as_bytes()[..text.len() - 1], b",\"x\":\"\xff\xfe\"}"].concat(),
            ),
            ("a bare word", b"undefined".to_vec()),
            ("NaN", b"{\"a\":NaN}".to_vec()),
            ("a comment", format!("/* x */{text}").into_bytes()),
            (
                "trailing comma",
                format!("{},}}", &text[..text.len() - 1]).into_bytes(),
            ),
        ] {
            let reply = raw(&scene.admin, method, path, "application/json", &bytes);
            assert_problem(&reply, &format!("{method} {path}, {what}"));
            assert_eq!(
                reply.status,
                400,
                "{method} {path}, {what}: {}",
                reply.text()
            );
        }
        for (what, bytes) in [
            ("a list", "[]"),
            ("a number", "7"),
            ("null", "null"),
            ("a text", "\"x\""),
        ] {
            assert_problem(
                &raw(
                    &scene.admin,
                    method,
                    path,
                    "application/json",
                    bytes.as_bytes(),
                ),
                &format!("{method} {path}, {what}"),
            );
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonx",
        ] {
            let reply = raw(&scene.admin, method, path, content_type, text.as_bytes());
            assert_problem(&reply, &format!("{method} {path}, {content_type}"));
            assert_eq!(reply.status, 415, "{}", reply.text());
        }
    }
    scene.proxy("GET", "/read/x", None).expect(200);
}

#[test]
fn unknown_and_missing_fields_and_wrong_types_are_named() {
    let scene = Scene::new();
    for (method, path, body) in bodies() {
        if path == "/api/v1/sessions" {
            continue;
        }
        let mut more = body.clone();
        more["surprise"] = json!(1);
        let reply = scene.admin.with_json(method, path, &[], &more);
        assert_problem(&reply, path);
        assert!(
            reply
                .at("/field")
                .as_str()
                .is_some_and(|field| field.contains("surprise")),
            "{method} {path}: {}",
            reply.text()
        );
        for (name, value) in body.as_object().unwrap() {
            let mut wrong = body.clone();
            wrong[name] = if value.is_object() {
                json!("x")
            } else {
                json!({ "x": [1] })
            };
            let reply = scene.admin.with_json(method, path, &[], &wrong);
            assert_problem(&reply, &format!("{method} {path}: {name}"));
            assert!(
                reply
                    .at("/field")
                    .as_str()
                    .is_some_and(|field| field.contains(name.as_str())),
                "{method} {path}, {name}: {}",
                reply.text()
            );
            if method == "POST"
                && !matches!(
                    name.as_str(),
                    "agent" | "match" | "base_url" | "name" | "fields"
                )
            {
                let mut less = body.clone();
                less.as_object_mut().unwrap().remove(name);
                let reply = scene.admin.with_json(method, path, &[], &less);
                assert_problem(&reply, &format!("{method} {path} without {name}"));
                assert!(
                    reply
                        .at("/field")
                        .as_str()
                        .is_some_and(|field| field.contains(name.as_str())),
                    "{method} {path} without {name}: {}",
                    reply.text()
                );
            }
        }
        // The same field twice: which one counts is nobody's to guess.
        let (name, value) = body.as_object().unwrap().iter().next().unwrap();
        let twice = format!("{{\"{name}\":{value},{}", &body.to_string()[1..]);
        let reply = raw(
            &scene.admin,
            method,
            path,
            "application/json",
            twice.as_bytes(),
        );
        assert_problem(&reply, &format!("{method} {path}: {name} twice"));
    }
    assert_eq!(scene.upstream.total(), 0);
}

/// The dialect answers in its own shape, with the same care.
#[test]
#[expect(clippy::too_many_lines, reason = "one table of refusals")]
fn the_dialect_refuses_in_its_own_shape() {
    let scene = Scene::new();
    let url = scene.upstream.url("/read/x");
    for (what, body, field) in [
        (
            "unknown field",
            json!({ "targetUrl": url, "method": "GET", "intent": "x", "surprise": 1 }),
            Some("surprise"),
        ),
        (
            "no method",
            json!({ "targetUrl": url, "intent": "x" }),
            Some("method"),
        ),
        (
            "no intent",
            json!({ "targetUrl": url, "method": "GET" }),
            Some("intent"),
        ),
        (
            "empty intent",
            json!({ "targetUrl": url, "method": "GET", "intent": "" }),
            Some("intent"),
        ),
        (
            "long intent",
            json!({ "targetUrl": url, "method": "GET", "intent": "x".repeat(501) }),
            Some("intent"),
        ),
        (
            "odd method",
            json!({ "targetUrl": url, "method": "get", "intent": "x" }),
            Some("method"),
        ),
        (
            "CONNECT",
            json!({ "targetUrl": url, "method": "CONNECT", "intent": "x" }),
            Some("method"),
        ),
        (
            "headers as a list",
            json!({ "targetUrl": url, "method": "GET", "intent": "x", "headers": ["a"] }),
            Some("headers"),
        ),
        (
            "a header that is a number",
            json!({ "targetUrl": url, "method": "GET", "intent": "x", "headers": { "x-a": 1 } }),
            Some("headers.x-a"),
        ),
        (
            "a line break in a header",
            json!({ "targetUrl": url, "method": "GET", "intent": "x", "headers": { "x-a": "1\r\nx-b: 2" } }),
            Some("x-a"),
        ),
        (
            "a line break in a name",
            json!({ "targetUrl": url, "method": "GET", "intent": "x", "headers": { "x-a\r\nx-b": "1" } }),
            Some("headers"),
        ),
        (
            "no base64",
            json!({ "targetUrl": url, "method": "PUT", "intent": "x", "bodyBase64": "***" }),
            Some("bodyBase64"),
        ),
        (
            "both bodies",
            json!({ "targetUrl": url, "method": "PUT", "intent": "x", "body": "a", "bodyBase64": "YQ==" }),
            Some("bodyBase64"),
        ),
        (
            "both places",
            json!({ "targetUrl": url, "service_id": "pay", "path": "/x", "method": "GET", "intent": "x" }),
            Some("targetUrl"),
        ),
        (
            "no place",
            json!({ "method": "GET", "intent": "x" }),
            Some("targetUrl"),
        ),
    ] {
        let reply = scene.agent.proxy(&body);
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        assert_eq!(
            (
                reply.at("/statusCode"),
                reply.at("/error").is_string(),
                reply.at("/message").is_string()
            ),
            (json!(400), true, true),
            "{what}"
        );
        if let Some(field) = field {
            assert!(
                reply
                    .at("/field")
                    .as_str()
                    .is_some_and(|found| found.contains(field)),
                "{what}: {}",
                reply.text()
            );
        }
    }
    // AgentGate 6.
    let broken = raw(
        &scene.agent.api,
        "POST",
        "/proxy",
        "application/json",
        b"{\"targetUrl\":",
    )
    .expect(400);
    assert_eq!(broken.at("/code"), "malformed_json");
    assert_eq!(scene.upstream.total(), 0);
}

#[test]
fn urls_that_need_guessing_are_refused() {
    let scene = Scene::new();
    scene.grant("GET /**", "allow");
    let address = scene.upstream.address();
    let port = address.port();
    for url in [
        format!("http://user:pass@{address}/read/x"),
        format!("http://{address}/read/../../deny/x"),
        format!("http://{address}/read/%2e%2e/deny/x"),
        format!("http://{address}/read/..%2fdeny/x"),
        format!("http://{address}\\read\\x"),
        format!("http://{address}/read/\u{0}x"),
        format!("http:/{address}/read/x"),
        format!("ftp://{address}/read/x"),
        format!("file:///etc/passwd?{address}"),
        format!("http://{address}@evil.example/read/x"),
        format!("http://evil.example#@{address}/read/x"),
        format!("http://localhost:{port}/read/x"),
        format!("http://127.1:{port}/../x"),
        format!("http://[::ffff:127.0.0.1]:{port}/read/x"),
        format!("https://{address}/read/x"),
        format!("http://127.0.0.1:{}/read/x", port.wrapping_add(1)),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        format!("http://{}/api/v1/agents", scene.gateway.address()),
        "read/x".to_owned(),
        String::new(),
        format!("http://{address}/{}", "x".repeat(100_000)),
    ] {
        let reply = scene
            .agent
            .proxy(&json!({ "targetUrl": url, "method": "GET", "intent": "a test" }));
        assert!(
            matches!(reply.status, 400 | 403 | 404 | 413 | 414),
            "{url}: {} {}",
            reply.status,
            reply.text()
        );
    }
    assert_eq!(scene.upstream.total(), 0);
}

/// GaiterGuard 3: `/v1` also matched `/v1evil`.
#[test]
fn a_base_url_covers_whole_segments() {
    let scene = Scene::new();
    let base = format!("{}/v1", scene.upstream.url(""));
    crate::support::add_target(&scene.admin, "narrow", &base, &json!({}));
    crate::support::grant(&scene.admin, "bot", "narrow", "GET /**", "allow");
    let status = |path: &str| {
        scene.agent.proxy(&json!({ "targetUrl": scene.upstream.url(path), "method": "GET", "intent": "a test" })).status
    };
    assert_eq!(status("/v1/x"), 200);
    for path in [
        "/v1evil",
        "/v1evil/x",
        "/v1%2fx",
        "/V1/x",
        "/v1/../v2/x",
        "/v",
        "/",
    ] {
        assert!(matches!(status(path), 400 | 403 | 404), "{path}");
    }
    assert_eq!(scene.upstream.total(), 1);
}

#[test]
fn deep_json_is_refused_everywhere() {
    let scene = Scene::new();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 100_000;
        let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for (method, path, _) in bodies() {
            let reply = raw(
                &scene.admin,
                method,
                path,
                "application/json",
                deep.as_bytes(),
            );
            assert_problem(&reply, path);
        }
        let inside = format!("{{\"name\":\"n\",\"match\":{deep},\"verdict\":\"allow\"}}");
        assert_problem(
            &raw(
                &scene.admin,
                "POST",
                "/api/v1/rules",
                "application/json",
                inside.as_bytes(),
            ),
            "inside",
        );
        // As the body of an action it is data: taken as it is or refused, never fatal.
        let action = format!(
            "{{\"targetUrl\":\"{}\",\"method\":\"PUT\",\"intent\":\"x\",\"body\":{deep}}}",
            scene.upstream.url("/write/x")
        );
        let reply = raw(
            &scene.agent.api,
            "POST",
            "/proxy",
            "application/json",
            action.as_bytes(),
        );
        assert!(matches!(reply.status, 200 | 400 | 428), "{}", reply.text());
        let text = Value::from(deep);
        let action = format!(
            "{{\"targetUrl\":\"{}\",\"method\":\"PUT\",\"intent\":\"x\",\"body\":{text}}}",
            scene.upstream.url("/write/x")
        );
        let reply = raw(
            &scene.agent.api,
            "POST",
            "/proxy",
            "application/json",
            action.as_bytes(),
        );
        assert!(matches!(reply.status, 200 | 400 | 428), "{}", reply.text());
    }
    scene.proxy("GET", "/read/x", None).expect(200);
}

#[test]
fn huge_and_odd_ids_are_not_found() {
    let scene = Scene::new();
    for id in [
        "x",
        "0",
        "-1",
        "%00",
        "%ff%fe",
        "..%2f..%2fetc%2fpasswd",
        "'%20OR%201=1--",
        &"9".repeat(10_000),
        "18446744073709551616",
        "00000000-0000-0000-0000-000000000000",
    ] {
        for path in [
            "/status/",
            "/api/v1/actions/",
            "/api/v1/agents/",
            "/api/v1/grants/",
            "/api/v1/targets/",
            "/api/v1/rules/",
            "/api/v1/keys/",
        ] {
            let reply = scene.admin.get(&format!("{path}{id}"));
            assert!(
                matches!(reply.status, 400 | 404 | 405 | 414),
                "{path}{id}: {} {}",
                reply.status,
                reply.text()
            );
        }
        let reply = scene
            .admin
            .post(&format!("/api/v1/approvals/{id}/approve"), &json!({}));
        assert!(
            matches!(reply.status, 400 | 404 | 414),
            "{id}: {}",
            reply.status
        );
    }
    for query in [
        "limit=-1",
        "limit=x",
        "cursor=x",
        "state=wild",
        "surprise=1",
        "limit=99999999999999999999",
        "agent=nobody",
    ] {
        let reply = scene.admin.get(&format!("/api/v1/actions?{query}"));
        assert_problem(&reply, query);
        assert!(reply.at("/field").is_string(), "{query}: {}", reply.text());
    }
}

/// Requirement 45: what a client writes can't forge lines of the log or speak to a terminal.
#[test]
fn names_and_texts_are_bounded_and_clean() {
    let scene = Scene::new();
    let long = "x".repeat(100_000);
    for name in [
        "",
        " ",
        "a b",
        "../x",
        "a\nb",
        "\u{1b}[31m",
        "ünï",
        "а",
        "\u{202e}x",
        "0198a3f2-0000-7000-8000-000000000000",
        long.as_str(),
    ] {
        let reply = scene.admin.post("/api/v1/agents", &json!({ "name": name }));
        assert_problem(&reply, name.get(..20).unwrap_or(name));
        assert_eq!(reply.at("/field"), "name", "{name}");
    }
    for verdict in ["ALLOW", "maybe", ""] {
        let body =
            json!({ "agent": "bot", "target": "pay", "action": "GET /x", "verdict": verdict });
        assert_eq!(
            scene
                .admin
                .post("/api/v1/grants", &body)
                .expect(400)
                .at("/field"),
            "verdict"
        );
    }
    for action in [
        "",
        "/x",
        "GET x",
        "GET /a**b",
        "get /x",
        &format!("GET /{long}"),
    ] {
        let body = json!({ "agent": "bot", "target": "pay", "action": action, "verdict": "allow" });
        let reply = scene.admin.post("/api/v1/grants", &body);
        assert_problem(&reply, action.get(..20).unwrap_or(action));
    }
    let body = |seconds: Value| json!({ "agent": "bot", "target": "pay", "action": "GET /x", "verdict": "allow", "expires_in_seconds": seconds });
    for seconds in [json!(0), json!(-1), json!(1.5), json!(u64::MAX)] {
        assert_problem(
            &scene.admin.post("/api/v1/grants", &body(seconds.clone())),
            &seconds.to_string(),
        );
    }
    let id = scene.ask("/ask/x", "{}");
    scene
        .admin
        .post(
            &format!("/api/v1/approvals/{id}/approve"),
            &json!({ "note": long }),
        )
        .expect(400);
    scene.agent.api.send(
        "GET",
        "/api/v1/actions",
        &[("x-request-id", "evil\u{1b}[31mid")],
        None,
    );
    scene.agent.api.post("/proxy", &json!({ "targetUrl": "http://x/\n\u{1b}[31mforged line", "method": "GET", "intent": "\u{1b}]0;forged\u{7}" }));
    assert!(
        !scene.gateway.log().contains("forged"),
        "{}",
        scene.gateway.log()
    );
}

/// Bytes that are no HTTP, and HTTP that two parsers read differently.
#[test]
fn rubbish_on_the_wire_hurts_nobody() {
    use std::io::Write;
    let scene = Scene::new();
    let host = scene.gateway.address();
    let auth = format!(
        "host: {host}\r\nauthorization: Bearer {}\r\n",
        scene.agent.key
    );
    for (what, bytes) in [
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("zeros", vec![0; 100_000]),
        ("no end of line", vec![b'A'; 1_000_000]),
        ("HTTP/0.9", b"GET /\r\n\r\n".to_vec()),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("two lengths", format!("POST /proxy HTTP/1.1\r\n{auth}content-length: 3\r\ncontent-length: 5\r\n\r\nabcde").into_bytes()),
        ("length and chunks", format!("POST /proxy HTTP/1.1\r\n{auth}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x").into_bytes()),
        ("a bad chunk", format!("POST /proxy HTTP/1.1\r\n{auth}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").into_bytes()),
        ("absolute form", format!("GET http://evil.example/api/v1/actions HTTP/1.1\r\n{auth}\r\n").into_bytes()),
        ("negative length", format!("POST /proxy HTTP/1.1\r\n{auth}content-length: -1\r\n\r\n").into_bytes()),
        ("space in a name", format!("GET / HTTP/1.1\r\n{auth}x y: z\r\n\r\n").into_bytes()),
        ("folded header", format!("GET / HTTP/1.1\r\n{auth}x-a: b\r\n c\r\n\r\n").into_bytes()),
    ] {
        let mut wire = Wire::open(host, false).unwrap();
        let _ = wire.stream.write_all(&bytes);
        let _ = wire.stream.shutdown(std::net::Shutdown::Write);
        if let Ok(reply) = wire.response() {
            assert!((400..500).contains(&reply.status) || reply.status == 505, "{what}: {} {}", reply.status, reply.text());
        }
    }
    scene.proxy("GET", "/read/x", None).expect(200);
    assert_eq!(scene.upstream.total(), 1);
}

/// A crowd of bad calls leaves the service answering.
#[test]
fn the_service_answers_through_it_all() {
    let mut scene = Scene::new();
    let noise: Vec<u8> = (0..200_000_u32)
        .map(|number| u8::try_from((number.wrapping_mul(2_654_435_761)) >> 24).unwrap())
        .collect();
    mapped(24, |number| {
        for (method, path, _) in bodies() {
            let from = number * 5_000;
            let reply = raw(
                &scene.admin,
                method,
                path,
                "application/json",
                &noise[from..from + 5_000],
            );
            assert_eq!(reply.status, 400);
        }
    });
    scene.proxy("GET", "/read/x", None).expect(200);
    assert!(scene.gateway.child().exit_status().unwrap().is_none());
    assert!(
        !scene.gateway.log().contains("panicked"),
        "{}",
        scene.gateway.log()
    );
}
