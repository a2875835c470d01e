//! What a client is told about a body that can't be read.

use serde::Deserialize;

use super::{parse, require_json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only parsed")]
struct Outer {
    name: String,
    #[serde(default)]
    inner: Option<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only parsed")]
struct Inner {
    count: u32,
}

fn field(body: &str) -> (u16, &'static str, String) {
    let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
    let parts = problem.parts();
    (
        parts.status.as_u16(),
        parts.code,
        parts.field.as_deref().unwrap_or_default().to_owned(),
    )
}

#[test]
fn the_field_at_fault_is_named() {
    assert_eq!(
        field(r#"{"name":1}"#),
        (400, "invalid_input", "name".into())
    );
    assert_eq!(
        field(r#"{"inner":{"count":1}}"#),
        (400, "invalid_input", "name".into())
    );
    assert_eq!(
        field(r#"{"name":"a","extra":1}"#),
        (400, "invalid_input", "extra".into())
    );
    assert_eq!(
        field(r#"{"name":"a","inner":{"count":"x"}}"#),
        (400, "invalid_input", "inner.count".into())
    );
    assert_eq!(
        field(r#"{"name":"a","inner":{"count":1,"more":2}}"#),
        (400, "invalid_input", "inner.more".into())
    );
    assert_eq!(
        field(r#"{"name":"a","inner":{}}"#),
        (400, "invalid_input", "inner.count".into())
    );
}

#[test]
fn malformed_json_is_told_from_wrong_json() {
    for body in [
        "",
        "{",
        "{\"name\":\"a\"",
        "{\"name\":\"a\"} x",
        "\u{feff}{}",
        "{\"name\":\"\u{1}\"}",
    ] {
        assert_eq!(field(body).1, "malformed_json", "{body:?}");
    }
}

/// Requirement 36: depth is bounded.
#[test]
fn deep_json_is_refused() {
    let deep = format!(
        "{{\"name\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let problem = parse::<serde_json::Value>(deep.as_bytes()).unwrap_err();
    assert_eq!(problem.parts().code, "json_too_deep");
}

#[test]
fn only_what_says_that_it_is_json_is_read() {
    let with = |value: &str| {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", value.parse().unwrap());
        require_json(&headers).is_ok()
    };
    assert!(with("application/json"));
    assert!(with("Application/JSON; charset=utf-8"));
    assert!(!with("text/plain"));
    assert!(!with("application/x-www-form-urlencoded"));
    assert!(!with("text/plain; application/json"));
    assert!(require_json(&http::HeaderMap::new()).is_err());
}
