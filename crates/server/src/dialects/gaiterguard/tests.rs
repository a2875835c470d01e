//! Both forms of the body, and what is refused.

use countersign_gate::{ActionDraft, Route};
use serde_json::{Value, json};

use super::{ProxyBody, draft, word};
use crate::{body::parse, problem::Problem};

fn read(body: &Value, header_key: Option<&str>) -> Result<ActionDraft, Problem> {
    let bytes = body.to_string();
    draft(
        parse::<ProxyBody<'_>>(bytes.as_bytes())?,
        header_key.map(str::to_owned),
    )
}

fn field(body: &Value) -> String {
    read(body, None)
        .unwrap_err()
        .parts()
        .field
        .as_deref()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_form_with_a_url() {
    let body = json!({"targetUrl": "https://api.example.com/v1/x?a=1", "method": "POST", "headers": {"X-A": "b"}, "body": "{\"a\":\"\\u0041\"}",
        "intent": "try", "idempotencyKey": "k1"});
    let draft = read(&body, None).unwrap();
    assert!(
        matches!(&draft.route, Route::Url { method, url } if method == "POST" && url == "https://api.example.com/v1/x?a=1")
    );
    assert_eq!(draft.body.as_ref(), br#"{"a":"\u0041"}"#);
    assert_eq!(draft.input, json!({"headers": {"X-A": "b"}}));
    assert_eq!(draft.idempotency_key.as_deref(), Some("k1"));
}

#[test]
fn the_form_with_a_service() {
    let body = json!({"service_id": "payments", "path": "/charges?limit=3", "method": "PATCH", "body": {"amount": 500}, "intent": "try"});
    let draft = read(&body, Some("from-header")).unwrap();
    assert!(
        matches!(&draft.route, Route::Named { target, action, .. } if target == "payments" && action == "PATCH /charges")
    );
    assert_eq!(draft.body.as_ref(), br#"{"amount":500}"#);
    assert_eq!(
        draft.input,
        json!({"query": "limit=3", "headers": {"content-type": "application/json"}})
    );
    assert_eq!(draft.idempotency_key.as_deref(), Some("from-header"));
}

#[test]
fn a_content_type_that_is_given_stays() {
    let body = json!({"service_id": "p", "path": "/x", "method": "PUT", "headers": {"CONTENT-TYPE": "application/vnd.x+json"}, "body": [1], "intent": "i"});
    assert_eq!(
        read(&body, None).unwrap().input,
        json!({"headers": {"CONTENT-TYPE": "application/vnd.x+json"}})
    );
}

#[test]
fn the_header_wins_over_the_body() {
    let body = json!({"targetUrl": "https://a.example/", "method": "POST", "intent": "i", "idempotencyKey": "body"});
    assert_eq!(
        read(&body, Some("header"))
            .unwrap()
            .idempotency_key
            .as_deref(),
        Some("header")
    );
}

#[test]
fn bytes_go_through_as_base64() {
    let body = json!({"targetUrl": "https://a.example/", "method": "PUT", "intent": "i", "bodyBase64": "AP8B", "body": null});
    assert_eq!(read(&body, None).unwrap().body.as_ref(), [0, 255, 1]);
}

#[test]
fn what_is_wrong_is_named() {
    let base = json!({"targetUrl": "https://a.example/", "method": "GET", "intent": "i"});
    let with = |name: &str, value: Value| {
        let mut body = base.clone();
        body[name] = value;
        body
    };
    assert_eq!(field(&with("method", json!("TRACE"))), "method");
    assert_eq!(field(&with("method", json!("get"))), "method");
    assert_eq!(field(&with("intent", json!(""))), "intent");
    assert_eq!(field(&with("intent", json!("x".repeat(501)))), "intent");
    assert_eq!(field(&with("method", json!("POST"))), "idempotencyKey");
    assert_eq!(field(&with("headers", json!({"x-a": 1}))), "headers.x-a");
    assert_eq!(field(&with("headers", json!([]))), "headers");
    assert_eq!(field(&with("service_id", json!("p"))), "targetUrl");
    assert_eq!(field(&with("approved", json!(true))), "approved");
    assert_eq!(field(&with("targetUrl", json!(5))), "targetUrl");
    assert_eq!(field(&json!({"method": "GET", "intent": "i"})), "targetUrl");
    assert_eq!(
        field(&json!({"service_id": "p", "method": "GET", "intent": "i"})),
        "path"
    );
    assert_eq!(
        field(&json!({"service_id": "p", "path": "x", "method": "GET", "intent": "i"})),
        "path"
    );
    assert_eq!(
        field(&json!({"targetUrl": "https://a.example/", "method": "GET"})),
        "intent"
    );
    let both = json!({"targetUrl": "https://a.example/", "method": "PUT", "intent": "i", "body": "a", "bodyBase64": "AA=="});
    assert_eq!(field(&both), "bodyBase64");
    let broken = json!({"targetUrl": "https://a.example/", "method": "PUT", "intent": "i", "bodyBase64": "A"});
    assert_eq!(field(&broken), "bodyBase64");
}

#[test]
fn every_state_has_a_word() {
    let words: Vec<_> = countersign_domain::RequestState::EVERY
        .iter()
        .map(|state| format!("{state}={}", word(*state)))
        .collect();
    assert_eq!(
        words.join(" "),
        "received=PENDING pending=PENDING approved=APPROVED denied=DENIED executing=EXECUTING succeeded=EXECUTED failed=EXECUTED \
         unknown=UNKNOWN expired=EXPIRED stale=REVOKED revoked=REVOKED cancelled=REVOKED"
    );
}
