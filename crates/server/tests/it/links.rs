//! Decision links over HTTP: the page, the form, and everybody who opens links before people do.

use http::Method;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

/// The paths of a new pair: to approve, to deny.
async fn pair(stage: &Stage, id: &str) -> (String, String) {
    let made = stage
        .post("/api/v1/links")
        .key(&stage.owner)
        .json(&json!({"request": id, "expires_in": "2h"}))
        .send()
        .await
        .expect(201)
        .json();
    let path = |name: &str| {
        let url = made[name].as_str().unwrap();
        url.strip_prefix("http://localhost:18790")
            .unwrap()
            .to_owned()
    };
    (path("approve"), path("deny"))
}

async fn state(stage: &Stage, id: &str) -> String {
    let path = format!("/api/v1/actions/{id}");
    let shown = stage
        .get(&path)
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    shown["state"].as_str().unwrap().to_owned()
}

#[track_caller]
fn titled(answer: &Answer, status: u16, title: &str) {
    let text = answer.text();
    assert_eq!(answer.status.as_u16(), status, "{text}");
    assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("x-robots-tag").contains("noindex"));
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'nonce-"),
        "{policy}"
    );
    assert!(!text.contains("<script") && !policy.contains("script-src"));
}

/// AgentGate 7: scanners, previews and prefetchers open every link, with GET and HEAD, many times; a person presses the button.
#[tokio::test]
async fn whoever_opens_a_link_decides_nothing_and_its_form_does_once() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (approve, deny) = pair(&stage, &id).await;
    for _ in 0..50 {
        for path in [&approve, &deny] {
            stage.call(Method::HEAD, path).send().await.expect(200);
            stage
                .get(path)
                .header("sec-purpose", "prefetch")
                .send()
                .await
                .expect(200);
        }
    }
    let page = stage.get(&approve).send().await;
    titled(&page, 200, "Approve this request?");
    let text = page.text();
    assert!(
        text.contains("POST /charges")
            && text.contains("sha256:")
            && text.contains("<form method=\"post\">"),
        "{text}"
    );
    // Neither the token nor the payload or the intent.
    let token = approve.strip_prefix("/l/").unwrap();
    assert!(
        !text.contains(token) && !text.contains("500") && !text.contains("amount"),
        "{text}"
    );
    assert_eq!(state(&stage, &id).await, "pending");
    // A page without a referrer has no origin, either.
    let form = stage
        .post(&approve)
        .header("origin", "null")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("note=fine+by+me%21");
    titled(&form.send().await, 200, "Request Approved");
    assert_eq!(state(&stage, &id).await, "approved");
    for path in [&approve, &deny] {
        titled(&stage.get(path).send().await, 400, "Already Used");
        titled(&stage.post(path).send().await, 400, "Already Used");
    }
}

#[tokio::test]
async fn a_foreign_origin_and_an_unknown_token_get_nowhere() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (approve, _) = pair(&stage, &id).await;
    let foreign = stage
        .post(&approve)
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(foreign.expect(403).code(), "origin_not_allowed");
    let elsewhere = stage
        .post("/api/v1/actions")
        .header("origin", "null")
        .send()
        .await;
    assert_eq!(elsewhere.expect(403).code(), "origin_not_allowed");
    for path in [
        format!("/l/{}", "A".repeat(43)),
        "/l/x".to_owned(),
        "/api/decide/x".to_owned(),
    ] {
        titled(&stage.get(&path).send().await, 404, "Invalid Token");
        titled(&stage.post(&path).send().await, 404, "Invalid Token");
    }
    let other = Stage::new().await;
    titled(&other.post(&approve).send().await, 404, "Invalid Token");
    assert_eq!(state(&stage, &id).await, "pending");
}

#[tokio::test]
async fn an_agent_makes_no_links() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let body = json!({"request": id});
    let agent = stage
        .post("/api/v1/links")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await;
    assert_eq!(agent.expect(403).code(), "forbidden");
    let reader = stage
        .add_key("reader", "operator", "owner", &["request:read"])
        .await;
    stage
        .post("/api/v1/links")
        .key(&reader)
        .json(&body)
        .send()
        .await
        .expect(403);
    stage
        .post("/api/v1/links")
        .json(&body)
        .send()
        .await
        .expect(401);
    let path = format!("/api/requests/{id}/tokens");
    stage.post(&path).key(&stage.agent).send().await.expect(403);
}

#[tokio::test]
async fn what_an_agent_wrote_is_text_on_the_page() {
    let stage = Stage::new().await;
    // Only a target whose actions have free names lets such a name through.
    let grant = json!({"agent": "demo", "target": "caller", "action": "**", "verdict": "ask"});
    stage
        .post("/api/v1/grants")
        .key(&stage.owner)
        .json(&grant)
        .send()
        .await
        .expect(201);
    let action = "a'<img src=x onerror=alert(1)>\u{202e}";
    let body = json!({"target": "caller", "action": action, "input": {"params": {"x": "<img>"}}, "intent": "<b>"});
    let asked = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(202);
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let (approve, _) = pair(&stage, &id).await;
    let text = stage.get(&approve).send().await.expect(200).text();
    assert!(
        text.contains("&lt;img") && !text.contains("<img") && !text.contains('\u{202e}'),
        "{text}"
    );
}

async fn agentgate_key(stage: &Stage, name: &str, scopes: &[&str]) -> String {
    let body = json!({"name": name, "scopes": scopes});
    let made = stage
        .post("/api/api-keys")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201);
    made.json()["key"].as_str().unwrap().to_owned()
}

async fn agentgate_ask(stage: &Stage, key: &str) -> String {
    let body = json!({"action": "send_email", "params": {"to": "a@b.c"}});
    let made = stage
        .post("/api/requests")
        .key(key)
        .json(&body)
        .send()
        .await
        .expect(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn tokens(stage: &Stage, key: &str, id: &str) -> Answer {
    let path = format!("/api/requests/{id}/tokens");
    stage.post(&path).key(key).send().await
}

fn path_of(made: &Value, kind: &str) -> String {
    let token = made["tokens"][kind]["token"].as_str().unwrap();
    assert_eq!(token.len(), 43);
    let path = format!("/api/decide/{token}");
    assert_eq!(
        made["tokens"][kind]["url"],
        format!("http://localhost:18790{path}")
    );
    path
}

/// The dialect's rows `POST /api/requests/:id/tokens` and `GET /api/decide/:token`.
#[tokio::test]
async fn agentgate_s_links_show_a_page_and_its_form_decides() {
    let stage = Stage::new().await;
    let agent = agentgate_key(&stage, "bot", &["request:create", "request:read"]).await;
    let human = agentgate_key(&stage, "desk", &["request:read", "request:decide"]).await;
    let id = agentgate_ask(&stage, &agent).await;
    let refused = tokens(&stage, &agent, &id).await.expect(403).json();
    assert_eq!(refused["error"], "Missing required scope: request:decide");
    let missing = tokens(&stage, &human, "AAAAAAAAAAAAAAAAAAAAAA")
        .await
        .expect(404)
        .json();
    assert_eq!(missing["error"], "Request not found");
    let made = tokens(&stage, &human, &id).await.expect(200).json();
    assert_eq!(made["requestId"], id);
    assert_eq!(made["expiresInHours"], 24);
    assert!(made["expiresAt"].as_str().unwrap().ends_with('Z'));
    let mut names: Vec<_> = made.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["expiresAt", "expiresInHours", "requestId", "tokens"]
    );
    let (approve, deny) = (path_of(&made, "approve"), path_of(&made, "deny"));
    titled(
        &stage.get(&approve).send().await,
        200,
        "Approve this request?",
    );
    let path = format!("/api/requests/{id}");
    let polled = stage.get(&path).key(&agent).send().await.expect(200).json();
    assert_eq!(polled["status"], "pending");
    titled(&stage.post(&deny).send().await, 200, "Request Denied");
    let polled = stage.get(&path).key(&agent).send().await.expect(200).json();
    assert_eq!(polled["status"], "denied");
    assert_eq!(polled["decidedBy"], "token");
    assert_eq!(
        polled["decisionReason"],
        "Decision made via one-click deny link"
    );
    titled(&stage.get(&approve).send().await, 400, "Already Used");
    let late = tokens(&stage, &human, &id).await.expect(400).json();
    assert_eq!(
        late["error"],
        "Request is not pending (current status: denied)"
    );
}

/// The switch for old integrations: off, and only on for GET by whoever means it.
#[tokio::test]
async fn opening_decides_only_where_an_owner_said_so() {
    let stage = Stage::new().await;
    let human = agentgate_key(&stage, "desk", &["request:read", "request:decide"]).await;
    let agent = agentgate_key(&stage, "bot", &["request:create", "request:read"]).await;
    let change = json!({"links": {"decide_on_get": true}});
    stage
        .call(Method::PATCH, "/api/v1/settings")
        .key(&stage.owner)
        .json(&change)
        .send()
        .await
        .expect(200);
    let id = agentgate_ask(&stage, &agent).await;
    let made = tokens(&stage, &human, &id).await.expect(200).json();
    let second = tokens(&stage, &human, &id).await.expect(200).json();
    let approve = path_of(&made, "approve");
    // Not at the path of its own, and not for a look ahead.
    let native = approve.replace("/api/decide/", "/l/");
    titled(
        &stage.get(&native).send().await,
        200,
        "Approve this request?",
    );
    stage.call(Method::HEAD, &approve).send().await.expect(200);
    let ahead = stage
        .get(&approve)
        .header("sec-purpose", "prefetch;prerender")
        .send()
        .await;
    titled(&ahead, 200, "Approve this request?");
    titled(&stage.get(&approve).send().await, 200, "Request Approved");
    titled(&stage.get(&approve).send().await, 400, "Already Used");
    titled(
        &stage.get(&path_of(&second, "deny")).send().await,
        409,
        "Already Decided",
    );
    let other = agentgate_ask(&stage, &agent).await;
    let made = tokens(&stage, &human, &other).await.expect(200).json();
    stage.clock.advance(std::time::Duration::from_hours(24));
    let late = stage.get(&path_of(&made, "approve")).send().await;
    titled(&late, 400, "Link Expired");
}

#[tokio::test]
async fn what_is_destructive_leads_to_a_sign_in() {
    let stage = Stage::new().await;
    let grants = stage
        .get("/api/v1/grants")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    let items = grants["items"].as_array().unwrap();
    let denied = items
        .iter()
        .find(|grant| grant["action"] == "DELETE /**")
        .unwrap();
    let path = format!("/api/v1/grants/{}", denied["id"].as_str().unwrap());
    stage
        .call(Method::DELETE, &path)
        .key(&stage.owner)
        .send()
        .await
        .expect(204);
    stage.grant("DELETE /**", "ask").await;
    let body = json!({"target": "payments", "action": "DELETE /charges/1", "intent": "clean"});
    let asked = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(202);
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let (approve, _) = pair(&stage, &id).await;
    let page = stage.get(&approve).send().await;
    titled(&page, 200, "Approve this request?");
    let text = page.text();
    assert!(
        text.contains(&format!("/dashboard/inbox?id={id}")) && !text.contains("<form"),
        "{text}"
    );
    titled(&stage.post(&approve).send().await, 403, "Sign-in Needed");
    assert_eq!(state(&stage, &id).await, "pending");
}
