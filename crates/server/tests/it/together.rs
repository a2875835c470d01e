//! What surrounds a request that waits: standing approvals, lent seats, comments, batches, waiting.

use http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

async fn payload_hash(stage: &Stage, id: &str) -> Value {
    let path = format!("/api/v1/actions/{id}");
    let detail = stage.get(&path).key(&stage.owner).send().await;
    detail.expect(200).json()["payload_hash"].clone()
}

#[tokio::test]
async fn a_standing_approval_is_made_shown_used_and_taken_back() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let approve = format!("/api/v1/approvals/{id}/approve");
    let empty = json!({ "standing": {} });
    let refused = stage
        .post(&approve)
        .key(&stage.owner)
        .json(&empty)
        .send()
        .await;
    assert_eq!(refused.expect(400).code(), "invalid_input");
    let body = json!({ "standing": { "minutes": 30, "uses": 5 } });
    stage
        .post(&approve)
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(200);
    let list = stage
        .get("/api/v1/standing-approvals")
        .key(&stage.owner)
        .send()
        .await;
    let list = list.expect(200).json();
    let item = &list["items"][0];
    assert_eq!(
        (&item["agent"], &item["uses_left"]),
        (&json!("demo"), &json!(5))
    );
    assert_eq!(item["request"], json!(id));
    let path = format!(
        "/api/v1/standing-approvals/{}",
        item["id"].as_str().unwrap()
    );
    for (key, status) in [
        (&stage.agent, 403),
        (&stage.owner, 204),
        (&stage.owner, 404),
    ] {
        stage
            .call(Method::DELETE, &path)
            .key(key)
            .send()
            .await
            .expect(status);
    }
    stage
        .get("/api/v1/standing-approvals")
        .key(&stage.agent)
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn a_call_that_waits_is_answered_and_its_time_is_checked() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let path = format!("/api/v1/actions/{id}");
    let short = stage
        .get(&format!("{path}?wait=1s"))
        .key(&stage.agent)
        .send()
        .await;
    assert_eq!(short.expect(200).json()["state"], "pending");
    let wrong = stage
        .get(&format!("{path}?wait=soon"))
        .key(&stage.agent)
        .send()
        .await;
    assert_eq!(wrong.expect(400).json()["field"], "wait");
    let long = format!("{path}?wait=60s");
    let waiting = stage.get(&long).key(&stage.agent).send();
    let deciding = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stage.approve(&id).await;
    };
    let (answer, ()) = tokio::join!(waiting, deciding);
    assert_eq!(answer.expect(200).json()["state"], "approved");
}

#[tokio::test]
async fn comments_are_written_and_read_by_operators() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let path = format!("/api/v1/approvals/{id}/comments");
    let body = json!({ "body": "look twice" });
    stage
        .post(&path)
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(403);
    stage
        .post(&path)
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201);
    let list = stage
        .get(&path)
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&list["items"][0]["by"], &list["items"][0]["body"]),
        (&json!("owner"), &json!("look twice"))
    );
    stage.get(&path).key(&stage.agent).send().await.expect(403);
}

#[tokio::test]
async fn a_batch_wants_its_own_confirmation() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let hash = payload_hash(&stage, &id).await;
    let mut body =
        json!({ "decision": "approve", "items": [{ "id": id, "expected_payload_hash": hash }] });
    let send = |body: Value| {
        let call = stage.post("/api/v1/approvals/batch").key(&stage.owner);
        async move { call.json(&body).send().await }
    };
    let plan = send(body.clone()).await.expect(200).json();
    assert_eq!(plan["is_decided"], false);
    assert_eq!(plan["items"][0]["action"]["state"], "pending");
    body["confirmation"] = json!("1.00");
    assert_eq!(send(body.clone()).await.expect(409).code(), "not_confirmed");
    body["confirmation"] = plan["confirmation"].clone();
    let done = send(body.clone()).await.expect(200).json();
    assert_eq!(done["items"][0]["action"]["state"], "approved");
    let again = send(body).await.expect(200).json();
    assert_eq!(again["items"][0]["problem"]["code"], "already_decided");
}

#[tokio::test]
async fn a_seat_is_lent_and_taken_back() {
    let stage = Stage::new().await;
    stage.add_operator("bob", "approver").await;
    let path = "/api/v1/delegations";
    let body = json!({ "to": "bob", "expires": "7d", "note": "away" });
    let lent = stage
        .post(path)
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&lent["from"], &lent["to"]),
        (&json!("owner"), &json!("bob"))
    );
    let endless = json!({ "to": "bob" });
    let refused = stage
        .post(path)
        .key(&stage.owner)
        .json(&endless)
        .send()
        .await;
    assert_eq!(refused.expect(400).json()["field"], "expires");
    let list = stage
        .get(path)
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let one = format!("{path}/{}", lent["id"].as_str().unwrap());
    for status in [204, 404] {
        stage
            .call(Method::DELETE, &one)
            .key(&stage.owner)
            .send()
            .await
            .expect(status);
    }
}
