//! Live events: resumable, filtered by the viewer's rights, gone with the credential.

use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use http::{Method, Response};
use serde_json::{Value, json};

use crate::stage::Stage;

/// An open stream of events.
struct Events {
    body: axum::body::BodyDataStream,
    text: String,
}

#[derive(Debug)]
struct Event {
    id: u64,
    kind: String,
    data: Value,
}

impl Events {
    fn of(response: Response<Body>) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream. Fails after three seconds.
    async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(Duration::from_secs(3), self.read())
            .await
            .expect("no event within three seconds")
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.clone().split_once("\n\n") {
                let rest = rest.to_owned();
                self.text = rest;
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                if let Some(id) = field("id:") {
                    let data = serde_json::from_str(&field("data:").unwrap()).unwrap();
                    return Some(Event {
                        id: id.parse().unwrap(),
                        kind: field("event:").unwrap(),
                        data,
                    });
                }
                continue;
            }
            self.text
                .push_str(std::str::from_utf8(&self.body.next().await?.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn what_happens_arrives_and_a_client_that_was_away_misses_nothing() {
    let stage = Stage::new().await;
    let mut live = Events::of(
        stage
            .get("/api/v1/events")
            .key(&stage.owner)
            .response()
            .await,
    );
    let id = stage.ask().await;
    let first = live.next().await.unwrap();
    assert_eq!(first.kind, "action.asked");
    assert_eq!(first.data["action_id"], json!(id));
    assert_eq!(first.data["position"], json!(first.id));
    drop(live);
    stage.approve(&id).await;
    let second = stage.ask().await;
    let mut resumed = Events::of(
        stage
            .get("/api/v1/events")
            .key(&stage.owner)
            .header("last-event-id", &first.id.to_string())
            .response()
            .await,
    );
    let mut seen = vec![first.id];
    loop {
        let event = resumed.next().await.unwrap();
        seen.push(event.id);
        if event.data["action_id"] == json!(second) {
            break;
        }
    }
    let expected: Vec<u64> = (first.id..=*seen.last().unwrap()).collect();
    assert_eq!(seen, expected, "no gap and nothing twice");
    stage
        .get("/api/v1/events")
        .key(&stage.owner)
        .header("last-event-id", "x")
        .send()
        .await
        .expect(400);
}

#[tokio::test]
async fn an_agent_sees_only_what_is_its_own() {
    let stage = Stage::new().await;
    let other = stage
        .post("/api/v1/agents")
        .key(&stage.owner)
        .json(&json!({"name": "other"}))
        .send()
        .await
        .expect(201)
        .json();
    let mut live = Events::of(
        stage
            .get("/api/v1/events?after=0")
            .key(other["key"].as_str().unwrap())
            .response()
            .await,
    );
    stage.ask().await;
    stage
        .post("/api/v1/agents")
        .key(&stage.owner)
        .json(&json!({"name": "third"}))
        .send()
        .await
        .expect(201);
    let grant =
        json!({"agent": "other", "target": "payments", "action": "POST /**", "verdict": "ask"});
    stage
        .post("/api/v1/grants")
        .key(&stage.owner)
        .json(&grant)
        .send()
        .await
        .expect(201);
    let body = json!({"target": "payments", "action": "POST /own"});
    let own = stage
        .post("/api/v1/actions")
        .key(other["key"].as_str().unwrap())
        .json(&body)
        .send()
        .await
        .expect(202)
        .json();
    let event = live.next().await.unwrap();
    assert_eq!(
        event.data["action_id"], own["id"],
        "the first event that it sees is its own: {event:?}"
    );
}

/// Requirement 5 and invariant 11: a stream ends within a second of its credential.
#[tokio::test]
async fn a_revoked_viewer_is_cut_off() {
    let stage = Stage::new().await;
    let made = stage.post("/api/v1/keys").key(&stage.owner);
    let made = made.json(&json!({"name": "viewer", "operator": "owner", "scopes": ["request:read", "audit:read"]})).send().await.expect(201).json();
    let mut by_key = Events::of(
        stage
            .get("/api/v1/events")
            .key(made["key"].as_str().unwrap())
            .response()
            .await,
    );
    let session = stage.sign_in(&json!({"token": stage.token})).await;
    let cookie = session
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let mut by_cookie = Events::of(
        stage
            .get("/api/v1/events")
            .header("cookie", &cookie)
            .response()
            .await,
    );

    stage
        .call(
            Method::DELETE,
            &format!("/api/v1/keys/{}", made["id"].as_str().unwrap()),
        )
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    let session = session.json()["id"].as_str().unwrap().to_owned();
    stage
        .call(Method::DELETE, &format!("/api/v1/sessions/{session}"))
        .key(&stage.owner)
        .send()
        .await
        .expect(204);
    for stream in [&mut by_key, &mut by_cookie] {
        let ended = tokio::time::timeout(Duration::from_secs(1), async {
            while stream.read().await.is_some() {}
        })
        .await;
        assert!(ended.is_ok(), "still open after a second");
    }
}

#[tokio::test]
async fn streams_are_counted() {
    let stage = Stage::with(|config| config.limits.event_streams = 2).await;
    let one = stage
        .get("/api/v1/events")
        .key(&stage.owner)
        .response()
        .await;
    let _two = stage
        .get("/api/v1/events")
        .key(&stage.owner)
        .response()
        .await;
    let three = stage
        .get("/api/v1/events")
        .key(&stage.owner)
        .send()
        .await
        .expect(503);
    assert_eq!(three.code(), "too_many_streams");
    assert_eq!(three.json()["limit"], "event_streams");
    drop(one);
    assert_eq!(
        stage
            .get("/api/v1/events")
            .key(&stage.owner)
            .response()
            .await
            .status(),
        200
    );
}

/// Requirement 20: an agent has four streams, whatever others have.
#[tokio::test]
async fn an_agent_has_few_streams() {
    let stage = Stage::new().await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let response = stage.get("/api/v1/events").key(&stage.agent).response();
        let response = response.await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    let more = stage.get("/api/v1/events").key(&stage.agent).send().await;
    let more = more.expect(429);
    assert_eq!(more.code(), "too_many_streams");
    assert_eq!(more.json()["limit"], "event_streams_each");
    let owner = stage.get("/api/v1/events").key(&stage.owner).response();
    assert_eq!(owner.await.status(), 200);
    open.pop();
    let again = stage.get("/api/v1/events").key(&stage.agent).response();
    assert_eq!(again.await.status(), 200);
}

/// What an agent was away for is looked up among its own, and the stream goes on live behind it without a gap.
#[tokio::test]
async fn an_agent_that_was_away_misses_nothing_of_its_own() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.approve(&id).await;
    // Nothing of the agent's own comes behind it: the stream has to find its way to the present.
    for number in 0..5 {
        stage
            .post("/api/v1/agents")
            .key(&stage.owner)
            .json(&json!({"name": format!("other-{number}")}))
            .send()
            .await
            .expect(201);
    }
    let mut live = Events::of(
        stage
            .get("/api/v1/events?after=0")
            .key(&stage.agent)
            .response()
            .await,
    );
    let asked = live.next().await.unwrap();
    let decided = live.next().await.unwrap();
    assert_eq!(
        (&*asked.kind, &*decided.kind),
        ("action.asked", "approval.decided")
    );
    let second = stage.ask().await;
    let next = live.next().await.unwrap();
    assert_eq!(
        (&*next.kind, &next.data["action_id"]),
        ("action.asked", &json!(second))
    );
}

/// Whoever connects gets the head of the answer at once, however quiet the ledger is.
#[tokio::test]
async fn a_stream_says_at_once_that_it_stands() {
    let stage = Stage::new().await;
    let response = stage.get("/api/v1/events").key(&stage.owner).response();
    let mut body = response.await.into_body().into_data_stream();
    let first = tokio::time::timeout(Duration::from_secs(3), body.next()).await;
    let first = first.expect("silent for three seconds").unwrap().unwrap();
    assert_eq!(&first[..], b": live\n\n");
}

/// What arrives can be shown as a list shows it, and what it says of votes follows the votes.
#[tokio::test]
async fn an_event_holds_all_that_a_list_shows() {
    let stage = Stage::new().await;
    let mut live = Events::of(
        stage
            .get("/api/v1/events")
            .key(&stage.owner)
            .response()
            .await,
    );
    let listed = async || {
        let page = stage.get("/api/v1/actions").key(&stage.owner).send().await;
        page.expect(200).json()["items"][0].clone()
    };
    let id = stage.ask().await;
    assert_eq!(live.next().await.unwrap().data["request"], listed().await);
    stage.approve(&id).await;
    let decided = live.next().await.unwrap();
    assert_eq!(decided.kind, "approval.decided");
    assert_eq!(decided.data["request"], listed().await);
    assert_eq!(
        decided.data["request"]["votes"][0]["operator_name"],
        "owner"
    );
}

/// Asked, decided, executed and expired: each event says which request, and what has become of it.
#[tokio::test]
async fn a_list_can_be_brought_up_to_date_by_events_alone() {
    let stage = Stage::new().await;
    let mut live = Events::of(
        stage
            .get("/api/v1/events")
            .key(&stage.owner)
            .response()
            .await,
    );
    let id = stage.ask().await;
    stage.approve(&id).await;
    stage
        .post(&format!("/api/v1/actions/{id}/execute"))
        .key(&stage.agent)
        .send()
        .await
        .expect(200);
    for (kind, state) in [
        ("action.asked", "pending"),
        ("approval.decided", "approved"),
        ("action.intent", "executing"),
        ("action.outcome", "succeeded"),
    ] {
        let event = live.next().await.unwrap();
        assert_eq!(event.kind, kind);
        let request = &event.data["request"];
        assert_eq!(
            (&request["id"], &request["state"]),
            (&json!(id), &json!(state))
        );
        assert_eq!(
            (&request["agent"], &request["target"], &request["action"]),
            (&json!("demo"), &json!("payments"), &json!("POST /charges"))
        );
        assert_eq!(
            (&request["urgency"], &request["verdict"]),
            (&json!("normal"), &json!("ask"))
        );
    }
    let late = stage.ask().await;
    assert_eq!(
        live.next().await.unwrap().data["request"]["state"],
        "pending"
    );
    stage.clock.advance(Duration::from_hours(48));
    let expired = live.next().await.unwrap();
    assert_eq!(expired.kind, "action.expired");
    assert_eq!(
        (
            &expired.data["request"]["id"],
            &expired.data["request"]["state"]
        ),
        (&json!(late), &json!("expired"))
    );
    let other = stage
        .call(Method::PATCH, "/api/v1/agents/demo")
        .key(&stage.owner)
        .json(&json!({"description": "x"}));
    other.send().await.expect(200);
    assert!(live.next().await.unwrap().data.get("request").is_none());
}
