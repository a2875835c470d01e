//! Keys over HTTP: what is open ends with them, what they may ask, how they change.

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::{stage::Stage, target::Act};

async fn add(stage: &Stage, body: Value) -> Value {
    let made = stage.post("/api/v1/keys").key(&stage.owner).json(&body);
    made.send().await.expect(201).json()
}

fn text<'value>(value: &'value Value, field: &str) -> &'value str {
    value[field].as_str().unwrap()
}

async fn revoke(stage: &Stage, id: &str) {
    stage
        .call(Method::DELETE, &format!("/api/v1/keys/{id}"))
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
}

async fn change(stage: &Stage, id: &str, body: Value) -> crate::stage::Answer {
    stage
        .call(Method::PATCH, &format!("/api/v1/keys/{id}"))
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
}

/// What ends a key while it has something open.
#[derive(Debug, Clone, Copy)]
enum End {
    Revoked,
    RotatedAway,
    Narrowed,
    OverlapOver,
}

async fn end(stage: &Stage, id: &str, how: End) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    match how {
        End::Revoked => revoke(stage, id).await,
        End::RotatedAway => drop(rotate(stage, id, json!({})).await),
        End::Narrowed => {
            change(stage, id, json!({"scopes": ["metrics:read"]}))
                .await
                .expect(200);
        }
        End::OverlapOver => {
            rotate(stage, id, json!({"overlap": "30m"})).await;
            stage.clock.advance(Duration::from_mins(30));
        }
    }
}

async fn rotate(stage: &Stage, id: &str, body: Value) -> Value {
    let rotated = stage
        .post(&format!("/api/v1/keys/{id}/rotate"))
        .key(&stage.owner)
        .json(&body);
    rotated.send().await.expect(200).json()
}

/// Invariant 11: a long poll is answered within a second of the end of its credential, whatever ended it.
#[tokio::test]
async fn a_long_poll_ends_with_its_key() {
    for how in [
        End::Revoked,
        End::RotatedAway,
        End::Narrowed,
        End::OverlapOver,
    ] {
        let stage = Stage::new().await;
        let id = stage.ask().await;
        let body = json!({"name": "poll", "operator": "owner", "scopes": ["request:read"]});
        let key = add(&stage, body).await;
        let path = format!("/api/v1/actions/{id}?wait=20s");
        let poll = stage.get(&path).key(text(&key, "key")).send();
        let began = Instant::now();
        let (answer, ()) = tokio::join!(poll, end(&stage, text(&key, "id"), how));
        assert_eq!(answer.status, 401, "{how:?}: {}", answer.text());
        assert!(began.elapsed() < Duration::from_secs(5), "{how:?}");
    }
}

/// Invariant 11: what streams breaks off, and is not taken for whole.
#[tokio::test]
async fn streams_end_with_their_key() {
    for how in [
        End::Revoked,
        End::RotatedAway,
        End::Narrowed,
        End::OverlapOver,
    ] {
        let stage = Stage::new().await;
        let scopes = ["request:read", "audit:read"];
        let body = json!({"name": "viewer", "operator": "owner", "scopes": scopes});
        let key = add(&stage, body).await;
        let events = stage.get("/api/v1/events").key(text(&key, "key"));
        let events = events.response().await;
        let read = tokio::time::timeout(Duration::from_secs(8), events.into_body().collect());
        let (read, ()) = tokio::join!(read, end(&stage, text(&key, "id"), how));
        read.expect("the events end").expect("and each is whole");
    }
}

#[tokio::test]
async fn an_answer_in_flight_breaks_off_when_its_key_is_revoked() {
    let stage = Stage::new().await;
    let key = add(&stage, json!({"name": "flight", "agent": "demo"})).await;
    // Longer than what is waited for before an answer begins.
    let beginning = Bytes::from(vec![b'x'; 300_000]);
    stage.target.then(Act::Stall(beginning));
    let body = json!({"service_id": "payments", "path": "/x", "method": "GET", "intent": "look"});
    let call = stage
        .post("/proxy")
        .key(text(&key, "key"))
        .json(&body)
        .response();
    let response = tokio::time::timeout(Duration::from_secs(8), call);
    let response = response.await.expect("the answer begins");
    assert_eq!(response.status(), 200);
    let read = tokio::time::timeout(Duration::from_secs(8), response.into_body().collect());
    let (read, ()) = tokio::join!(read, end(&stage, text(&key, "id"), End::Revoked));
    read.expect("it ends")
        .expect_err("and not as if it were whole");
}

/// Requirement 36: both forms of the headers, on what is admitted and on what is refused.
#[tokio::test]
async fn a_key_is_told_where_it_stands() {
    let stage = Stage::new().await;
    let key = add(
        &stage,
        json!({"name": "slow", "agent": "demo", "rate_limit_per_minute": 3}),
    )
    .await;
    let call = || stage.get("/api/v1/actions").key(text(&key, "key")).send();
    let answers = futures::future::join_all((0..8).map(|_| call())).await;
    let now = || u64::try_from(stage.gate.now().as_micros() / 1_000_000).unwrap();
    let mut left: Vec<u64> = Vec::new();
    for answer in &answers {
        let number = |name: &str| answer.header(name).parse::<u64>().unwrap();
        assert_eq!(
            (number("x-ratelimit-limit"), number("ratelimit-limit")),
            (3, 3)
        );
        assert_eq!(
            number("x-ratelimit-remaining"),
            number("ratelimit-remaining")
        );
        let reset_in = number("ratelimit-reset");
        assert!((1..=60).contains(&reset_in), "{reset_in}");
        assert!(number("x-ratelimit-reset").abs_diff(now() + reset_in) <= 5);
        if answer.status == 429 {
            assert!((1..=60).contains(&number("retry-after")));
            assert_eq!(answer.code(), "rate_limited");
        } else {
            assert_eq!(answer.status, 200);
            left.push(number("x-ratelimit-remaining"));
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2], "three of eight at once");
    let free = stage.get("/api/v1/actions").key(&stage.agent).send().await;
    assert!(free.headers.get("x-ratelimit-limit").is_none());
    // A higher limit holds from the next call on.
    change(
        &stage,
        text(&key, "id"),
        json!({"rate_limit_per_minute": null}),
    )
    .await
    .expect(200);
    call().await.expect(200);
}

#[tokio::test]
async fn a_key_is_edited_rotated_and_its_use_is_shown() {
    let stage = Stage::new().await;
    let key = add(
        &stage,
        json!({"name": "first", "agent": "demo", "targets": ["payments"]}),
    )
    .await;
    let id = text(&key, "id");
    assert_eq!(key["targets"].as_array().unwrap().len(), 1);
    let edited = change(
        &stage,
        id,
        json!({"name": "second", "expires_in_seconds": 600, "targets": []}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(
        (&edited["name"], &edited["targets"]),
        (&json!("second"), &json!([]))
    );
    assert!(edited["expires_at"].is_string() && edited.get("key").is_none());
    let rotated = rotate(&stage, id, json!({"overlap": "5m"})).await;
    assert_eq!(rotated["retiring"]["prefix"], key["prefix"]);
    for secret in [text(&key, "key"), text(&rotated, "key")] {
        stage
            .get("/api/v1/actions")
            .key(secret)
            .send()
            .await
            .expect(200);
    }
    let usage = stage
        .get(&format!("/api/v1/keys/{id}/usage"))
        .key(&stage.owner);
    let usage = usage.send().await.expect(200).json();
    assert_eq!(usage["calls_last_day"], json!(2));
    assert_eq!(usage["days"][0]["calls"], json!(2));
    assert_eq!(text(&usage["days"][0], "day").len(), 10);
    let shown = stage.get(&format!("/api/v1/keys/{id}")).key(&stage.owner);
    let shown = shown.send().await.expect(200);
    assert_eq!(shown.json()["calls_last_day"], json!(2));
    assert!(!shown.text().contains(text(&rotated, "key")));
    stage.clock.advance(Duration::from_mins(5));
    stage
        .get("/api/v1/actions")
        .key(text(&key, "key"))
        .send()
        .await
        .expect(401);
    let shown = stage.get(&format!("/api/v1/keys/{id}")).key(&stage.owner);
    assert!(
        shown
            .send()
            .await
            .expect(200)
            .json()
            .get("retiring")
            .is_none()
    );
    for (body, status) in [
        (json!({}), 400),
        (json!({"owner": "x"}), 400),
        (json!({"scopes": ["admin"]}), 400),
        (json!({"targets": ["nothing"]}), 400),
        (json!({"rate_limit_per_minute": 0}), 400),
    ] {
        change(&stage, id, body).await.expect(status);
    }
    let both = json!({"overlap": "5m", "overlap_seconds": 3});
    let refused = stage
        .post(&format!("/api/v1/keys/{id}/rotate"))
        .key(&stage.owner);
    refused.json(&both).send().await.expect(400);
    revoke(&stage, id).await;
    assert_eq!(
        change(&stage, id, json!({"name": "x"}))
            .await
            .expect(409)
            .code(),
        "key_ended"
    );
}

/// Requirement 8: neither the agent's key nor one without the right to keys touches one.
#[tokio::test]
async fn who_does_not_manage_keys_changes_none() {
    let stage = Stage::new().await;
    let key = add(&stage, json!({"name": "k", "agent": "demo"})).await;
    let id = text(&key, "id");
    let reader = stage
        .add_key("reader", "operator", "owner", &["request:read"])
        .await;
    for secret in [text(&key, "key"), &stage.agent, &reader] {
        for (method, path) in [
            (Method::PATCH, format!("/api/v1/keys/{id}")),
            (Method::POST, format!("/api/v1/keys/{id}/rotate")),
            (Method::GET, format!("/api/v1/keys/{id}/usage")),
            (Method::DELETE, format!("/api/v1/keys/{id}")),
        ] {
            let call = stage.call(method, &path).key(secret).body(Body::empty());
            call.send().await.expect(403);
        }
    }
}
