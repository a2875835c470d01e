//! `kill -9` between a decision and its webhook: it still goes out, with the id that was written with the decision.

use std::time::Duration;

use countersign_testkit::{Reply, wait_until};
use serde_json::{Value, json};

use crate::support::Scene;

const PATIENCE: Duration = Duration::from_secs(30);

fn ids(deliveries: &[Value]) -> Vec<String> {
    let mut ids: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_decision_is_told_over_a_kill() {
    let mut scene = Scene::new();
    let admin = scene.gateway.admin();
    admin
        .send(
            "PATCH",
            "/api/v1/settings",
            &[("content-type", "application/json")],
            Some(br#"{"webhooks":{"allow_private_networks":true}}"#),
        )
        .expect(200);
    scene.upstream.on("/hook", Reply::hang());
    let body = json!({ "url": scene.upstream.url("/hook"), "events": ["request.approved", "request.decided"] });
    let made = admin.post("/api/v1/webhooks", &body).expect(201);
    let webhook = made.at("/id").as_str().unwrap().to_owned();
    let path = format!("/api/v1/webhooks/{webhook}/deliveries");
    let request = scene.approved("/ask/x", "{}");
    let written = ids(&admin.list(&path));
    assert_eq!(written.len(), 2);
    scene.gateway.kill();
    scene.upstream.forget();
    scene.upstream.on("/hook", Reply::status(200));
    scene.gateway.restart();
    wait_until("both deliveries", PATIENCE, || {
        scene.upstream.count("/hook") >= 2
    })
    .unwrap();
    let mut seen: Vec<_> = scene
        .upstream
        .requests()
        .iter()
        .filter(|request| request.path() == "/hook")
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(
                body.pointer("/data/request/status"),
                Some(&json!("approved"))
            );
            request.header("webhook-id").unwrap().to_owned()
        })
        .collect();
    seen.sort();
    assert_eq!(seen, written);
    let admin = scene.gateway.admin();
    wait_until("what came of it to be noted", PATIENCE, || {
        let deliveries = admin.list(&path);
        ids(&deliveries) == written
            && deliveries
                .iter()
                .all(|delivery| delivery["state"] == "success")
    })
    .unwrap();
    let mine = admin.get(&format!("/api/v1/actions/{request}")).expect(200);
    assert_eq!(mine.at("/state"), "approved");
}
