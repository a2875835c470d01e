use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_domain::{CredentialType, Payload};
use countersign_gate::ExecutionFailure;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    super::{request, target::BaseUrl},
    CredentialView, check,
};

fn build(
    input: Value,
    credential: Option<&CredentialView<'_>>,
) -> countersign_net::OutboundRequest {
    let base = BaseUrl::parse("https://api.example.com/v1").unwrap();
    request::build(
        &base,
        Payload {
            input,
            body: "body".into(),
        },
        credential,
    )
    .unwrap()
}

fn input(headers: &Value, query: &Value) -> Value {
    json!({ "method": "POST", "path": "/charges", "query": query, "headers": headers })
}

fn view(kind: CredentialType, fields: &[(&'static str, &'static str)]) -> CredentialView<'static> {
    CredentialView::new(
        kind,
        fields.iter().map(|(name, value)| (*name, value.as_bytes())),
    )
}

fn value<'headers>(headers: &'headers HeaderMap, name: &str) -> Vec<&'headers str> {
    headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect()
}

#[test]
fn each_type_is_put_where_it_belongs() {
    let bare = input(&json!({}), &json!("a=1"));
    let bearer = build(
        bare.clone(),
        Some(&view(CredentialType::Bearer, &[("token", "tok-1")])),
    );
    assert_eq!(value(&bearer.headers, "authorization"), ["Bearer tok-1"]);
    assert!(bearer.headers["authorization"].is_sensitive());
    assert_eq!(
        bearer.url.as_str(),
        "https://api.example.com/v1/charges?a=1"
    );

    let basic = build(
        bare.clone(),
        Some(&view(
            CredentialType::Basic,
            &[("password", "open sesame"), ("username", "Aladdin")],
        )),
    );
    // The example of RFC 7617 section 2.
    assert_eq!(
        value(&basic.headers, "authorization"),
        ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]
    );

    let header = build(
        bare.clone(),
        Some(&view(
            CredentialType::ApiKeyHeader,
            &[("header", "X-API-Key"), ("key", "k-1")],
        )),
    );
    assert_eq!(value(&header.headers, "x-api-key"), ["k-1"]);

    let query = build(
        bare.clone(),
        Some(&view(
            CredentialType::ApiKeyQuery,
            &[("key", "k&1=ü"), ("parameter", "api_key")],
        )),
    );
    assert_eq!(
        query.url.as_str(),
        "https://api.example.com/v1/charges?a=1&api_key=k%261%3D%C3%BC"
    );
    assert!(!format!("{query:?}").contains("k%261"));

    let headers = build(
        bare,
        Some(&view(
            CredentialType::Headers,
            &[("X-App", "app"), ("X-Key", "key")],
        )),
    );
    assert_eq!(
        (
            value(&headers.headers, "x-app"),
            value(&headers.headers, "x-key")
        ),
        (vec!["app"], vec!["key"])
    );
}

/// Requirement 20: whatever spelling an agent finds for the credential's own place, one value is sent: the gateway's.
#[test]
fn an_agents_value_in_the_credentials_place_is_replaced() {
    let credential = view(
        CredentialType::ApiKeyHeader,
        &[("header", "X-Tenant"), ("key", "ours")],
    );
    let request = build(
        input(
            &json!({ "x-tenant": "theirs", "x_tenant": "theirs", "x.tenant": "theirs" }),
            &Value::Null,
        ),
        Some(&credential),
    );
    assert_eq!(value(&request.headers, "x-tenant"), ["ours"]);
    assert!(request.headers.values().all(|value| value != "theirs"));

    let credential = view(
        CredentialType::ApiKeyQuery,
        &[("key", "ours"), ("parameter", "api_key")],
    );
    for query in [
        "api_key=t",
        "API_KEY=t",
        "api%5Fkey=t",
        "api.key=t",
        "api_key[]=t",
        "a=1;api_key=t",
        "api_key=t&api_key=t",
        "+api_key=t",
    ] {
        let request = build(input(&json!({}), &json!(query)), Some(&credential));
        assert_eq!(request.url.url().query(), Some("api_key=ours"), "{query}");
    }
    let request = build(
        input(&json!({}), &json!("a=1&api_key=t&b=2")),
        Some(&credential),
    );
    assert_eq!(request.url.url().query(), Some("a=1&b=2&api_key=ours"));
}

#[test]
fn identity_is_asked_for_and_the_agent_names_itself() {
    let request = build(input(&json!({}), &Value::Null), None);
    assert_eq!(value(&request.headers, "accept-encoding"), ["identity"]);
    assert!(value(&request.headers, "user-agent")[0].starts_with("countersign/"));
    let request = build(
        input(&json!({ "user-agent": "agent/1" }), &Value::Null),
        None,
    );
    assert_eq!(value(&request.headers, "user-agent"), ["agent/1"]);
}

/// Requirement 11: a stored action that is not in the form that was judged is not sent.
#[test]
fn a_payload_in_another_form_is_not_sent() {
    let base = BaseUrl::parse("https://api.example.com/v1").unwrap();
    for input in [
        json!(null),
        json!({ "method": "POST" }),
        json!({ "method": "TRACE", "path": "/a" }),
        json!({ "method": "GET", "path": "/../a" }),
        json!({ "method": "GET", "path": "/a?b" }),
        json!({ "method": "GET", "path": "/ä" }),
        json!({ "method": "GET", "path": "/a", "query": { "b": 1 } }),
        json!({ "method": "GET", "path": "/a", "query": "ä" }),
        json!({ "method": "GET", "path": "/a", "query": "", "headers": {} }),
        json!({ "method": "GET", "path": "/a", "headers": { "authorization": "x" } }),
        json!({ "method": "GET", "path": "/a", "headers": { "a": "x\r\ny: z" } }),
        json!({ "method": "GET", "path": "/a", "headers": { "a": 1 } }),
    ] {
        let shown = input.to_string();
        let outcome = request::build(
            &base,
            Payload {
                input,
                body: Bytes::new(),
            },
            None,
        );
        match outcome {
            Err(error) => assert_eq!(
                (error.failure, error.code),
                (ExecutionFailure::Refused, "payload_not_normal"),
                "{shown}"
            ),
            Ok(request) => assert_eq!(
                request.url.as_str(),
                "https://api.example.com/v1/a?",
                "{shown}"
            ),
        }
    }
}

#[test]
fn names_are_shown_and_values_never() {
    for (kind, fields, shown) in [
        (
            CredentialType::Bearer,
            vec![("token", "s3cret")],
            "Authorization",
        ),
        (
            CredentialType::Basic,
            vec![("username", "ada"), ("password", "s3cret pass")],
            "ada",
        ),
        (
            CredentialType::ApiKeyHeader,
            vec![("header", "X-Key"), ("key", "s3cret")],
            "X-Key",
        ),
        (
            CredentialType::ApiKeyQuery,
            vec![("parameter", "key"), ("key", "s3cret")],
            "key",
        ),
        (
            CredentialType::Headers,
            vec![("X-A", "s3cret"), ("Cookie", "s3cret")],
            "Cookie, X-A",
        ),
    ] {
        let fields: BTreeMap<&str, &[u8]> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        assert_eq!(check(kind, &fields).unwrap(), shown);
    }
}

fn assert_refused(kind: CredentialType, fields: &[(&str, &str)], field: &str) {
    let fields: BTreeMap<&str, &[u8]> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let error = check(kind, &fields).expect_err(field);
    assert_eq!(
        (error.code, error.field.as_deref()),
        ("invalid_input", Some(field))
    );
    assert!(!error.message.contains("s3c"));
}

#[test]
fn a_bad_value_is_refused_with_its_field_and_never_shown() {
    let long = "s3cret".repeat(4000);
    for token in [
        "",
        "s3cret\n",
        " s3cret",
        "s3c ret",
        "s3cret\r\nX: y",
        "s3cr\u{e9}t",
        long.as_str(),
    ] {
        assert_refused(CredentialType::Bearer, &[("token", token)], "fields.token");
    }
    let basic = |username, password| [("username", username), ("password", password)];
    assert_refused(
        CredentialType::Basic,
        &basic("a:b", "s3cret"),
        "fields.username",
    );
    assert_refused(
        CredentialType::Basic,
        &basic("a", "s3cret\u{7}x"),
        "fields.password",
    );
    let header = |header, key| [("header", header), ("key", key)];
    for name in [
        "X Key",
        "Host",
        "Content_Length",
        "Connection",
        "Accept-Encoding",
        "",
    ] {
        assert_refused(
            CredentialType::ApiKeyHeader,
            &header(name, "s3cret"),
            "fields.header",
        );
    }
    assert_refused(
        CredentialType::ApiKeyHeader,
        &header("X-Key", "s3cret\0x"),
        "fields.key",
    );
    let query = [("parameter", "k\u{1}x"), ("key", "s3cret")];
    assert_refused(CredentialType::ApiKeyQuery, &query, "fields.parameter");
    let transport = [("Transfer-Encoding", "s3cret")];
    assert_refused(
        CredentialType::Headers,
        &transport,
        "fields.Transfer-Encoding",
    );
    assert_refused(
        CredentialType::Headers,
        &[("X-A", "s3cret\rx")],
        "fields.X-A",
    );
}

#[test]
fn a_credential_has_exactly_the_fields_of_its_type() {
    assert_refused(CredentialType::Bearer, &[], "fields.token");
    assert_refused(
        CredentialType::Bearer,
        &[("token", "s3cret"), ("key", "s3cret")],
        "fields.key",
    );
    assert_refused(
        CredentialType::Basic,
        &[("username", "a")],
        "fields.password",
    );
    assert_refused(
        CredentialType::ApiKeyQuery,
        &[("key", "s3cret")],
        "fields.parameter",
    );
    assert_refused(CredentialType::Headers, &[], "fields");
    assert_refused(
        CredentialType::Headers,
        &[("X-A", "s3cret"), ("x_a", "s3cret")],
        "fields.x_a",
    );
}
