//! Signing in, cookies, CSRF, terminals and their proofs. Requirements 5, 7 and 44.

use std::{net::IpAddr, time::Duration};

use countersign_server::Peer;
use http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

fn cookie_of(answer: &crate::stage::Answer) -> String {
    answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_browser_gets_a_cookie_that_scripts_cannot_read() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&json!({"token": stage.token})).await;
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    assert!(
        answer.json().get("session").is_none(),
        "a browser's secret is only in the cookie"
    );
    assert_eq!(answer.json()["operator"], "owner");
    assert_eq!(answer.json()["role"], "owner");
    let secure = Peer::network(IpAddr::from([127, 0, 0, 1]), true);
    let answer = stage
        .post("/api/v1/sessions")
        .from(secure)
        .json(&json!({"token": stage.token}))
        .send()
        .await
        .expect(201);
    assert!(answer.header("set-cookie").contains("; Secure"));
}

#[tokio::test]
async fn a_cookie_changes_nothing_without_its_csrf_token() {
    let stage = Stage::new().await;
    let session = stage.sign_in(&json!({"token": stage.token})).await;
    let (cookie, token) = (
        cookie_of(&session),
        session.json()["csrf_token"].as_str().unwrap().to_owned(),
    );
    let other = stage.sign_in(&json!({"token": stage.token})).await.json()["csrf_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let call = || {
        stage
            .post("/api/v1/agents")
            .header("cookie", &cookie)
            .json(&json!({"name": "new"}))
    };
    assert_eq!(call().send().await.expect(403).code(), "csrf");
    assert_eq!(
        call()
            .header("x-csrf-token", "")
            .send()
            .await
            .expect(403)
            .code(),
        "csrf"
    );
    assert_eq!(
        call()
            .header("x-csrf-token", &other)
            .send()
            .await
            .expect(403)
            .code(),
        "csrf"
    );
    assert_eq!(
        call()
            .header("x-csrf-token", &token)
            .header("origin", "http://evil.example")
            .send()
            .await
            .expect(403)
            .code(),
        "origin_not_allowed"
    );
    call()
        .header("x-csrf-token", &token)
        .send()
        .await
        .expect(201);
    let me = stage
        .get("/api/v1/sessions/me")
        .header("cookie", &cookie)
        .send()
        .await
        .expect(200)
        .json();
    // The cookie alone, which other ports of the host may read, hands out nothing that makes it more.
    assert!(!me.to_string().contains(&token), "{me}");
    assert_eq!(me["name"], "owner");
}

#[tokio::test]
async fn a_browsers_session_is_no_bearer_and_a_terminals_no_cookie() {
    let stage = Stage::new().await;
    let browser = cookie_of(&stage.sign_in(&json!({"token": stage.token})).await);
    let secret = browser.split_once('=').unwrap().1;
    stage
        .get("/api/v1/agents")
        .key(secret)
        .send()
        .await
        .expect(401);
    let terminal = stage
        .sign_in(&json!({"token": stage.token, "kind": "terminal"}))
        .await
        .json();
    let secret = terminal["session"].as_str().unwrap();
    stage
        .get("/api/v1/agents")
        .key(secret)
        .send()
        .await
        .expect(200);
    stage
        .get("/api/v1/agents")
        .header("cookie", &format!("countersign_session={secret}"))
        .send()
        .await
        .expect(401);
    stage
        .get("/api/v1/agents")
        .header("agent-key", secret)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn a_terminal_changes_only_after_a_fresh_proof() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let terminal = stage
        .sign_in(&json!({"token": stage.token, "kind": "terminal"}))
        .await
        .json();
    let secret = terminal["session"].as_str().unwrap();
    let add = |name: &str| {
        stage
            .post("/api/v1/agents")
            .key(secret)
            .json(&json!({"name": name}))
            .send()
    };
    add("one").await.expect(201);
    stage.clock.advance(Duration::from_secs(301));
    let late = add("two").await.expect(401);
    assert_eq!(late.code(), "proof_required");
    assert_eq!(
        stage
            .post(&format!("/api/v1/approvals/{id}/approve"))
            .key(secret)
            .send()
            .await
            .expect(401)
            .code(),
        "proof_required"
    );
    stage
        .get("/api/v1/agents")
        .key(secret)
        .send()
        .await
        .expect(200);
    let wrong = json!({"token": "cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
    let wrong = stage
        .post("/api/v1/sessions/proof")
        .key(secret)
        .json(&wrong)
        .send()
        .await;
    assert!(wrong.status.is_client_error());
    add("two").await.expect(401);
    stage
        .post("/api/v1/sessions/proof")
        .key(secret)
        .json(&json!({"token": stage.token}))
        .send()
        .await
        .expect(200);
    add("two").await.expect(201);
    stage
        .post(&format!("/api/v1/approvals/{id}/approve"))
        .key(secret)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let stage = Stage::new().await;
    let session = stage.sign_in(&json!({"token": stage.token})).await;
    let (cookie, token) = (
        cookie_of(&session),
        session.json()["csrf_token"].as_str().unwrap().to_owned(),
    );
    stage
        .call(Method::DELETE, "/api/v1/sessions/me")
        .header("cookie", &cookie)
        .send()
        .await
        .expect(403);
    let out = stage
        .call(Method::DELETE, "/api/v1/sessions/me")
        .header("cookie", &cookie)
        .header("x-csrf-token", &token)
        .send()
        .await
        .expect(204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(out.header("clear-site-data"), "\"cache\"");
    stage
        .get("/api/v1/agents")
        .header("cookie", &cookie)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn an_owner_ends_anothers_session() {
    let stage = Stage::new().await;
    let token = stage.add_operator("ann", "approver").await;
    let ann = stage
        .sign_in(&json!({"token": token, "kind": "terminal", "label": "ann's laptop"}))
        .await
        .json();
    let secret = ann["session"].as_str().unwrap();
    let list = stage
        .get("/api/v1/sessions")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    let session = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["label"] == "ann's laptop")
        .unwrap()
        .clone();
    assert_eq!(session["operator_name"], "ann");
    stage
        .call(
            Method::DELETE,
            &format!("/api/v1/sessions/{}", session["id"].as_str().unwrap()),
        )
        .key(&stage.owner)
        .send()
        .await
        .expect(204);
    stage
        .get("/api/v1/sessions/me")
        .key(secret)
        .send()
        .await
        .expect(401);
}

/// Requirement 7: failures lock failures out, forwarded headers don't matter, and the valid credential passes at once.
#[tokio::test]
async fn a_stranger_locks_out_only_themselves() {
    let stage = Stage::new().await;
    let wrong = json!({"token": "cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
    let mut statuses = Vec::new();
    for index in 0..8 {
        let forwarded = format!("203.0.113.{index}");
        let answer = stage
            .post("/api/v1/sessions")
            .header("x-forwarded-for", &forwarded)
            .json(&wrong)
            .send()
            .await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[7], 429, "{statuses:?}");
    stage.sign_in(&json!({"token": stage.token})).await;
}

#[tokio::test]
async fn one_credential_is_wanted() {
    let stage = Stage::new().await;
    for body in [
        json!({}),
        json!({"name": "owner"}),
        json!({"token": "a", "key": "b"}),
        json!({"token": "a", "name": "b", "password": "c"}),
    ] {
        let answer = stage
            .post("/api/v1/sessions")
            .json(&body)
            .send()
            .await
            .expect(400);
        assert_eq!(answer.code(), "invalid_input", "{body}");
    }
    let answer: Value = stage
        .post("/api/v1/sessions")
        .json(&json!({"token": "a", "role": "owner"}))
        .send()
        .await
        .expect(400)
        .json();
    assert_eq!(answer["field"], "role");
}

/// Requirement 5: no list ever shows a secret.
#[tokio::test]
async fn no_list_shows_a_secret() {
    let stage = Stage::new().await;
    let body = json!({"target": "payments", "type": "bearer", "value": "sk_live_very_secret"});
    stage
        .post("/api/v1/credentials")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201);
    let secrets = [
        &stage.owner,
        &stage.token,
        &stage.agent,
        "sk_live_very_secret",
    ]
    .map(str::to_owned);
    for path in [
        "keys",
        "tokens",
        "credentials",
        "agents",
        "operators",
        "sessions",
        "targets",
        "configuration",
        "audit/entries",
        "settings",
    ] {
        let text = stage
            .get(&format!("/api/v1/{path}"))
            .key(&stage.owner)
            .send()
            .await
            .expect(200)
            .text();
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{path} shows a secret");
        }
        assert!(!text.contains("password_hash"), "{path} shows a hash");
    }
}

/// Requirement 7: whoever signed in gets a mark that makes their device known, and it comes back in a cookie or in the body.
#[tokio::test]
async fn a_device_is_known_again() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&json!({"token": stage.token})).await;
    let cookies: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(cookies.len(), 2);
    assert!(cookies[1].starts_with("countersign_device="), "{cookies:?}");
    assert!(
        cookies[1].contains("; Path=/api/v1/sessions; HttpOnly; SameSite=Strict; Max-Age=31536000")
    );
    assert!(answer.json().get("device").is_none());
    let terminal = stage
        .sign_in(&json!({"token": stage.token, "kind": "terminal"}))
        .await
        .json();
    let session = terminal["session"].as_str().unwrap();
    stage
        .call(Method::PUT, "/api/v1/operators/owner/password")
        .key(session)
        .json(&json!({"password": "a long password"}))
        .send()
        .await
        .expect(204);
    let mark = cookies[1].split(';').next().unwrap();
    for (header, device) in [(mark, Value::Null), ("x=y", terminal["device"].clone())] {
        // A wrong password counts for the device that came with it: the gate has seen it.
        let body = json!({"name": "owner", "password": "wrong", "device": device});
        stage
            .post("/api/v1/sessions")
            .header("cookie", header)
            .json(&body)
            .send()
            .await
            .expect(401);
    }
    let known = stage
        .gate
        .workspace()
        .store
        .read::<_, countersign_store::StoreError, _>(|tx| {
            let sql = "SELECT COUNT(*) FROM signin_failure WHERE subject LIKE 'device:%'";
            tx.query_one(sql, &[], |row| row.u64(0))
        })
        .await
        .unwrap();
    assert_eq!(known, 2);
    // A mark is no credential.
    let secret = mark.split_once('=').unwrap().1;
    stage
        .get("/api/v1/agents")
        .key(secret)
        .send()
        .await
        .expect(401);
}

/// Requirement 44: what makes new ways in needs a credential typed just now, from a browser too; deciding does not.
#[tokio::test]
async fn a_browser_makes_new_ways_in_only_after_a_fresh_proof() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let session = stage.sign_in(&json!({"token": stage.token})).await;
    let cookie = cookie_of(&session);
    let csrf = session.json()["csrf_token"].as_str().unwrap().to_owned();
    let call = |method: Method, path: &str, body: Value| {
        stage
            .call(method, path)
            .header("cookie", &cookie)
            .header("x-csrf-token", &csrf)
            .json(&body)
            .send()
    };
    stage.clock.advance(Duration::from_mins(5));
    let (one, word) = (json!({"name": "x", "role": "viewer"}), "a long password");
    for (method, path, body) in [
        (Method::POST, "operators", one.clone()),
        (
            Method::PUT,
            "operators/owner/password",
            json!({"password": word}),
        ),
        (
            Method::PUT,
            "operators/owner/role",
            json!({"role": "viewer"}),
        ),
        (Method::DELETE, "operators/owner", json!({})),
        (
            Method::POST,
            "keys",
            json!({"name": "k", "operator": "owner"}),
        ),
        (Method::DELETE, "keys/k", json!({})),
        (
            Method::POST,
            "tokens",
            json!({"name": "t", "operator": "owner"}),
        ),
        (
            Method::DELETE,
            "tokens/018f4e2a-0000-7000-8000-000000000000",
            json!({}),
        ),
    ] {
        let answer = call(method, &format!("/api/v1/{path}"), body)
            .await
            .expect(401);
        assert_eq!(answer.code(), "proof_required", "{path}");
    }
    call(
        Method::POST,
        &format!("/api/v1/approvals/{id}/approve"),
        json!({}),
    )
    .await
    .expect(200);
    call(Method::POST, "/api/v1/agents", json!({"name": "other"}))
        .await
        .expect(201);
    call(
        Method::POST,
        "/api/v1/sessions/proof",
        json!({"token": stage.token}),
    )
    .await
    .expect(200);
    call(Method::POST, "/api/v1/operators", one)
        .await
        .expect(201);
}
