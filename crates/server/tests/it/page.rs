//! What the operators' page asks besides: whole ledgers page by page, whose sessions these are, who set a credential, and whether
//! somebody else was faster.

use http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

fn positions(page: &Value) -> Vec<u64> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|entry| entry["position"].as_u64().unwrap())
        .collect()
}

async fn entries(stage: &Stage, query: &str) -> Value {
    let call = stage.get(&format!("/api/v1/audit/entries?{query}"));
    call.key(&stage.owner).send().await.expect(200).json()
}

#[tokio::test]
async fn the_ledger_is_read_both_ways_from_its_first_entry_on() {
    let stage = Stage::new().await;
    let first = entries(&stage, "order=oldest&limit=3").await;
    assert_eq!(positions(&first), [0, 1, 2]);
    let next = first["next"].as_str().unwrap();
    let second = entries(&stage, &format!("order=oldest&limit=2&cursor={next}")).await;
    assert_eq!(positions(&second), [3, 4]);
    assert_eq!(
        positions(&entries(&stage, "after=1&before=4").await),
        [2, 3]
    );
    assert_eq!(
        positions(&entries(&stage, "after=0&before=4&order=newest&limit=2").await),
        [3, 2]
    );
    assert_eq!(
        positions(&entries(&stage, "after=0&before=4&order=newest&cursor=2").await),
        [1]
    );
    assert_eq!(positions(&entries(&stage, "before=2").await), [1, 0]);
    let refused = stage.get("/api/v1/audit/entries?order=up");
    let refused = refused.key(&stage.owner).send().await.expect(400);
    assert_eq!(refused.json()["field"], "order");
}

#[tokio::test]
async fn entries_name_who_did_it_and_the_last_verification_is_kept() {
    let stage = Stage::new().await;
    stage.ask().await;
    let asked = entries(&stage, "kind=action.asked").await["items"][0].clone();
    assert_eq!(asked["actor_name"], "demo");
    let made = entries(&stage, "kind=config.target.").await["items"][0].clone();
    assert_eq!(made["actor_name"], "owner", "{made}");
    let ledger = async || {
        let summary = stage.get("/api/v1/summary").key(&stage.owner).send().await;
        summary.expect(200).json()["ledger"].clone()
    };
    let before = ledger().await;
    assert_eq!(
        (&before["oldest_position"], &before["verification"]),
        (&json!(0), &Value::Null)
    );
    let verified = stage.get("/api/v1/audit/verify").key(&stage.owner);
    let verified = verified.send().await.expect(200).json();
    let after = ledger().await;
    assert_eq!(after["verification"]["valid"], true);
    assert_eq!(after["verification"]["entries"], verified["entries"]);
    let made = stage.post("/api/v1/audit/checkpoints").key(&stage.owner);
    let made = made.send().await.expect(201).json();
    let listed = stage.get("/api/v1/audit/checkpoints").key(&stage.owner);
    let listed = listed.send().await.expect(200).json()["items"][0].clone();
    assert_eq!(listed, made);
    assert_eq!(made["key"], "countersign.test");
    assert_eq!(made["root"].as_str().unwrap().len(), 44);
}

#[tokio::test]
async fn sessions_say_where_they_are_and_when_they_last_called() {
    let stage = Stage::new().await;
    let session = stage
        .sign_in(&json!({"token": stage.token, "kind": "terminal", "label": "shell"}))
        .await
        .json();
    let secret = session["session"].as_str().unwrap().to_owned();
    let listed = async |key: &str| {
        let sessions = stage.get("/api/v1/sessions").key(key).send().await;
        sessions.expect(200).json()["items"][0].clone()
    };
    let unseen = listed(&stage.owner).await;
    assert_eq!(
        (&unseen["source"], &unseen["last_seen_at"]),
        (&json!("127.0.0.1"), &Value::Null)
    );
    let seen = listed(&secret).await;
    assert_eq!(seen["is_current"], true);
    assert!(seen["last_seen_at"].as_str() >= seen["created_at"].as_str());
}

/// Requirement 7: a failed sign-in says how many more may fail.
#[tokio::test]
async fn a_refused_sign_in_counts_down() {
    let stage = Stage::new().await;
    for left in [4, 3, 2, 1, 0] {
        let refused = stage.post("/api/v1/sessions");
        let refused = refused
            .json(&json!({"token": "cs_wrong"}))
            .send()
            .await
            .expect(401);
        assert_eq!(refused.code(), "invalid_credentials");
        assert_eq!(refused.json()["tries_left"], left);
    }
    let refused = stage.post("/api/v1/sessions");
    let refused = refused
        .json(&json!({"token": "cs_wrong"}))
        .send()
        .await
        .expect(429);
    assert_eq!(refused.code(), "locked_out");
}

#[tokio::test]
async fn operators_see_and_stop_their_own_tokens() {
    let stage = Stage::new().await;
    let token = stage.add_operator("vera", "viewer").await;
    let session = stage
        .sign_in(&json!({"token": token, "kind": "terminal"}))
        .await
        .json();
    let vera = session["session"].as_str().unwrap().to_owned();
    let all = stage.get("/api/v1/tokens").key(&stage.owner).send().await;
    let all = all.expect(200).json()["items"].clone();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let own = stage.get("/api/v1/tokens").key(&vera).send().await;
    let own = own.expect(200).json()["items"].clone();
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert_eq!(own[0]["operator_name"], "vera");
    let others = all.as_array().unwrap();
    let others = others
        .iter()
        .find(|token| token["operator_name"] == "owner")
        .unwrap();
    let stop = async |token: &Value, key: &str| {
        let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
        stage.call(Method::DELETE, &path).key(key).send().await
    };
    stop(others, &vera).await.expect(404);
    stop(&own[0], &vera).await.expect(200);
    // A key stands for what its scopes say.
    let key = stage
        .add_key("reader", "operator", "vera", &["request:read"])
        .await;
    let refused = stage.get("/api/v1/tokens").key(&key).send().await;
    refused.expect(403);
    let agent = stage.get("/api/v1/tokens").key(&stage.agent).send().await;
    agent.expect(403);
}

#[tokio::test]
async fn switches_and_credentials_name_what_they_are_about() {
    let stage = Stage::new().await;
    let kill = stage.post("/api/v1/kills").key(&stage.owner);
    let kill = kill.json(&json!({"scope": "agent", "name": "demo"}));
    let killed = kill.send().await.expect(201).json();
    assert_eq!(killed["name"], "demo");
    let listed = stage.get("/api/v1/kills").key(&stage.owner).send().await;
    assert_eq!(listed.expect(200).json()["items"][0]["name"], "demo");
    let body = json!({"target": "payments", "type": "bearer", "value": "sk_live_1"});
    let set = stage
        .post("/api/v1/credentials")
        .key(&stage.owner)
        .json(&body);
    let set = set.send().await.expect(201).json();
    assert_eq!(set["set_by_name"], "owner", "{set}");
    let listed = stage.get("/api/v1/credentials").key(&stage.owner);
    assert_eq!(listed.send().await.expect(200).json()["items"][0], set);
}

#[tokio::test]
async fn a_change_made_up_for_another_state_is_refused() {
    let stage = Stage::new().await;
    for path in ["/api/v1/agents/demo", "/api/v1/targets/payments"] {
        let change = async |body: Value, status: u16| {
            let call = stage.call(Method::PATCH, path).key(&stage.owner);
            call.json(&body).send().await.expect(status)
        };
        let before = stage.get(path).key(&stage.owner).send().await;
        let before = before.expect(200).json();
        assert_eq!(before["revision"], 1);
        let mine = json!({"labels": {"team": "a"}, "expected_revision": 1});
        assert_eq!(change(mine, 200).await.json()["revision"], 2);
        let theirs = json!({"labels": {"team": "b"}, "expected_revision": 1});
        assert_eq!(change(theirs, 409).await.code(), "changed_meanwhile");
        let now = stage.get(path).key(&stage.owner).send().await;
        assert_eq!(now.expect(200).json()["labels"], json!({"team": "a"}));
        assert_eq!(
            change(json!({"labels": {}}), 200).await.json()["revision"],
            3
        );
    }
    let target = stage.get("/api/v1/targets/payments").key(&stage.owner);
    let target = target.send().await.expect(200).json();
    assert_eq!(
        target["approval_revision"], 1,
        "labels are nothing that approvers saw"
    );
}
