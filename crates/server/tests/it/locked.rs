//! A gateway that starts locked: it answers only what unlocks it.

use std::sync::Arc;

use axum::body::Body;
use countersign_server::{
    Access, ListenerConfig, Peer, ROUTES, ServerConfig, ServerLimits, ServerState, Serves, Shell,
};
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::stage::{Lock, PASSPHRASE, Stage};

struct Locked {
    shell: Shell,
    stage: Stage,
}

impl Locked {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let config = ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()));
        let state = ServerState::locked(
            Arc::new(Lock {
                gate: stage.gate.clone(),
            }),
            "test",
            ServerLimits::default(),
        );
        Self {
            shell: Shell::new(&config, &state, Serves::Everything, None).unwrap(),
            stage,
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.shell
            .answer(request, Peer::network([127, 0, 0, 1].into(), false))
            .await
    }

    async fn unlock(&self, passphrase: &str) -> u16 {
        self.send(
            "POST",
            "/api/v1/vault/unlock",
            None,
            &json!({"passphrase": passphrase}),
        )
        .await
        .status()
        .as_u16()
    }
}

#[tokio::test]
async fn everything_else_is_locked() {
    let locked = Locked::new().await;
    let owner = locked.stage.owner.clone();
    for route in ROUTES {
        let path = route
            .path
            .replace("{id}", "0198c5a0-5d5e-7000-8000-000000000000")
            .replace("{target}", "x")
            .replace("{name}", "x")
            .replace("{*path}", "x");
        let answer = locked
            .send(route.method, &path, Some(&owner), &json!({}))
            .await;
        if route.while_locked {
            assert_eq!(route.access, Access::Open);
            assert_ne!(answer.status(), 423, "{route:?}");
        } else {
            assert_eq!(answer.status(), 423, "{route:?}");
        }
    }
    let answer = locked.send("GET", "/readyz", None, &json!({})).await;
    assert_eq!(answer.status(), 503);
    let body: Value =
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(body, json!({"status": "locked", "problems": ["locked"]}));
}

#[tokio::test]
async fn the_passphrase_unlocks_once() {
    let locked = Locked::new().await;
    let owner = locked.stage.owner.clone();
    assert_eq!(locked.unlock("wrong-horse-battery-staple").await, 401);
    assert_eq!(
        locked
            .send("GET", "/api/v1/agents", Some(&owner), &json!({}))
            .await
            .status(),
        423
    );
    assert_eq!(locked.unlock(PASSPHRASE).await, 200);
    assert_eq!(
        locked
            .send("GET", "/api/v1/agents", Some(&owner), &json!({}))
            .await
            .status(),
        200
    );
    assert_eq!(
        locked
            .send("GET", "/readyz", None, &json!({}))
            .await
            .status(),
        200
    );
    assert_eq!(locked.unlock(PASSPHRASE).await, 409);
}

/// Guessing is slow and bounded: beyond the queue callers are sent away at once.
#[tokio::test]
async fn guesses_queue_up_and_no_further() {
    let locked = Locked::new().await;
    let guesses =
        futures::future::join_all((0..12).map(|_| locked.unlock("wrong-horse-battery-staple")))
            .await;
    assert_eq!(
        guesses.iter().filter(|status| **status == 429).count(),
        8,
        "{guesses:?}"
    );
    assert_eq!(
        guesses.iter().filter(|status| **status == 401).count(),
        4,
        "{guesses:?}"
    );
    assert_eq!(locked.unlock(PASSPHRASE).await, 200);
}
