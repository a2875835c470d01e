//! Idempotency keys: the first outcome again, never a second execution. GaiterGuard 4 got each of these wrong.

use std::time::Duration;

use countersign_testkit::{Latch, Reply};
use serde_json::{Value, json};

use crate::support::{Response, Scene, add_agent, grant, mapped, proxy_body};

fn call(
    scene: &Scene,
    path: &str,
    body: &str,
    key: Option<&str>,
    header: Option<&str>,
) -> Response {
    let mut call = proxy_body("POST", &scene.upstream.url(path), Some(body));
    match key {
        Some(key) => call["idempotencyKey"] = Value::from(key),
        None => drop(call.as_object_mut().unwrap().remove("idempotencyKey")),
    }
    let headers: Vec<(&str, &str)> = header
        .map(|value| ("Idempotency-Key", value))
        .into_iter()
        .collect();
    scene.agent.api.with_json("POST", "/proxy", &headers, &call)
}

#[test]
fn the_first_outcome_comes_again_byte_for_byte() {
    let scene = Scene::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    scene.upstream.on(
        "/write/x",
        Reply::bytes(bytes.clone())
            .with_status(201)
            .header("x-charge", "ch_1")
            .header("content-type", "image/png"),
    );
    let first = call(&scene, "/write/x", "{\"a\":1}", Some("k1"), None).expect(201);
    assert_eq!(
        (first.header("x-idempotency-status"), &first.body),
        (Some("processed"), &bytes)
    );
    scene.upstream.on("/write/x", Reply::text("another answer"));
    for (key, header) in [
        (Some("k1"), None),
        (None, Some("k1")),
        (Some("other"), Some("k1")),
    ] {
        let again = call(&scene, "/write/x", "{\"a\":1}", key, header).expect(201);
        assert_eq!(again.body, bytes, "key {key:?}, header {header:?}");
        for name in ["content-type", "x-charge"] {
            assert_eq!(again.header(name), first.header(name));
        }
    }
    assert_eq!(scene.upstream.count("/write/x"), 1);
    // A failure is an outcome too.
    scene
        .upstream
        .on("/write/y", Reply::text("no").with_status(402));
    call(&scene, "/write/y", "{}", Some("k2"), None).expect(402);
    scene.upstream.on("/write/y", Reply::text("yes"));
    assert_eq!(
        call(&scene, "/write/y", "{}", Some("k2"), None)
            .expect(402)
            .text(),
        "no"
    );
    assert_eq!(scene.upstream.count("/write/y"), 1);
}

#[test]
fn the_key_belongs_to_one_payload_and_one_agent() {
    let scene = Scene::new();
    call(&scene, "/write/x", "{\"a\":1}", Some("k"), None).expect(200);
    call(&scene, "/write/x", "{\"a\":2}", Some("k"), None).expect_code(422, "idempotency_mismatch");
    call(&scene, "/write/z", "{\"a\":1}", Some("k"), None).expect_code(422, "idempotency_mismatch");
    let other = add_agent(&scene.gateway, "other");
    grant(&scene.admin, "other", "pay", "POST /write/**", "allow");
    let mut body = proxy_body("POST", &scene.upstream.url("/write/x"), Some("{\"a\":2}"));
    body["idempotencyKey"] = json!("k");
    other.proxy(&body).expect(200);
    assert_eq!(
        (
            scene.upstream.count("/write/x"),
            scene.upstream.count("/write/z")
        ),
        (2, 0)
    );
}

#[test]
fn post_and_patch_need_a_key_from_either_place() {
    let scene = Scene::new();
    let refused = call(&scene, "/write/x", "{}", None, None).expect(400);
    assert_eq!(refused.at("/field"), "idempotencyKey");
    call(&scene, "/write/x", "{}", None, Some("header-only")).expect(200);
    call(&scene, "/write/x", "{}", Some("body-only"), None).expect(200);
    for bad in [
        String::new(),
        "x".repeat(256),
        "a b".to_owned(),
        "ü".to_owned(),
    ] {
        let reply = call(&scene, "/write/x", "{}", Some(&bad), None).expect(400);
        assert!(
            reply
                .at("/field")
                .as_str()
                .unwrap()
                .to_lowercase()
                .contains("idempotency"),
            "{}",
            reply.text()
        );
    }
    call(&scene, "/write/x", "{}", Some(&"x".repeat(255)), None).expect(200);
    assert_eq!(scene.upstream.count("/write/x"), 3);
}

#[test]
fn while_the_first_is_in_flight_the_second_is_told_to_wait() {
    let scene = Scene::new();
    let latch = Latch::new();
    scene
        .upstream
        .on("/write/x", Reply::text("done").held_by(&latch));
    let replies = std::thread::scope(|scope| {
        let all = scope.spawn(|| mapped(10, |_| call(&scene, "/write/x", "{}", Some("k"), None)));
        scene.upstream.wait_for(1, Duration::from_secs(20)).unwrap();
        let waiting = call(&scene, "/write/x", "{}", Some("k"), None).expect_code(409, "in_flight");
        assert!(waiting.header("retry-after").is_some());
        assert_eq!(
            waiting.at("/error"),
            "Request with this idempotency key is already being processed"
        );
        std::thread::sleep(Duration::from_millis(200));
        latch.open();
        all.join().unwrap()
    });
    assert!(replies.iter().any(|reply| reply.status == 200));
    assert!(
        replies
            .iter()
            .all(|reply| matches!(reply.status, 200 | 409))
    );
    call(&scene, "/write/x", "{}", Some("k"), None).expect(200);
    assert_eq!(scene.upstream.count("/write/x"), 1);
}

/// Retrying a risky call made duplicate approvals.
#[test]
fn one_key_makes_one_approval() {
    let scene = Scene::new();
    let ids: Vec<Value> = mapped(8, |_| call(&scene, "/ask/x", "{}", Some("k"), None))
        .iter()
        .filter(|reply| reply.status == 428)
        .map(|reply| reply.at("/action_id"))
        .collect();
    assert!(!ids.is_empty());
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(scene.admin.list("/api/v1/approvals").len(), 1);
    let id = ids[0].as_str().unwrap();
    scene.approve(id).expect(200);
    assert_eq!(
        call(&scene, "/ask/x", "{}", Some("k"), None)
            .expect(428)
            .at("/action_id"),
        ids[0]
    );
    scene.agent.execute(id).expect(200);
    call(&scene, "/ask/x", "{}", Some("k"), None).expect(200);
    assert_eq!(scene.upstream.count("/ask/x"), 1);
}

#[test]
fn an_answer_too_long_to_keep_is_not_run_again() {
    let scene = Scene::new();
    scene.upstream.on("/write/long", Reply::stream(3 << 20));
    let first = call(&scene, "/write/long", "{}", Some("k"), None).expect(200);
    assert_eq!((first.body.len(), first.is_whole), (3 << 20, true));
    let again =
        call(&scene, "/write/long", "{}", Some("k"), None).expect_code(409, "result_not_kept");
    assert_eq!(again.at("/action_id"), scene.newest());
    assert_eq!(scene.upstream.count("/write/long"), 1);
}

/// Half an answer is none: it is neither kept nor told again as if it had been whole.
#[test]
fn a_reply_that_broke_off_is_not_told_again_as_whole() {
    let scene = Scene::new();
    for (number, broken) in [
        Reply::text("x".repeat(100)).truncated_after(50),
        Reply::text("x".repeat(100)).reset_after(0),
        Reply::text("x".repeat(200_000))
            .chunked(10_000)
            .truncated_after(150_000),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/write/{number}");
        let key = format!("k{number}");
        scene.upstream.on(&path, broken);
        let first = call(&scene, &path, "{}", Some(&key), None);
        assert!(first.status == 502 || !first.is_whole, "{}", first.status);
        let again = call(&scene, &path, "{}", Some(&key), None);
        assert_eq!(
            (again.status, again.at("/code")),
            (409, json!("result_not_kept")),
            "{number}: {:?} {}",
            again.headers,
            again.text()
        );
        assert_eq!(scene.upstream.count(&path), 1);
        assert!(
            scene
                .agent
                .status(&scene.newest())
                .expect(200)
                .at("/result")
                .is_null(),
            "{number}"
        );
    }
}

#[test]
fn the_key_survives_a_kill_of_the_gateway() {
    let mut scene = Scene::new();
    call(&scene, "/write/x", "{}", Some("k"), None).expect(200);
    scene.gateway.kill();
    scene.gateway.restart();
    scene.agent.api = scene.gateway.api(&scene.agent.key);
    call(&scene, "/write/x", "{}", Some("k"), None).expect(200);
    assert_eq!(scene.upstream.count("/write/x"), 1);
}
