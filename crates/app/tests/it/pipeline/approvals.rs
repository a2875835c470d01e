//! Asking a human: from 428 to the one execution and its kept result.

use std::thread;
use std::time::{Duration, Instant};

use countersign_testkit::Reply;
use serde_json::{Value, json};

use crate::support::{SECRET, Scene, add_approver, proxy_body};

#[test]
fn an_asked_write_runs_once_after_a_human_said_yes() {
    let scene = Scene::new();
    let body = "{\"amount\":500,\"note\":\"token=x;touch${IFS}/tmp/f\"}";
    let asked = scene
        .proxy("POST", "/ask/charges?a=b", Some(body))
        .expect(428);
    let id = asked.at("/action_id").as_str().unwrap().to_owned();
    assert_eq!(asked.at("/error"), "Request requires human approval");
    assert_eq!(asked.at("/status_url"), format!("/status/{id}"));
    assert_eq!(asked.at("/risk_score"), 0.3);
    assert!(asked.at("/risk_explanation").is_string());
    assert_eq!(scene.agent.status(&id).expect(200).at("/status"), "PENDING");
    let early = scene.agent.execute(&id).expect(409);
    assert_eq!(
        early.at("/error"),
        "Cannot execute action with status PENDING"
    );
    // Requirement 27: every byte is shown, nothing is redacted away.
    let shown = scene
        .admin
        .get(&format!("/api/v1/actions/{id}"))
        .expect(200);
    assert_eq!(shown.at("/payload/body"), body);
    assert_eq!(shown.at("/payload/input/query"), "a=b");
    assert_eq!(shown.at("/payload/input/path"), "/ask/charges");
    let waiting = scene.admin.list("/api/v1/approvals");
    assert_eq!((waiting.len(), &waiting[0]["id"]), (1, &json!(id)));
    assert_eq!(scene.upstream.total(), 0);

    scene.approve(&id).expect(200);
    let status = scene.agent.status(&id).expect(200);
    assert_eq!(
        (status.at("/status"), status.at("/execute_url")),
        (json!("APPROVED"), json!(format!("/proxy/execute/{id}")))
    );
    assert!(scene.admin.list("/api/v1/approvals").is_empty());
    assert_eq!(scene.upstream.total(), 0, "an approval is no execution");

    let reply = scene.agent.execute(&id).expect(200);
    assert_eq!(reply.header("x-proxy-status"), Some("executed-approved"));
    let echoed = reply.json();
    assert_eq!(
        (&echoed["method"], &echoed["target"], &echoed["body"]),
        (&json!("POST"), &json!("/ask/charges?a=b"), &json!(body))
    );
    assert!(!reply.text().contains(SECRET));
    assert_eq!(scene.upstream.total(), 1);
    assert_eq!(
        scene.upstream.requests()[0].header_values("authorization"),
        [format!("Bearer {SECRET}")]
    );

    let again = scene.agent.execute(&id).expect_code(409, "not_approved");
    assert_eq!(
        again.at("/error"),
        "Cannot execute action with status EXECUTED"
    );
    let kept = scene.agent.status(&id).expect(200);
    assert_eq!(
        (kept.at("/status"), kept.at("/result/status")),
        (json!("EXECUTED"), json!(200))
    );
    assert_eq!(
        serde_json::from_str::<Value>(kept.at("/result/body").as_str().unwrap()).unwrap(),
        echoed
    );
    assert_eq!(scene.upstream.total(), 1);
    let kinds: Vec<String> = scene.story(&id).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            "action.asked",
            "approval.decided",
            "action.intent",
            "action.outcome"
        ]
    );
}

#[test]
fn a_denied_request_never_runs() {
    let scene = Scene::new();
    let id = scene.ask("/ask/x", "{}");
    let denied = scene
        .admin
        .post(
            &format!("/api/v1/approvals/{id}/deny"),
            &json!({ "reason": "too much" }),
        )
        .expect(200);
    assert_eq!(denied.at("/state"), "denied");
    let status = scene.agent.status(&id).expect(200);
    assert_eq!(
        (status.at("/status"), status.at("/reason")),
        (json!("DENIED"), json!("too much"))
    );
    scene.agent.execute(&id).expect(409);
    let late = scene.approve(&id).expect_code(409, "already_decided");
    assert_eq!(late.at("/detail"), "Request already denied");
    assert_eq!(scene.upstream.total(), 0);
}

/// AgentGate 5, GaiterGuard 7: `expiresAt` was never enforced, PENDING never expired.
#[test]
fn deadlines_are_enforced_on_read_and_by_timer() {
    let scene = Scene::new();
    let change = json!({ "approval_deadline_seconds": 10, "execute_ttl_seconds": 1 });
    scene.admin.patch("/api/v1/settings", &change).expect(200);
    let asked_at = Instant::now();
    let waiting = scene.ask("/ask/waiting", "{}");
    let id = scene.approved("/ask/x", "{}");
    thread::sleep(Duration::from_millis(1_100));
    let late = scene.agent.execute(&id).expect_code(410, "expired");
    assert_eq!(
        late.at("/error"),
        "Approval has expired — resubmit request via POST /proxy"
    );
    assert_eq!(scene.agent.status(&id).expect(200).at("/status"), "EXPIRED");
    // Nobody touches the other one: the timer ends it.
    let by_timer = scene.approved("/ask/y", "{}");
    scene.wait_for_state(&by_timer, "expired");
    assert_eq!(scene.state(&waiting), "pending", "{:?}", asked_at.elapsed());
    thread::sleep(Duration::from_millis(10_050).saturating_sub(asked_at.elapsed()));
    let decided = scene.approve(&waiting);
    assert!(matches!(decided.status, 409 | 410), "{}", decided.text());
    scene.wait_for_state(&waiting, "expired");
    assert!(
        scene
            .story(&waiting)
            .iter()
            .any(|(kind, _)| kind == "action.expired")
    );
    assert_eq!(scene.upstream.total(), 0);
}

#[test]
fn an_agent_takes_its_own_request_back() {
    let scene = Scene::new();
    let id = scene.ask("/ask/x", "{}");
    scene
        .agent
        .api
        .post(
            &format!("/api/v1/actions/{id}/cancel"),
            &json!({ "note": "never mind" }),
        )
        .expect(200);
    assert_eq!(scene.state(&id), "cancelled");
    scene.approve(&id).expect_code(409, "already_decided");
    assert_eq!(scene.agent.status(&id).expect(200).at("/status"), "REVOKED");
}

/// A human's finding ends an unknown outcome, and never runs it again.
#[test]
fn an_unknown_outcome_is_settled_by_a_human_and_never_run_again() {
    let scene = Scene::new();
    scene
        .upstream
        .on("/ask/x", Reply::text("half").reset_after(0));
    scene.upstream.on("/ask/hang", Reply::hang());
    let limits = json!({ "limits": { "first_byte_millis": 300 } });
    scene
        .admin
        .patch("/api/v1/targets/pay", &limits)
        .expect(200);
    let id = scene.approved("/ask/hang", "{}");
    scene.agent.execute(&id).expect(504);
    assert_eq!(scene.state(&id), "unknown");
    assert_eq!(scene.agent.status(&id).expect(200).at("/status"), "UNKNOWN");
    scene.agent.execute(&id).expect(409);
    scene
        .agent
        .api
        .post(
            &format!("/api/v1/actions/{id}/settle"),
            &json!({ "succeeded": true, "note": "" }),
        )
        .expect(403);
    let found = json!({ "succeeded": true, "note": "seen in their books" });
    scene
        .admin
        .post(&format!("/api/v1/actions/{id}/settle"), &found)
        .expect(200);
    assert_eq!(scene.state(&id), "succeeded");
    scene.agent.execute(&id).expect(409);
    scene
        .admin
        .post(&format!("/api/v1/actions/{id}/settle"), &found)
        .expect_code(409, "not_unknown");
    assert_eq!(scene.upstream.count("/ask/hang"), 1);
}

/// Requirement 28: an agent's credential never decides, and strict separation binds an operator who asked.
#[test]
fn who_asked_does_not_decide() {
    let scene = Scene::new();
    let id = scene.ask("/ask/x", "{}");
    scene
        .agent
        .api
        .post(
            &format!("/api/v1/approvals/{id}/approve"),
            &json!({ "decided_by": "alice@corp" }),
        )
        .expect(403);
    scene
        .agent
        .api
        .get(&format!("/api/v1/approvals/{id}/approve"))
        .expect(405);
    assert_eq!(scene.state(&id), "pending");
    let body = json!({ "agent": "bot", "target": "pay", "action": "POST /ask/own", "body": "{}", "intent": "by an operator" });
    let own = scene
        .admin
        .post("/api/v1/actions", &body)
        .expect(202)
        .at("/id")
        .as_str()
        .unwrap()
        .to_owned();
    scene
        .admin
        .patch(
            "/api/v1/settings",
            &json!({ "separation_of_duties": "strict" }),
        )
        .expect(200);
    scene.approve(&own).expect(403);
    let bob = add_approver(&scene.gateway, "bob");
    bob.post(&format!("/api/v1/approvals/{own}/approve"), &json!({}))
        .expect(200);
    scene
        .admin
        .patch(
            "/api/v1/settings",
            &json!({ "separation_of_duties": "loose" }),
        )
        .expect(200);
    let again = scene
        .admin
        .post("/api/v1/actions", &body)
        .expect(202)
        .at("/id")
        .as_str()
        .unwrap()
        .to_owned();
    let decided = scene.approve(&again).expect(200);
    assert_eq!(
        decided.at("/votes/0/is_self_approved"),
        true,
        "{}",
        decided.text()
    );
}

#[test]
fn a_repeated_ask_without_a_key_is_a_new_request() {
    let scene = Scene::new();
    let mut body = proxy_body("GET", &scene.upstream.url("/ask/x"), None);
    body.as_object_mut().unwrap().remove("idempotencyKey");
    let first = scene.agent.proxy(&body).expect(428).at("/action_id");
    let second = scene.agent.proxy(&body).expect(428).at("/action_id");
    assert_ne!(first, second);
}
