use bytes::Bytes;
use countersign_net::LocalResponse;
use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};

use super::read;
use crate::failure::Exit;

fn reply(status: u16, body: &Value) -> LocalResponse {
    LocalResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
    }
}

#[test]
fn a_status_stands_for_one_exit_code() {
    let cases = [
        (400, "invalid_input", Exit::Usage),
        (401, "unauthenticated", Exit::Unauthorised),
        (403, "forbidden", Exit::Unauthorised),
        (403, "denied", Exit::Refused),
        (403, "killed", Exit::Refused),
        (404, "not_found", Exit::Usage),
        (409, "already_decided", Exit::State),
        (410, "expired", Exit::State),
        (423, "locked", Exit::State),
        (429, "rate_limited", Exit::Unreachable),
        (429, "locked_out", Exit::Unauthorised),
        (503, "not_recorded", Exit::Unreachable),
    ];
    for (status, code, exit) in cases {
        let failure = read(&reply(status, &json!({ "code": code, "detail": "why" }))).unwrap_err();
        assert_eq!(
            (failure.exit, failure.code.as_str()),
            (exit, code),
            "status {status}"
        );
    }
}

#[test]
fn the_field_at_fault_and_the_wait_are_told() {
    let mut response = reply(
        429,
        &json!({ "code": "rate_limited", "detail": "too often", "field": "name" }),
    );
    response
        .headers
        .insert(RETRY_AFTER, HeaderValue::from_static("7"));
    let failure = read(&response).unwrap_err();
    assert_eq!(failure.message, "name: too often");
    assert_eq!(failure.next.unwrap(), "try again in 7 s");
}

#[test]
fn an_empty_success_is_null_and_a_page_is_no_gateway() {
    let empty = LocalResponse {
        status: StatusCode::NO_CONTENT,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    assert_eq!(read(&empty).unwrap(), Value::Null);
    let page = LocalResponse {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"<html>"),
    };
    assert_eq!(read(&page).unwrap_err().exit, Exit::Unreachable);
}
