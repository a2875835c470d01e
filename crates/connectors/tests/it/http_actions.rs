//! From what an agent sent to what is judged and runs.

use countersign_domain::{DurabilityClass, Effect};
use countersign_gate::{Connector, ErrorKind, RawAction};
use serde_json::{Value, json};

use crate::support::{connector, profile, resolve, target};

fn headers(input: &Value) -> Value {
    resolve("GET /a", &json!({ "headers": input }), b"")
        .unwrap()
        .input["headers"]
        .clone()
}

fn refused(action: &str, input: &Value, body: &[u8]) -> String {
    let error = resolve(action, input, body).expect_err(action);
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::InvalidInput, "invalid_input"),
        "{action} {input}"
    );
    error.field.expect("a field").into_owned()
}

#[test]
fn what_is_judged_is_what_runs() {
    let input = json!({ "query": { "b": [1, true], "a": "x y" }, "headers": { "Content-Type": "application/json", "X-B": ["1", " 2 "] } });
    let body = br#"{"amount": 500, "to": {"name": "ada"}}"#;
    let action = resolve("POST /charges/a%20b", &input, body).unwrap();
    assert_eq!(action.name, "POST /charges/a%20b");
    assert_eq!(
        (action.effect, action.durability),
        (Effect::Write, DurabilityClass::Strict)
    );
    let headers = json!({ "content-type": "application/json", "x-b": ["1", "2"] });
    assert_eq!(
        action.input,
        json!({ "method": "POST", "path": "/charges/a%20b", "query": "a=x+y&b=1&b=true", "headers": headers })
    );
    assert_eq!(
        action.facts,
        json!({
            "method": "POST",
            "path": "/charges/a%20b",
            "segments": ["charges", "a b"],
            "query": { "a": "x y", "b": ["1", "true"] },
            "headers": headers,
            "body": { "amount": 500, "to": { "name": "ada" } },
            "body_bytes": body.len(),
            "body_kind": "json",
        })
    );
}

#[test]
fn resolving_again_changes_nothing() {
    let first = resolve(
        "GET /ü/a'b",
        &json!({ "query": "q=ü 'x'".replace(' ', "+"), "headers": { "A": "1" } }),
        b"",
    )
    .unwrap();
    let again = json!({ "query": first.input["query"], "headers": first.input["headers"] });
    let second = resolve(&first.name, &again, b"").unwrap();
    assert_eq!((first.input, first.name), (second.input, second.name));
}

#[test]
fn each_method_has_its_effect_and_floor() {
    for (method, effect, floor) in [
        ("GET", Effect::Read, 0.1),
        ("HEAD", Effect::Read, 0.1),
        ("OPTIONS", Effect::Read, 0.1),
        ("POST", Effect::Write, 0.3),
        ("PATCH", Effect::Write, 0.4),
        ("PUT", Effect::Write, 0.5),
        ("DELETE", Effect::Destructive, 0.7),
    ] {
        let action = resolve(&format!("{method} /"), &Value::Null, b"").unwrap();
        assert_eq!(
            (action.effect, action.durability),
            (effect, DurabilityClass::of(effect)),
            "{method}"
        );
        assert!(
            (action.risk.score.get() - floor).abs() < 1e-9
                && action.risk.reasons[0].starts_with(method),
            "{method}"
        );
    }
}

/// Requirement 11.
#[test]
fn an_action_that_could_be_read_in_two_ways_is_refused() {
    for action in [
        "",
        "GET",
        "restart",
        "/a",
        "get /a",
        "TRACE /a",
        "CONNECT /a",
        "GET a",
        "GET  /a",
        "GET /a b",
        "GET /a?b=1",
        "GET /a#b",
        "GET //a",
        "GET /a//b",
        "GET /..",
        "GET /a/../b",
        "GET /%2e%2e/b",
        "GET /a/%2E",
        "GET /a%2fb",
        "GET /a%5Cb",
        "GET /a\\b",
        "GET /a%00",
        "GET /a%0a",
        "GET /a\r\nX: y",
        "GET /%252e%252e/a",
        "GET /..;x/a",
        "GET /%",
        "GET /%f",
        "GET /%ff",
        "GET http://evil.example/",
        "GET /\u{202e}a",
    ] {
        assert_eq!(refused(action, &Value::Null, b""), "action", "{action}");
    }
    assert_eq!(
        refused(&format!("GET /{}", "a".repeat(9000)), &Value::Null, b""),
        "action"
    );
}

#[test]
fn an_input_is_read_strictly_and_its_field_named() {
    for (input, field) in [
        (json!("x"), "input"),
        (json!([]), "input"),
        (json!({ "body": "x" }), "input.body"),
        (
            json!({ "base_url": "https://evil.example" }),
            "input.base_url",
        ),
        (json!({ "query": 1 }), "input.query"),
        (json!({ "query": ["a"] }), "input.query"),
        (json!({ "query": { "a": { "b": 1 } } }), "input.query.a"),
        (json!({ "query": { "a": null } }), "input.query.a"),
        (json!({ "query": { "a": [[1]] } }), "input.query.a"),
        (json!({ "query": "a b" }), "action"),
        (json!({ "query": "a\r\nb" }), "action"),
        (json!({ "query": "a#b" }), "action"),
        (json!({ "headers": "x" }), "input.headers"),
        (json!({ "headers": { "a": 1 } }), "input.headers.a"),
        (
            json!({ "headers": { "a": ["x", null] } }),
            "input.headers.a",
        ),
        (
            json!({ "headers": { "a": { "b": "c" } } }),
            "input.headers.a",
        ),
        (json!({ "headers": { "": "x" } }), "input.headers."),
        (json!({ "headers": { "a b": "x" } }), "input.headers.a b"),
        (json!({ "headers": { "a:b": "x" } }), "input.headers.a:b"),
        (
            json!({ "headers": { "a\r\nb": "x" } }),
            "input.headers.a\\r\\nb",
        ),
        (
            json!({ "headers": { "a": "x\r\ny: z" } }),
            "input.headers.a",
        ),
        (json!({ "headers": { "a": "x\ny" } }), "input.headers.a"),
        (json!({ "headers": { "a": "x\0" } }), "input.headers.a"),
        (
            json!({ "headers": { "X-A": "1", "x-a": "2" } }),
            "input.headers.x-a",
        ),
        (
            json!({ "headers": { "content-type": "a/b", "content_type": "c/d" } }),
            "input.headers",
        ),
        (
            json!({ "headers": { "content-type": ["a/b", "c/d"] } }),
            "input.headers.content-type",
        ),
        (
            json!({ "headers": { "Content-Encoding": "gzip" } }),
            "input.headers.Content-Encoding",
        ),
    ] {
        assert_eq!(refused("GET /a", &input, b""), field, "{input}");
    }
}

#[test]
fn absent_null_and_empty_are_the_same() {
    let bare = resolve("GET /a", &Value::Null, b"").unwrap().input;
    assert_eq!(
        bare,
        json!({ "method": "GET", "path": "/a", "query": null, "headers": {} })
    );
    for input in [
        json!({}),
        json!({ "query": null, "headers": null }),
        json!({ "query": "", "headers": {} }),
        json!({ "query": {} }),
    ] {
        assert_eq!(resolve("GET /a", &input, b"").unwrap().input, bare);
    }
}

/// Requirements 11, 19 and 20: no credential, no transport header and no other URL comes from an agent, whatever its case or spelling.
#[test]
fn an_agents_credential_and_transport_headers_are_dropped() {
    for name in [
        "Authorization",
        "AUTHORIZATION",
        "aUtHoRiZaTiOn",
        "Proxy-Authorization",
        "Cookie",
        "COOKIE",
        "Cookie2",
        "X-API-Key",
        "x_api_key",
        "X.Api.Key",
        "Api-Key",
        "apikey",
        "X-ApiKey",
        "X-Auth-Token",
        "X-Auth",
        "X-Authorization",
        "X-Access-Token",
        "PRIVATE-TOKEN",
        "X-Vault-Token",
        "X-Amz-Security-Token",
        "X-Goog-Api-Key",
        "DD-API-KEY",
        "Ocp-Apim-Subscription-Key",
        "X-Secret",
        "Agent-Key",
        "X-Shopify-Access-Token",
        "X-Forwarded-Authorization",
        "Host",
        "HOST",
        "Content-Length",
        "Transfer-Encoding",
        "transfer_encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy",
        "HTTP2-Settings",
        "Accept-Encoding",
        "X-HTTP-Method-Override",
        "X_HTTP_METHOD_OVERRIDE",
        "X-HTTP-Method",
        "X-Method-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "X-Real-IP",
        "X-Original-Method",
        "Range",
        "If-Range",
        "Via",
        "Sec-WebSocket-Key",
        "Base-URL",
        "X-Host",
        "X-SSL-Client-Cert",
    ] {
        assert_eq!(headers(&json!({ name: "value" })), json!({}), "{name}");
        assert_eq!(
            headers(&json!({ name: ["one", "two"] })),
            json!({}),
            "{name}"
        );
    }
    assert_eq!(
        headers(&json!({ "Authorization": "a", "AUTHORIZATION": "b", "authorization": "c" })),
        json!({})
    );
}

#[test]
fn headers_that_connection_nominates_are_dropped() {
    assert_eq!(
        headers(
            &json!({ "Connection": "X-One, x-two", "X-ONE": "1", "x-two": "2", "X-Three": "3" })
        ),
        json!({ "x-three": "3" })
    );
}

#[test]
fn ordinary_headers_pass() {
    for name in [
        "accept",
        "content-type",
        "idempotency-key",
        "if-match",
        "user-agent",
        "x-request-id",
        "traceparent",
        "stripe-version",
        "x-partition-key",
    ] {
        assert_eq!(
            headers(&json!({ name: "v" })),
            json!({ name: "v" }),
            "{name}"
        );
    }
    assert_eq!(
        headers(&json!({ "Content-Encoding": "identity", "accept": "  a\t" })),
        json!({ "accept": "a" })
    );
}

#[test]
fn limits_are_named() {
    let mut target = target("https://api.example.com");
    target.limits.header_bytes = 100;
    target.limits.request_bytes = 10;
    let (connector, profile) = (connector(), profile(&target));
    let input = json!({ "headers": { "a": "x".repeat(100) } });
    let long = vec![0_u8; 11].into();
    let empty = bytes::Bytes::new();
    for (raw, limit) in [
        (
            RawAction {
                action: "GET /a",
                input: &input,
                body: &empty,
            },
            "header_bytes",
        ),
        (
            RawAction {
                action: "POST /a",
                input: &Value::Null,
                body: &long,
            },
            "request_bytes",
        ),
    ] {
        let error = connector.resolve(&target, &profile, raw).unwrap_err();
        assert_eq!(
            (error.kind, error.code, error.limit),
            (ErrorKind::TooLarge, "request_too_large", Some(limit))
        );
    }
}

#[test]
fn a_profile_with_limits_is_refused_because_nobody_would_keep_them() {
    let target = target("https://api.example.com");
    let mut profile = profile(&target);
    profile.limits = json!({ "paths": ["/a"] });
    let raw = RawAction {
        action: "GET /a",
        input: &Value::Null,
        body: &bytes::Bytes::new(),
    };
    let error = connector().resolve(&target, &profile, raw).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("profile.limits"));
}

/// Requirement 11: the method that is judged is the one that runs.
#[test]
fn a_method_override_is_refused() {
    for query in [
        "_method=DELETE",
        "a=1&_METHOD=DELETE",
        "%5Fmethod=PUT",
        "_method[]=PUT",
        "X-HTTP-Method-Override=PUT",
        "$httpMethod=DELETE",
        "a;_method=x",
    ] {
        assert_eq!(
            refused("POST /a", &json!({ "query": query }), b""),
            "input.query",
            "{query}"
        );
    }
    assert_eq!(
        refused("POST /a", &json!({ "query": { "_method": "DELETE" } }), b""),
        "input.query"
    );
    let form = json!({ "headers": { "content-type": "application/x-www-form-urlencoded; charset=utf-8" } });
    assert_eq!(refused("POST /a", &form, b"a=1&%5fmethod=delete"), "body");
    let multipart = json!({ "headers": { "content-type": "Multipart/Form-Data; boundary=x" } });
    let part = b"--x\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nDELETE\r\n--x--";
    assert_eq!(refused("POST /a", &multipart, part), "body");
    resolve("POST /a", &form, b"payment_method=card").unwrap();
}

/// Some servers take an untyped body for a form.
#[test]
fn a_method_override_in_an_untyped_form_is_refused() {
    for input in [
        Value::Null,
        json!({ "headers": { "content-type": "" } }),
        json!({ "headers": { "content-type": " ; charset=utf-8" } }),
    ] {
        for body in [
            b"_method=DELETE".as_slice(),
            b"a=1&%5Fmethod=delete",
            b"a=1;_method=delete",
            b"_method[]=delete",
        ] {
            assert_eq!(refused("POST /a", &input, body), "body", "{input}");
        }
        resolve("POST /a", &input, b"payment_method=card").unwrap();
    }
}

fn form_facts(body: &[u8]) -> Value {
    let form = json!({ "headers": { "content-type": "application/x-www-form-urlencoded" } });
    resolve("POST /a", &form, body).unwrap().facts
}

/// Requirement 11: rules see the fields that the upstream sees.
#[test]
fn a_form_is_read() {
    for (body, expected) in [
        ("amount=500", json!({ "amount": "500" })),
        ("a=x+y%20z&b=&c", json!({ "a": "x y z", "b": "", "c": "" })),
        (
            "items[0][amount]=5&items[0][to]=ada&items[1][amount]=6&x[y][z]=1",
            json!({ "items": [{ "amount": "5", "to": "ada" }, { "amount": "6" }], "x": { "y": { "z": "1" } } }),
        ),
        (
            "items%5B0%5D%5Bamount%5D=5&&",
            json!({ "items": [{ "amount": "5" }] }),
        ),
        ("t[]=a&t[]=b", json!({ "t": ["a", "b"] })),
        ("t[1]=b&t[0]=a", json!({ "t": ["a", "b"] })),
    ] {
        let facts = form_facts(body.as_bytes());
        assert_eq!(facts["body"], expected, "{body}");
        assert_eq!(facts["body_kind"], "form", "{body}");
        assert_eq!(facts.get("unreadable"), None, "{body}");
    }
}

#[test]
fn a_field_that_servers_read_differently_is_named() {
    for (body, unreadable) in [
        ("amount=1&amount=500", json!(["body.amount"])),
        ("a[b]=1&a[b]=2&c=3", json!(["body.a.b"])),
        ("a[5][amount]=500", json!(["body.a"])),
        ("a[00]=500", json!(["body.a"])),
        ("a[][b]=1&a[][b]=2", json!(["body.a"])),
    ] {
        let facts = form_facts(body.as_bytes());
        assert_eq!(
            (&facts["body_kind"], &facts["unreadable"]),
            (&json!("form"), &unreadable),
            "{body}"
        );
    }
}

/// A form that servers read differently as a whole is not read at all.
#[test]
fn a_doubtful_form_is_unreadable() {
    let deep = format!("a{}=1", "[b]".repeat(40));
    let many = "a[]=1&".repeat(20_000);
    for body in [
        "a=1;amount=500",
        "a=1&a[b]=2",
        "a[]=1&a[b]=2",
        "a[b=1",
        "a]=1",
        "a[b]c=1",
        "[a]=1",
        "a[[b]]=1",
        " amount=500",
        "order.amount=500",
        "order%20amount=500",
        "amount%00x=500",
        "amount=%ff",
        "=500",
        "{\"x\":\"&amount=500&\"}",
        &deep,
        &many,
    ] {
        let facts = form_facts(body.as_bytes());
        assert_eq!(
            (&facts["body_kind"], &facts["body"], &facts["unreadable"]),
            (&json!("unreadable"), &Value::Null, &json!(["body"])),
            "{body}"
        );
    }
    // A client that forgot the type of its JSON.
    let facts = form_facts(br#"{"amount": 500}"#);
    assert_eq!(
        (&facts["body_kind"], &facts["body"]["amount"]),
        (&json!("json"), &json!(500))
    );
    for charset in ["ibm037", "utf-16", "utf-7"] {
        for essence in ["application/x-www-form-urlencoded", "application/json"] {
            let kind = format!("{essence}; Charset=\"{charset}\"");
            let input = json!({ "headers": { "content-type": kind } });
            let facts = resolve("POST /a", &input, b"{}").unwrap().facts;
            assert_eq!(facts["body_kind"], "unreadable", "{kind}");
        }
    }
}

/// A write with a body that rules can't look into is not waved through as harmless.
#[test]
fn an_opaque_body_is_named_and_has_the_highest_risk_where_it_writes() {
    let multipart = json!({ "headers": { "content-type": "multipart/form-data; boundary=x" } });
    for (input, body) in [
        (&Value::Null, b"amount=500".as_slice()),
        (&multipart, b"--x--"),
        (&multipart, b"{}"),
    ] {
        for (method, floor) in [("POST", 1.0), ("DELETE", 1.0), ("GET", 0.1)] {
            let action = resolve(&format!("{method} /a"), input, body).unwrap();
            assert_eq!(action.facts["body_kind"], "opaque");
            assert_eq!(action.facts["unreadable"], json!(["body"]));
            assert!(
                (action.risk.floor.get() - floor).abs() < 1e-9,
                "{method} {input}"
            );
        }
    }
}

#[test]
fn a_body_is_read_where_it_is_json() {
    let json_type =
        json!({ "headers": { "content-type": "application/vnd.api+json; charset=utf-8" } });
    let kind = |input: &Value, body: &[u8]| {
        let facts = resolve("POST /a", input, body).unwrap().facts;
        (
            facts["body_kind"].as_str().unwrap().to_owned(),
            facts["body"].clone(),
        )
    };
    assert_eq!(kind(&Value::Null, b""), ("empty".to_owned(), Value::Null));
    assert_eq!(
        kind(&Value::Null, b" \n[1, -2, 1.5, null, true, \"x\"]"),
        ("json".to_owned(), json!([1, -2, 1.5, null, true, "x"]))
    );
    assert_eq!(
        kind(&json_type, b"\"text\""),
        ("json".to_owned(), json!("text"))
    );
    assert_eq!(
        kind(&Value::Null, b"\"text\""),
        ("opaque".to_owned(), Value::Null)
    );
    assert_eq!(
        kind(&Value::Null, b"\x89PNG\x00\xff"),
        ("opaque".to_owned(), Value::Null)
    );
}

/// Requirement 11: rules see the same JSON as the upstream.
#[test]
fn json_that_servers_read_differently_is_refused() {
    let json_type = json!({ "headers": { "content-type": "application/json" } });
    for body in [
        br#"{"amount":1,"amount":1000}"#.as_slice(),
        br#"{"a":{"b":1,"\u0062":2}}"#,
        br#"[{"a":1,"a":1}]"#,
    ] {
        assert_eq!(refused("POST /a", &json_type, body), "body");
        assert_eq!(refused("POST /a", &Value::Null, body), "body");
    }
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    for body in [
        b"{'a':1}".as_slice(),
        b"{\"a\":1} x",
        b"{\"a\":NaN}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"{\"a\":1e999}",
        &deep,
    ] {
        assert_eq!(refused("POST /a", &json_type, body), "body");
    }
}

/// A body that rules can't look into is not waved through as harmless.
#[test]
fn a_json_body_that_can_not_be_judged_has_the_highest_risk() {
    let deep = [
        b"{\"amount\":1000,\"x\":".as_slice(),
        &b"[".repeat(500),
        &b"]".repeat(500),
        b"}",
    ]
    .concat();
    for body in [
        b"{{ template }}".as_slice(),
        b"\xef\xbb\xbf{}",
        b"{\"amount\":1000,\"x\":1e999}",
        &deep,
    ] {
        let action = resolve("POST /a", &Value::Null, body).unwrap();
        assert_eq!(action.facts["body_kind"], "unreadable");
        assert!((action.risk.floor.get() - 1.0).abs() < 1e-9);
    }
    let body = [
        b"{\"amount\":1000000".as_slice(),
        &b" ".repeat(1 << 20),
        b"}",
    ]
    .concat();
    let action = resolve("POST /a", &Value::Null, &body).unwrap();
    assert_eq!(
        (&action.facts["body_kind"], &action.facts["body"]),
        (&json!("too_long"), &Value::Null)
    );
    assert!((action.risk.floor.get() - 1.0).abs() < 1e-9 && action.risk.reasons.len() == 2);
}
