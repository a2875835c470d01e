//! The calls that are measured: their bytes, and the only answer that counts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::http::{Answer, excerpt};
use crate::scene::{CHARGE, Scene, TARGET};

/// Stands for the part of an idempotency key that is new in each call.
const KEY: &str = "0000000000000000";

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    request: Vec<u8>,
    /// Where the idempotency key's number lies.
    key_at: Option<usize>,
    next_key: AtomicU64,
    expected: Expected,
}

/// The right answer.
#[derive(Debug)]
enum Expected {
    /// Status 200 and exactly this body.
    Body(&'static str),
    /// This status and a body with these texts.
    Texts(u16, &'static [&'static str]),
}

impl Call {
    /// The upstream's own answer: directly, or through a plain reverse proxy.
    pub(crate) fn direct(host: SocketAddr) -> Self {
        Self::new(get(host, "/charges/ch_1042", None), Expected::Body(CHARGE))
    }

    /// An allowed `read` through the proxy face.
    pub(crate) fn read(host: SocketAddr, scene: &Scene) -> Self {
        let body = json!({
            "targetUrl": scene.url("/charges/ch_1042"),
            "method": "GET",
            "headers": { "accept": "application/json" },
            "body": null,
            "intent": "Look up charge ch_1042 for the customer who asked about it",
        });
        Self::new(
            post(host, "/proxy", &scene.proxy_headers(), &body),
            Expected::Body(CHARGE),
        )
    }

    /// An allowed write through the proxy face, each under its own idempotency key.
    pub(crate) fn write(host: SocketAddr, scene: &Scene) -> Self {
        let body = proxied_post(scene, "/charges", "bench-write");
        Self::new(
            post(host, "/proxy", &scene.proxy_headers(), &body),
            Expected::Body(CHARGE),
        )
    }

    /// An allowed write in the native form, without an idempotency key.
    pub(crate) fn native_write(host: SocketAddr, scene: &Scene) -> Self {
        let body = json!({ "target": TARGET, "action": "POST /charges", "body": charge(), "intent": "Charge order 1042" });
        let expected = Expected::Texts(
            200,
            &[
                "\"state\":\"succeeded\"",
                "\"is_replay\":false",
                "\"status\":200",
                "ch_1042",
            ],
        );
        Self::new(
            post(host, "/api/v1/actions", &scene.native_headers(), &body),
            expected,
        )
    }

    /// An action that asks a human: submitted, held, answered with its id.
    pub(crate) fn ask(host: SocketAddr, scene: &Scene) -> Self {
        let body = proxied_post(scene, "/refunds", "bench-ask");
        Self::new(
            post(host, "/proxy", &scene.proxy_headers(), &body),
            Expected::Texts(428, &["\"action_id\":\"", "\"status_url\":\"/status/"]),
        )
    }

    fn new(request: Vec<u8>, expected: Expected) -> Self {
        let key_at = request
            .windows(KEY.len())
            .position(|bytes| bytes == KEY.as_bytes());
        Self {
            request,
            key_at,
            next_key: AtomicU64::new(1),
            expected,
        }
    }

    /// The call's bytes, with a key that was never used before.
    pub(crate) fn write_into(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.request);
        if let Some(place) = self.key_at.and_then(|at| out.get_mut(at..at + KEY.len())) {
            let number = self.next_key.fetch_add(1, Ordering::Relaxed);
            place.copy_from_slice(format!("{number:016}").as_bytes());
        }
    }

    /// Fails on any answer but the right one.
    pub(crate) fn check(&self, answer: &Answer<'_>) -> Result<()> {
        let is_right = match self.expected {
            Expected::Body(body) => answer.status == 200 && answer.body == body.as_bytes(),
            Expected::Texts(status, texts) => {
                let body = std::str::from_utf8(answer.body).unwrap_or_default();
                answer.status == status && texts.iter().all(|text| body.contains(text))
            }
        };
        ensure!(
            is_right,
            "expected {:?}, and status {} came: {}",
            self.expected,
            answer.status,
            excerpt(answer.body)
        );
        Ok(())
    }
}

/// A body of 200 bytes, with fields that rules look at.
fn charge() -> Value {
    json!({
        "amount": 4200,
        "currency": "usd",
        "customer": "cus_9s6XKzkNRiz8i3",
        "order": "ord_1042",
        "description": "Two notebooks, one fountain pen and a bottle of midnight blue ink, sent by the slow post coach today",
    })
}

fn proxied_post(scene: &Scene, path: &str, key: &str) -> Value {
    json!({
        "targetUrl": scene.url(path),
        "method": "POST",
        "headers": { "content-type": "application/json" },
        "body": charge().to_string(),
        "intent": "Settle order 1042 with the customer's card",
        "idempotencyKey": format!("{key}-{KEY}"),
    })
}

/// A request without a body.
pub(crate) fn get(host: SocketAddr, path: &str, bearer: Option<&str>) -> Vec<u8> {
    let authorization = bearer
        .map(|key| format!("authorization: Bearer {key}\r\n"))
        .unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n{authorization}\r\n")
        .into_bytes()
}

/// A request with JSON.
pub(crate) fn post(host: SocketAddr, path: &str, headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n{headers}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
