//! Clients that leave at every stage: the outcome is recorded, the upstream sees one call at most, and the gateway lives on.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use countersign_testkit::{Latch, Reply};
use serde_json::Value;

use crate::support::{Scene, Wire, mapped, proxy_body};

const PATIENCE: Duration = Duration::from_secs(20);

fn begin(scene: &Scene, method: &str, path: &str) -> Wire {
    let body = proxy_body(
        method,
        &scene.upstream.url(path),
        Some("{}").filter(|_| method != "GET"),
    )
    .to_string();
    scene
        .agent
        .api
        .start(
            "POST",
            "/proxy",
            &[("content-type", "application/json")],
            Some(body.as_bytes()),
        )
        .unwrap()
}

/// Leaves before the head came back: what may have been done stays unknown.
#[test]
fn before_the_head() {
    let scene = Scene::new();
    let latch = Latch::new();
    for (number, (method, path, state)) in
        [("GET", "/read/x", "failed"), ("PUT", "/write/x", "unknown")]
            .into_iter()
            .enumerate()
    {
        scene.upstream.on(path, Reply::text("late").held_by(&latch));
        let wire = begin(&scene, method, path);
        scene.upstream.wait_for(number + 1, PATIENCE).unwrap();
        wire.leave();
        countersign_testkit::wait_until("the request's row", PATIENCE, || {
            scene.requests().iter().any(|request| {
                request["action"] == format!("{method} {path}") && request["state"] != "executing"
            })
        })
        .unwrap();
        let id = scene.newest();
        assert_eq!(scene.state(&id), state, "{method}");
        assert_eq!(
            scene.story(&id).last().unwrap().1,
            "client_gone",
            "{method}"
        );
    }
    // The same for an approved one: it is not run again.
    scene
        .upstream
        .on("/ask/x", Reply::text("late").held_by(&latch));
    let id = scene.approved("/ask/x", "{}");
    let wire = scene
        .agent
        .api
        .start("POST", &format!("/proxy/execute/{id}"), &[], Some(b""))
        .unwrap();
    scene.upstream.wait_for(3, PATIENCE).unwrap();
    wire.leave();
    scene.wait_for_state(&id, "unknown");
    scene.agent.execute(&id).expect(409);
    assert_eq!(scene.upstream.total(), 3);
}

/// Leaves in the body: the upstream's word stands.
#[test]
fn in_the_body() {
    let scene = Scene::new();
    for (method, path) in [("GET", "/read/x"), ("PUT", "/write/x")] {
        let reply = Reply::stream(50 << 20)
            .chunked(64 * 1024)
            .paced(Duration::from_millis(20));
        scene.upstream.on(path, reply);
        let mut wire = begin(&scene, method, path);
        assert_eq!(wire.response_head().unwrap().0, 200);
        wire.chunk().unwrap().unwrap();
        let id = scene.newest();
        assert_eq!(scene.state(&id), "executing", "{method}");
        wire.leave();
        scene.wait_for_state(&id, "succeeded");
        let story = scene.story(&id);
        assert_eq!(story.first().unwrap().0, "action.intent", "{method}");
        assert_eq!(
            story.last().unwrap(),
            &("action.outcome".to_owned(), "reply_abandoned".to_owned()),
            "{method}"
        );
        assert_eq!(story.len(), 2);
    }
}

/// Leaves while its own call is still on its way: nothing has happened.
#[test]
fn in_its_own_call() {
    let scene = Scene::new();
    let body = proxy_body("PUT", &scene.upstream.url("/write/x"), Some("x")).to_string();
    let head = scene.agent.api.head(
        "POST",
        "/proxy",
        &[
            ("content-type", "application/json"),
            ("content-length", &body.len().to_string()),
        ],
    );
    let whole = format!("{head}\r\n{body}");
    for part in [10, head.len() - 3, head.len() + 2, whole.len() - 1] {
        let mut wire = Wire::open(scene.gateway.address(), false).unwrap();
        wire.stream.write_all(&whole.as_bytes()[..part]).unwrap();
        wire.leave();
    }
    scene.proxy("GET", "/read/x", None).expect(200);
    assert_eq!(scene.upstream.count("/write/x"), 0);
    assert_eq!(scene.requests().len(), 1);
}

/// Leaves within milliseconds of its call, many times over: between any two steps of the pipeline. Everything that the upstream saw is
/// in the ledger with its outcome, and nothing stays `executing`.
#[test]
fn at_any_moment() {
    let scene = Scene::new();
    mapped(4, |thread| {
        for number in 0..60_u64 {
            let asked =
                (number % 3 == 0).then(|| scene.approved(&format!("/ask/{thread}-{number}"), "{}"));
            let wire = match &asked {
                Some(id) => scene
                    .agent
                    .api
                    .start("POST", &format!("/proxy/execute/{id}"), &[], Some(b""))
                    .unwrap(),
                None => begin(&scene, "PUT", &format!("/write/{thread}-{number}")),
            };
            std::thread::sleep(Duration::from_micros(number * 211 % 12_000));
            wire.leave();
        }
    });
    scene.proxy("GET", "/read/last", None).expect(200);
    let is_over = || {
        scene
            .admin
            .list("/api/v1/actions?state=executing")
            .is_empty()
    };
    countersign_testkit::wait_until("the end of all that runs", PATIENCE, is_over).unwrap_or_else(
        |error| {
            panic!(
                "{error}: {:#?}",
                scene.admin.list("/api/v1/actions?state=executing")
            )
        },
    );
    let mut requests: HashMap<String, Vec<String>> = HashMap::new();
    for request in scene.requests() {
        requests
            .entry(request["action"].as_str().unwrap().to_owned())
            .or_default()
            .push(request["id"].as_str().unwrap().to_owned());
    }
    let ledger = scene.ledger();
    let seen = scene.upstream.requests();
    assert!(seen.len() > 10, "{}", seen.len());
    for seen in seen {
        let action = format!("{} {}", seen.method, seen.path());
        let ids = &requests[&action];
        assert_eq!(
            (ids.len(), scene.upstream.count(seen.path())),
            (1, 1),
            "{action}"
        );
        let has_ended = |entry: &&Value| {
            entry["request"] == ids[0]
                && (entry["kind"] == "action.outcome" || entry["kind"] == "action.executed")
        };
        assert_eq!(ledger.iter().filter(has_ended).count(), 1, "{action}");
    }
    assert_eq!(
        scene
            .admin
            .get("/api/v1/audit/verify")
            .expect(200)
            .at("/valid"),
        true
    );
}
