//! A gateway that was never set up: it answers the page and setting up, and nothing else. Requirement 4.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use countersign_gate::{Error, Gate, SecretString, SignIn};
use countersign_server::{
    Access, ListenerConfig, ROUTES, ServerConfig, ServerLimits, ServerState, Serves, SetUp, Setup,
    SetupDraft, SetupError, SetupFacts, Shell,
};
use serde_json::json;
use tokio::sync::Mutex;

use crate::stage::{Call, Lock, Stage};

const TOKEN: &str = "the-token-of-the-address";

/// Hands a prepared gate over for the right token, once.
#[derive(Debug)]
struct Once {
    gate: Gate,
    token: String,
    tries: AtomicU32,
    is_used: Mutex<bool>,
}

#[async_trait]
impl Setup for Once {
    fn facts(&self) -> SetupFacts {
        SetupFacts {
            is_open: self.tries.load(Ordering::SeqCst) > 0,
            needs_passphrase: true,
            store: "sqlcipher",
        }
    }

    async fn complete(&self, token: SecretString, draft: SetupDraft) -> Result<SetUp, SetupError> {
        let mut is_used = self.is_used.lock().await;
        if *is_used || self.tries.load(Ordering::SeqCst) == 0 {
            return Err(SetupError::Closed);
        }
        if token.expose() != TOKEN {
            let tries_left = self.tries.fetch_sub(1, Ordering::SeqCst) - 1;
            return Err(SetupError::WrongToken { tries_left });
        }
        if draft.passphrase.is_none() {
            return Err(SetupError::Failed(Error::invalid("passphrase", "missing")));
        }
        *is_used = true;
        Ok(SetUp {
            gate: self.gate.clone(),
            credential: SignIn::Token(SecretString::new(self.token.clone())),
            sign_in_token: Some(SecretString::new("to be shown once".to_owned())),
        })
    }
}

struct Fresh {
    shell: Shell,
    stage: Stage,
}

impl Fresh {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let config = ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()));
        let setup = Once {
            gate: stage.gate.clone(),
            token: stage.token.clone(),
            tries: AtomicU32::new(5),
            is_used: Mutex::new(false),
        };
        let keeper = Lock {
            gate: stage.gate.clone(),
        };
        let state = ServerState::setting_up(
            Arc::new(setup),
            Arc::new(keeper),
            "test",
            ServerLimits::default(),
        );
        let shell = Shell::new(&config, &state, Serves::Everything, None).unwrap();
        Self { shell, stage }
    }

    fn get(&self, path: &str) -> Call<'_> {
        self.stage.get(path).through(&self.shell)
    }

    fn complete(&self, token: &str) -> Call<'_> {
        let body =
            json!({"token": token, "operator": "ann", "passphrase": "correct-horse-battery"});
        self.stage
            .post("/api/v1/setup")
            .through(&self.shell)
            .json(&body)
    }
}

#[tokio::test]
async fn nothing_else_is_answered() {
    let fresh = Fresh::new().await;
    for route in ROUTES {
        let path = route
            .path
            .replace("{id}", "0198c5a0-5d5e-7000-8000-000000000000")
            .replace("{target}", "x")
            .replace("{name}", "x")
            .replace("{*path}", "x");
        let answer = fresh
            .stage
            .call(route.method.parse().unwrap(), &path)
            .through(&fresh.shell)
            .key(&fresh.stage.owner)
            .json(&json!({}))
            .send()
            .await;
        if route.while_setup {
            assert_eq!(route.access, Access::Open);
            assert_ne!(answer.status, 423, "{route:?}");
        } else {
            assert_eq!(answer.status, 423, "{route:?}");
            if path.starts_with("/api") {
                assert_eq!(answer.code(), "setup", "{route:?}");
            }
        }
    }
    let ready = fresh.get("/readyz").send().await.expect(503);
    assert_eq!(
        ready.json(),
        json!({"status": "setup", "problems": ["setup"]})
    );
}

#[tokio::test]
async fn the_right_token_sets_up_once_and_signs_in() {
    let fresh = Fresh::new().await;
    let state = fresh.get("/api/v1/setup").send().await.expect(200);
    assert_eq!(
        state.json(),
        json!({"state": "open", "needs_passphrase": true, "store": "sqlcipher"})
    );
    let (one, other) = tokio::join!(fresh.complete(TOKEN).send(), fresh.complete(TOKEN).send());
    let (won, lost) = if one.status == 201 {
        (one, other)
    } else {
        (other, one)
    };
    let won = won.expect(201);
    assert_eq!(lost.status, 410);
    assert_eq!(lost.code(), "setup_closed");
    let document = won.json();
    assert_eq!(document["operator"], "owner");
    assert_eq!(document["sign_in_token"], "to be shown once");
    assert!(document["csrf_token"].is_string() && document.get("session").is_none());
    let cookie = won
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let me = fresh
        .get("/api/v1/sessions/me")
        .header("cookie", &cookie)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json()["name"], "owner");
    fresh.get("/readyz").send().await.expect(200);
    let state = fresh.get("/api/v1/setup").send().await.expect(200);
    assert_eq!(state.json(), json!({"state": "closed"}));
    assert_eq!(fresh.complete(TOKEN).send().await.code(), "setup_closed");
}

#[tokio::test]
async fn wrong_tokens_are_counted_and_a_bad_draft_is_not() {
    let fresh = Fresh::new().await;
    let bad = json!({"token": TOKEN, "operator": "ann"});
    let post = || fresh.stage.post("/api/v1/setup").through(&fresh.shell);
    let refused = post().json(&bad).send().await.expect(400);
    assert_eq!(refused.json()["field"], "passphrase");
    // What does not get past the shell costs no try: a page of another origin can't close the address.
    let foreign = fresh
        .complete("wrong")
        .header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.status, 403);
    post()
        .body(format!("{{\"token\":\"{TOKEN}x\",\"operator\":\"ann\"}}"))
        .send()
        .await
        .expect(415);
    for left in (0..5_u32).rev() {
        let answer = fresh.complete("wrong").send().await.expect(401);
        assert_eq!(answer.code(), "setup_token_invalid");
        assert_eq!(answer.json()["tries_left"], left);
    }
    assert_eq!(fresh.complete(TOKEN).send().await.status, 410);
    let state = fresh.get("/api/v1/setup").send().await.expect(200);
    assert_eq!(state.json(), json!({"state": "closed"}));
}

/// Once there is an installation there is nothing to set up, whatever somebody knows.
#[tokio::test]
async fn an_onboarded_gateway_has_nothing_to_set_up() {
    let stage = Stage::new().await;
    let state = stage.get("/api/v1/setup").send().await.expect(200);
    assert_eq!(state.json(), json!({"state": "closed"}));
    let body = json!({"token": TOKEN, "operator": "ann"});
    let refused = stage.post("/api/v1/setup").json(&body).send().await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (410, "setup_closed")
    );
}
