//! Requirement 25, invariant 3: what was approved is what runs. Drift is `stale`; a rule that says no now is `revoked`.

use serde_json::{Value, json};

use crate::support::{SECRET, Scene, TestGateway, add_approver, set_bearer};

/// A change of what the approver saw, on a target that was just set up.
type Change = fn(&Scene);

fn moved(scene: &Scene) {
    let body = json!({ "base_url": format!("{}/elsewhere", scene.upstream.url("")) });
    scene.admin.patch("/api/v1/targets/pay", &body).expect(200);
}

fn new_credential(scene: &Scene) {
    set_bearer(&scene.admin, "pay", &format!("{SECRET}-new"));
}

fn same_credential_again(scene: &Scene) {
    set_bearer(&scene.admin, "pay", SECRET);
}

fn no_credential(scene: &Scene) {
    let response = scene.admin.delete("/api/v1/credentials/pay");
    assert!(matches!(response.status, 200 | 204), "{response:?}");
}

#[test]
fn requirement_25_a_change_of_what_was_seen_makes_it_stale() {
    let changes: [(&str, Change); 4] = [
        ("moved", moved),
        ("new credential", new_credential),
        ("credential set again", same_credential_again),
        ("no credential", no_credential),
    ];
    let scene = Scene::new();
    for (what, change) in changes {
        let waiting = scene.ask("/ask/waiting", "{}");
        let approved = scene.approved("/ask/approved", "{}");
        change(&scene);
        scene.approve(&waiting).expect_code(409, "stale");
        assert_eq!(scene.state(&waiting), "stale", "{what}");
        scene.agent.execute(&approved).expect_code(409, "stale");
        assert_eq!(scene.state(&approved), "stale", "{what}");
        assert_eq!(scene.agent.status(&approved).at("/status"), "REVOKED");
        assert!(
            scene
                .story(&approved)
                .iter()
                .any(|(kind, _)| kind == "action.stale"),
            "{what}"
        );
        // Set right again: what is stale stays stale.
        scene
            .admin
            .patch(
                "/api/v1/targets/pay",
                &json!({ "base_url": scene.upstream.url("") }),
            )
            .expect(200);
        set_bearer(&scene.admin, "pay", SECRET);
        scene.agent.execute(&approved).expect(409);
    }
    assert_eq!(scene.upstream.total(), 0);
}

#[test]
fn a_label_that_nobody_saw_changes_nothing() {
    let scene = Scene::new();
    let id = scene.approved("/ask/x", "{}");
    scene
        .admin
        .patch(
            "/api/v1/targets/pay",
            &json!({ "labels": { "team": "billing" } }),
        )
        .expect(200);
    scene.agent.execute(&id).expect(200);
}

#[test]
fn what_is_denied_now_is_revoked() {
    fn revoked(scene: &Scene, id: &str, what: &str) {
        scene.agent.execute(id).expect_code(403, "revoked");
        assert_eq!(scene.state(id), "revoked", "{what}");
        assert!(
            scene
                .story(id)
                .iter()
                .any(|(kind, _)| kind == "action.revoked"),
            "{what}"
        );
    }
    let mut scene = Scene::on(TestGateway::start());
    scene.grant("GET /keep", "allow");
    let grant = scene.grant("POST /ask/**", "ask");
    let id = scene.approved("/ask/1", "{}");
    let removed = scene.admin.delete(&format!("/api/v1/grants/{grant}"));
    assert!(matches!(removed.status, 200 | 204), "{removed:?}");
    revoked(&scene, &id, "the grant was removed");

    scene.grant("POST /ask/**", "ask");
    let id = scene.approved("/ask/2", "{}");
    let deny = scene.grant("POST /ask/2", "deny");
    revoked(&scene, &id, "a deny was added");
    scene.admin.delete(&format!("/api/v1/grants/{deny}"));

    let id = scene.approved("/ask/3", "{}");
    scene.admin.post("/api/v1/rules", &json!({ "name": "no", "match": { "action": ["POST /ask/3"] }, "verdict": "deny", "reason": "closed" })).expect(201);
    revoked(&scene, &id, "a rule was added");

    // The key that asked is no longer trusted, though the agent has another.
    let second = scene
        .admin
        .post("/api/v1/keys", &json!({ "name": "second", "agent": "bot" }))
        .expect(201);
    let id = scene.approved("/ask/5", "{}");
    let keys = scene.admin.list("/api/v1/keys");
    let first = keys
        .iter()
        .find(|key| key["agent"] == scene.agent.id && key["id"] != second.at("/id"))
        .unwrap();
    scene
        .admin
        .delete(&format!("/api/v1/keys/{}", first["id"].as_str().unwrap()));
    scene.agent.execute(&id).expect(401);
    scene.agent.api = scene.gateway.api(second.at("/key").as_str().unwrap());
    scene.agent.execute(&id).expect_code(403, "revoked");
    assert_eq!(scene.state(&id), "revoked");

    // The one who approved may no longer decide.
    let bob = add_approver(&scene.gateway, "bob");
    let id = scene.ask("/ask/4", "{}");
    bob.post(&format!("/api/v1/approvals/{id}/approve"), &json!({}))
        .expect(200);
    let role = scene.admin.with_json(
        "PUT",
        "/api/v1/operators/bob/role",
        &[],
        &json!({ "role": "viewer" }),
    );
    assert!(matches!(role.status, 200 | 204), "{role:?}");
    revoked(&scene, &id, "the approver may no longer decide");
    assert_eq!(scene.upstream.total(), 0);
}

#[test]
fn a_removed_agent_or_target_takes_its_requests_with_it() {
    let scene = Scene::new();
    let on_target = scene.approved("/ask/1", "{}");
    let response = scene.admin.delete("/api/v1/targets/pay");
    assert!(matches!(response.status, 200 | 204), "{response:?}");
    let reply = scene.agent.execute(&on_target);
    assert!((400..500).contains(&reply.status), "{}", reply.text());
    assert!(
        matches!(
            scene.state(&on_target).as_str(),
            "stale" | "revoked" | "cancelled"
        ),
        "{}",
        scene.state(&on_target)
    );

    let scene = Scene::new();
    let of_agent = scene.approved("/ask/1", "{}");
    let response = scene.admin.delete("/api/v1/agents/bot");
    assert!(matches!(response.status, 200 | 204), "{response:?}");
    scene.agent.execute(&of_agent).expect(401);
    let by_admin = scene
        .admin
        .post(&format!("/api/v1/actions/{of_agent}/execute"), &Value::Null);
    assert!((400..500).contains(&by_admin.status), "{}", by_admin.text());
    assert_eq!(scene.upstream.total(), 0);
}
