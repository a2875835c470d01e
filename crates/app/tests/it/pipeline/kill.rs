//! Requirement 31: the kill switch stops what runs and what waits within a second.

use std::time::{Duration, Instant};

use countersign_testkit::Reply;
use serde_json::{Value, json};

use crate::support::{Agent, Scene, add_agent, add_target, grant, mapped, proxy_body, set_bearer};

const WITHIN: Duration = Duration::from_secs(1);

/// Lets so many calls hang at the upstream, pulls the switch, and looks at how all of them end.
fn stop(scene: &Scene, agents: &[&Agent], running: usize, body: &Value, path: &str) {
    scene.upstream.forget();
    std::thread::scope(|scope| {
        let calls = scope.spawn(|| {
            mapped(running, |number| {
                let method = if number % 2 == 0 { "GET" } else { "POST" };
                let reply = agents[number % agents.len()].proxy(&proxy_body(
                    method,
                    &scene.upstream.url(path),
                    Some("{}").filter(|_| method == "POST"),
                ));
                (reply, Instant::now())
            })
        });
        scene
            .upstream
            .wait_for(running, Duration::from_mins(1))
            .unwrap();
        scene.admin.post("/api/v1/kills", body).expect(201);
        let pulled = Instant::now();
        for (reply, ended) in calls.join().unwrap() {
            reply.expect_code(403, "killed");
            let late = ended.saturating_duration_since(pulled);
            assert!(late <= WITHIN, "a call ended {late:?} after the switch");
        }
    });
}

fn release(scene: &Scene, body: &Value) {
    let released = scene.admin.post("/api/v1/kills/release", body);
    assert!(matches!(released.status, 200 | 204), "{}", released.text());
}

#[test]
fn requirement_31_one_hundred_in_flight_stop_and_what_waits_is_ended() {
    let scene = Scene::new();
    scene.grant("GET /hang", "allow");
    scene.grant("POST /hang", "allow");
    scene.upstream.on("/hang", Reply::hang());
    let pending = scene.ask("/ask/pending", "{}");
    let approved = scene.approved("/ask/approved", "{}");
    let all = json!({ "scope": "all", "reason": "a drill" });
    stop(&scene, &[&scene.agent], 100, &all, "/hang");
    // The outcome of a write that the upstream may have seen is unknown; a read has none to lose.
    let requests = scene.requests();
    let hung: Vec<&Value> = requests
        .iter()
        .filter(|request| request["action"].as_str().unwrap().ends_with("/hang"))
        .collect();
    assert_eq!(hung.len(), 100);
    for request in hung {
        assert!(
            matches!(request["state"].as_str(), Some("unknown")),
            "{request}"
        );
    }
    scene.wait_for_state(&pending, "cancelled");
    scene.wait_for_state(&approved, "revoked");
    let before = scene.upstream.total();
    scene.agent.execute(&approved).expect(409);
    scene.approve(&pending).expect(409);
    scene
        .proxy("GET", "/read/x", None)
        .expect_code(403, "killed");
    scene
        .proxy("POST", "/ask/x", Some("{}"))
        .expect_code(403, "killed");
    assert_eq!(scene.upstream.total(), before);
    // Operators can still look and release.
    assert_eq!(scene.admin.list("/api/v1/kills").len(), 1);
    release(&scene, &all);
    scene.proxy("GET", "/read/x", None).expect(200);
    scene.agent.execute(&approved).expect(409);
    let kinds: Vec<String> = scene
        .ledger()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        kinds.iter().filter(|kind| kind.contains("kill")).count() >= 2,
        "pulling and releasing are in the ledger: {kinds:?}"
    );
}

#[test]
fn the_switch_of_one_agent_or_target_leaves_the_others_alone() {
    let scene = Scene::new();
    let other = add_agent(&scene.gateway, "other");
    add_target(
        &scene.admin,
        "second",
        &scene.upstream.url("/second"),
        &json!({}),
    );
    set_bearer(&scene.admin, "second", "second-secret-value-12345");
    for agent in ["bot", "other"] {
        for target in ["pay", "second"] {
            grant(&scene.admin, agent, target, "GET /hang", "allow");
            grant(&scene.admin, agent, target, "POST /hang", "allow");
            grant(&scene.admin, agent, target, "GET /ok", "allow");
        }
    }
    scene.upstream.on("/hang", Reply::hang());
    scene.upstream.on("/second/hang", Reply::hang());
    let ok = |agent: &Agent, path: &str| {
        agent.proxy(&proxy_body("GET", &scene.upstream.url(path), None))
    };

    let agent = json!({ "scope": "agent", "name": "bot", "reason": "it went wild" });
    stop(&scene, &[&scene.agent], 10, &agent, "/hang");
    ok(&scene.agent, "/ok").expect_code(403, "killed");
    ok(&scene.agent, "/second/ok").expect_code(403, "killed");
    ok(&other, "/ok").expect(200);
    release(&scene, &agent);
    ok(&scene.agent, "/ok").expect(200);

    let target = json!({ "scope": "target", "name": "second", "reason": "it is broken" });
    stop(&scene, &[&scene.agent, &other], 10, &target, "/second/hang");
    ok(&scene.agent, "/second/ok").expect_code(403, "killed");
    ok(&other, "/second/ok").expect_code(403, "killed");
    ok(&other, "/ok").expect(200);
    release(&scene, &target);
    ok(&other, "/second/ok").expect(200);
    // Only operators pull it.
    scene
        .agent
        .api
        .post("/api/v1/kills", &json!({ "scope": "all" }))
        .expect(403);
    scene
        .admin
        .post(
            "/api/v1/kills",
            &json!({ "scope": "agent", "name": "nobody" }),
        )
        .expect(404);
    scene
        .admin
        .post("/api/v1/kills", &json!({ "scope": "everything" }))
        .expect(400);
}

/// Invariant 11: a revoked key stops what runs by it.
#[test]
fn a_revoked_key_stops_what_runs_by_it() {
    let scene = Scene::new();
    scene.grant("GET /hang", "allow");
    scene.upstream.on("/hang", Reply::hang());
    let keys = scene.admin.list("/api/v1/keys");
    let key = keys
        .iter()
        .find(|key| key.to_string().contains(&scene.agent.id) || key["owner_name"] == "bot")
        .unwrap_or_else(|| panic!("{keys:?}"));
    let id = key["id"].as_str().unwrap().to_owned();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| (scene.proxy("GET", "/hang", None), Instant::now()));
        scene.upstream.wait_for(1, Duration::from_secs(20)).unwrap();
        let response = scene.admin.delete(&format!("/api/v1/keys/{id}"));
        assert!(matches!(response.status, 200 | 204), "{response:?}");
        let revoked = Instant::now();
        let (reply, ended) = call.join().unwrap();
        assert!(matches!(reply.status, 401 | 403), "{}", reply.text());
        assert!(ended.saturating_duration_since(revoked) <= WITHIN);
    });
    scene.proxy("GET", "/read/x", None).expect(401);
}

/// The switch stays pulled over a restart.
#[test]
fn a_pulled_switch_survives_a_kill_of_the_gateway() {
    let mut scene = Scene::new();
    scene
        .admin
        .post(
            "/api/v1/kills",
            &json!({ "scope": "all", "reason": "a drill" }),
        )
        .expect(201);
    scene.gateway.kill();
    scene.gateway.restart();
    scene.admin = scene.gateway.admin();
    scene.agent.api = scene.gateway.api(&scene.agent.key);
    scene
        .proxy("GET", "/read/x", None)
        .expect_code(403, "killed");
    assert_eq!(scene.upstream.total(), 0);
}
