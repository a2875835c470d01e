//! Binary-safe both ways. GaiterGuard 7 decoded bodies as text.

use countersign_testkit::Reply;
use serde_json::{Value, json};

use crate::support::{Scene, base64, proxy_body};

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u8::try_from(state >> 56).unwrap()
        })
        .collect()
}

#[test]
fn replies_arrive_byte_for_byte() {
    let scene = Scene::new();
    for length in [0, 1, 255, 65_535, 65_536, 65_537, 300_000] {
        let bytes = noise(length);
        for reply in [
            Reply::bytes(bytes.clone()),
            Reply::bytes(bytes.clone()).chunked(1_013),
            Reply::bytes(bytes.clone()).until_close(),
            Reply::gzip(&bytes).unwrap(),
        ] {
            scene.upstream.on(
                "/read/x",
                reply.header("content-type", "application/octet-stream"),
            );
            let reply = scene.proxy("GET", "/read/x", None).expect(200);
            assert!(
                reply.is_whole && reply.body == bytes,
                "{length} bytes: {} came back",
                reply.body.len()
            );
            assert_eq!(
                reply.header("content-type"),
                Some("application/octet-stream")
            );
        }
    }
}

#[test]
fn requests_arrive_byte_for_byte() {
    let scene = Scene::new();
    let bytes = noise(100_000);
    let mut body = proxy_body("PUT", &scene.upstream.url("/write/x"), None);
    body["bodyBase64"] = Value::from(base64(&bytes));
    body["headers"] = json!({ "content-type": "image/png" });
    scene.agent.proxy(&body).expect(200);
    let seen = scene.upstream.requests().pop().unwrap();
    assert!(seen.body == bytes);
    assert_eq!(seen.header("content-type"), Some("image/png"));
    // Text is sent as it is: nothing is trimmed, ordered or escaped anew.
    let text = " {\"b\" : 1.10, \"a\":\"\\u00e9\\/\" }\r\n\u{0}\u{feff}";
    scene.proxy("PUT", "/write/x", Some(text)).expect(200);
    assert_eq!(
        scene.upstream.requests().pop().unwrap().body,
        text.as_bytes()
    );
}

#[test]
fn a_kept_result_is_byte_for_byte() {
    let scene = Scene::new();
    let bytes = noise(50_000);
    scene.upstream.on("/ask/x", Reply::bytes(bytes.clone()));
    let id = scene.approved("/ask/x", "{}");
    assert!(scene.agent.execute(&id).expect(200).body == bytes);
    assert_eq!(
        scene.agent.status(&id).expect(200).at("/result/bodyBase64"),
        base64(&bytes)
    );
}

/// GaiterGuard 8: the README's form of a call, beside the real one.
#[test]
fn both_forms_of_a_call_are_taken() {
    let scene = Scene::new();
    let body = json!({ "service_id": "pay", "path": "/write/x?a=1", "method": "PUT", "headers": {}, "body": { "amount": 5 }, "intent": "a test" });
    scene.agent.proxy(&body).expect(200);
    let seen = scene.upstream.requests().pop().unwrap();
    assert_eq!(
        (seen.target.as_str(), seen.text().as_str()),
        ("/write/x?a=1", "{\"amount\":5}")
    );
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let by_id = json!({ "service_id": scene.target, "path": "/read/x", "method": "GET", "intent": "a test" });
    scene.agent.proxy(&by_id).expect(200);
}
