//! What a receiver gets, checked the way a receiver would: with an HMAC of its own.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_domain::VoteKind;
use countersign_testkit::{RecordedRequest, Reply, Upstream};
use countersign_vault::sha256;
use serde_json::{Value, json};

use crate::bed::Bed;

/// RFC 2104 by hand, over a hash only.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&sha256(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad).to_vec();
    let mut inner = padded(0x36);
    inner.extend_from_slice(message);
    let mut outer = padded(0x5c);
    outer.extend_from_slice(&sha256(&inner));
    sha256(&outer)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn standard(key: &[u8], request: &RecordedRequest) -> String {
    let mut message = request.header("webhook-id").unwrap().as_bytes().to_vec();
    message.push(b'.');
    message.extend_from_slice(request.header("webhook-timestamp").unwrap().as_bytes());
    message.push(b'.');
    message.extend_from_slice(&request.body);
    format!("v1,{}", STANDARD.encode(hmac(key, &message)))
}

fn event(request: &RecordedRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_reads_the_known_form_and_both_signatures_hold() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::status(200));
    let bed = Bed::new().await;
    let made = bed
        .webhook(json!({ "url": receiver.url("/hook"), "events": ["request.approved"] }))
        .await;
    let id = bed.ask().await;
    bed.decide(id, VoteKind::Approve, "looks right").await;
    bed.seen(&receiver, "/hook", 1).await;
    let request = &receiver.requests()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let secret = made.secret.expose();
    assert_eq!(
        request.header("x-agentgate-signature"),
        Some(hex(&hmac(secret.as_bytes(), &request.body)).as_str())
    );
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    assert_eq!(
        request.header("webhook-signature"),
        Some(standard(&key, request).as_str())
    );
    let body = event(request);
    assert_eq!(body["event"], "request.approved");
    let now = bed.gate.now().as_micros() / 1_000;
    let age = now - body["timestamp"].as_i64().unwrap();
    assert!((0..60_000).contains(&age), "milliseconds: {age}");
    let data = &body["data"];
    let id = id.to_string();
    for place in [data, &data["request"]] {
        assert_eq!(place["id"], id.as_str());
        assert_eq!(place["action"], "send_mail");
        assert_eq!(place["status"], "approved");
        assert_eq!(place["decidedBy"], "owner");
        assert_eq!(place["decisionReason"], "looks right");
    }
    let shown = &data["request"];
    assert_eq!(shown["params"], json!({ "to": "ann@example.com" }));
    assert_eq!(shown["context"], json!({ "ticket": 7 }));
    assert_eq!(shown["urgency"], "high");
    assert_eq!(shown["agent"], "demo");
    assert_eq!(shown["intent"], "tell a customer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_of_one_s_own_a_prefix_and_a_rotation_with_overlap() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::status(204));
    let bed = Bed::new().await;
    let own = "a-secret-that-an-operator-has-brought-along";
    let made = bed
        .webhook(json!({
            "url": receiver.url("/hook"), "events": ["request.created"], "secret": own, "signature_style": "prefixed",
        }))
        .await;
    assert_eq!(made.secret.expose(), own);
    bed.ask().await;
    bed.seen(&receiver, "/hook", 1).await;
    let first = &receiver.requests()[0];
    let expected = format!("sha256={}", hex(&hmac(own.as_bytes(), &first.body)));
    assert_eq!(
        first.header("x-agentgate-signature"),
        Some(expected.as_str())
    );
    let id = made.webhook.id.to_string();
    let rotated = bed
        .gate
        .rotate_webhook_secret(&bed.owner(), &id, None, Some(3_600))
        .await;
    let Ok(rotated) = rotated else {
        panic!("it can be rotated")
    };
    let new = rotated.secret.expose();
    let key = STANDARD
        .decode(new.strip_prefix("whsec_").unwrap())
        .unwrap();
    bed.ask().await;
    bed.seen(&receiver, "/hook", 2).await;
    let second = &receiver.requests()[1];
    assert_eq!(
        second.header("webhook-signature"),
        Some(
            format!(
                "{} {}",
                standard(&key, second),
                standard(own.as_bytes(), second)
            )
            .as_str()
        )
    );
    bed.clock.advance(std::time::Duration::from_secs(3_601));
    bed.ask().await;
    bed.seen(&receiver, "/hook", 3).await;
    let third = &receiver.requests()[2];
    assert_eq!(
        third.header("webhook-signature"),
        Some(standard(&key, third).as_str())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_looks_like_a_secret_is_masked_and_the_webhook_s_own_stands_nowhere() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::status(200));
    let bed = Bed::new().await;
    let made = bed
        .webhook(json!({ "url": receiver.url("/hook?token=in-the-url"), "events": ["*"] }))
        .await;
    let key = "AKIAIOSFODNN7EXAMPLQ";
    bed.submit(
        "send_mail",
        json!({ "params": { "note": format!("use {key}") } }),
    )
    .await;
    bed.seen(&receiver, "/hook", 1).await;
    assert!(!receiver.requests()[0].text().contains(key));
    let id = made.webhook.id.to_string();
    let logged = bed.deliveries(&id).await;
    assert!(!logged[0].payload.as_ref().unwrap().contains(key));
    let filter = countersign_gate::AuditFilter::default();
    let entries = bed.gate.audit_entries(&bed.owner(), filter).await.unwrap();
    let entries = format!("{entries:?}");
    assert!(entries.contains("config.webhook.created"));
    assert!(!entries.contains("in-the-url"), "a URL may hold a token");
    assert!(!entries.contains(made.secret.expose()));
}
