//! The access table: complete, closed, and obeyed. Requirements 1, 8 and 9.

use std::{collections::BTreeSet, fmt::Write as _};

use axum::body::Body;
use countersign_domain::{Permission, Permissions, Role, Scope};
use countersign_server::{Access, Face, OPEN_ROUTES, Proof, ROUTES, RouteAccess, openapi_document};
use futures::StreamExt;
use http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

fn routes_of_the_document() -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(openapi_document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = [
        "get", "post", "put", "patch", "delete", "head", "options", "trace",
    ];
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| methods.contains(&key.as_str()));
            operations
                .map(|method| (method.to_uppercase(), path.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_table_is_the_router() {
    let table: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(
        table.len(),
        ROUTES.len(),
        "a route stands twice in the table"
    );
    // The page's routes are made of the table, and are no part of the API.
    let page = ROUTES.iter().filter(|route| route.face == Face::Page);
    let page: BTreeSet<_> = page
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    let mut answered = routes_of_the_document();
    assert!(answered.is_disjoint(&page));
    answered.extend(page);
    assert_eq!(table, answered);
}

#[test]
fn the_open_routes_are_the_constant() {
    let open: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| route.access == Access::Open)
        .map(|route| (route.method, route.path))
        .collect();
    assert_eq!(open, OPEN_ROUTES.iter().copied().collect());
}

/// What takes a body, looks and changes nothing.
const LOOKS: [&str; 4] = [
    "/api/v1/policy/plan",
    "/api/v1/policy/test",
    "/api/v1/policy/simulate",
    "/api/v1/policy/lint",
];

#[test]
fn nothing_that_changes_is_a_get_and_only_sessions_change_without_proof() {
    for route in ROUTES {
        assert_eq!(route.changes(), route.method != "GET", "{route:?}");
        if route.proof == Proof::Session {
            assert!(
                route.path.starts_with("/api/v1/sessions/")
                    || route.path == "/api/v1/configuration/plan"
                    || LOOKS.contains(&route.path),
                "{route:?}"
            );
        }
    }
}

/// A path of the route that names nothing that exists.
fn path_of(route: &RouteAccess) -> String {
    route
        .path
        .replace("{id}", "0198c5a0-5d5e-7000-8000-000000000000")
        .replace("{target}", "nothing")
        .replace("{name}", "nothing")
        .replace("{*path}", "nothing")
}

fn method_of(route: &RouteAccess) -> Method {
    route.method.parse().unwrap()
}

/// Requirement 1: every route without a credential, and with junk, before a body is looked at.
#[tokio::test]
async fn nobody_gets_past_the_open_routes() {
    let stage = Stage::new().await;
    for route in ROUTES.iter().filter(|route| route.access != Access::Open) {
        let bare = stage
            .call(method_of(route), &path_of(route))
            .body("{not json")
            .send()
            .await;
        assert_eq!(bare.status, 401, "{route:?}");
        for (header, value) in [
            ("authorization", "Bearer junk"),
            (
                "authorization",
                "Bearer cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            ),
            ("authorization", "Basic b3duZXI6b3duZXI="),
            ("authorization", "Bearer"),
            ("agent-key", "junk"),
            ("x-api-key", "junk"),
            ("cookie", "countersign_session=junk"),
        ] {
            let junk = stage
                .call(method_of(route), &path_of(route))
                .header(header, value)
                .body("{not json")
                .send()
                .await;
            assert_eq!(junk.status, 401, "{route:?} {header}: {value}");
        }
    }
}

/// Requirement 8: the sign-in token is no API key, and nothing that a client says about itself counts.
#[tokio::test]
async fn a_sign_in_token_is_no_key_and_claims_count_for_nothing() {
    let stage = Stage::new().await;
    let token = stage.get("/api/v1/agents").key(&stage.token).send().await;
    assert_eq!(token.status, 401);
    let claimed = stage
        .get("/api/v1/agents")
        .key(&stage.agent)
        .header("x-role", "owner")
        .header("x-scopes", "admin")
        .send()
        .await;
    assert_eq!(claimed.status, 403);
}

/// A credential in a header is never passed over for the cookie.
#[tokio::test]
async fn a_bad_header_beats_a_good_cookie() {
    let stage = Stage::new().await;
    let cookie = stage
        .sign_in(&json!({"token": stage.token}))
        .await
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    stage
        .get("/api/v1/agents")
        .header("cookie", &cookie)
        .send()
        .await
        .expect(200);
    stage
        .get("/api/v1/agents")
        .header("cookie", &cookie)
        .key("junk")
        .send()
        .await
        .expect(401);
}

struct Who {
    name: String,
    secret: String,
    permissions: Permissions,
}

async fn everybody(stage: &Stage) -> Vec<Who> {
    let mut everybody = Vec::new();
    for (role, word) in [
        (Role::Owner, "owner"),
        (Role::Approver, "approver"),
        (Role::Viewer, "viewer"),
    ] {
        let token = stage.add_operator(&format!("a-{word}"), word).await;
        let session = stage
            .sign_in(&json!({"token": token, "kind": "terminal"}))
            .await;
        let secret = session.json()["session"].as_str().unwrap().to_owned();
        everybody.push(Who {
            name: format!("session of {word}"),
            secret,
            permissions: role.permissions(),
        });
    }
    for scope in Scope::EVERY {
        let name = format!("k-{}", scope.as_str().replace(':', "-"));
        // The key with `request:decide` is made from a session: the admin key may not give what it is not meant to give.
        let secret = stage
            .add_key(&name, "operator", "owner", &[scope.as_str()])
            .await;
        everybody.push(Who {
            name: format!("owner's key {scope}"),
            secret,
            permissions: scope.permissions(),
        });
    }
    let agent = Scope::union(&[Scope::RequestCreate, Scope::RequestRead]);
    everybody.push(Who {
        name: "agent's key".to_owned(),
        secret: stage.agent.clone(),
        permissions: agent,
    });
    everybody
}

/// Roles and scopes against every route, over HTTP, with the whole matrix as a snapshot for the reader.
#[tokio::test]
async fn roles_and_scopes_against_every_route() {
    let stage = Stage::new().await;
    let everybody = everybody(&stage).await;
    let mut matrix = String::new();
    for (index, who) in everybody.iter().enumerate() {
        writeln!(matrix, "{index:X} {}", who.name).unwrap();
    }
    for route in ROUTES {
        // Ending a session would take the next answers away.
        if route.path.starts_with("/api/v1/sessions") && route.method == "DELETE" {
            continue;
        }
        write!(matrix, "{:<6} {:<44} ", route.method, route.path).unwrap();
        for (index, who) in everybody.iter().enumerate() {
            let may = route.access.admits(permissions_at(route, who));
            check_one(&stage, route, who, may).await;
            if may {
                write!(matrix, "{index:X}")
            } else {
                write!(matrix, ".")
            }
            .unwrap();
        }
        matrix.push('\n');
    }
    insta::assert_snapshot!(matrix);
}

/// What somebody may do at a route: AgentGate's clients ask and decide with an admin key, too.
fn permissions_at(route: &RouteAccess, who: &Who) -> Permissions {
    if route.face == Face::AgentGate && who.name == "owner's key admin" {
        let both = [
            Scope::RequestCreate,
            Scope::RequestRead,
            Scope::RequestDecide,
        ];
        return who.permissions.union(Scope::union(&both));
    }
    who.permissions
}

async fn check_one(stage: &Stage, route: &RouteAccess, who: &Who, may: bool) {
    let mut call = stage
        .call(method_of(route), &path_of(route))
        .key(&who.secret);
    if route.method != "GET" {
        // Not JSON: whoever is let through stops at the body, or at what does not exist.
        call = call.header("content-type", "text/plain").body("x");
    }
    if route.path == "/api/v1/events" {
        let status = call.response().await.status();
        assert_eq!(status != 403, may, "{} {route:?}: {status}", who.name);
        return;
    }
    let answer = call.send().await;
    if route.path == "/api/guardrails/webhook" {
        // Whoever calls it proves itself by a secret of its own, which none of these has.
        assert_eq!(answer.status, 401, "{} {route:?}", who.name);
        return;
    }
    assert_ne!(
        answer.status,
        401,
        "{} {route:?}: {}",
        who.name,
        answer.text()
    );
    if !may {
        assert_eq!(
            answer.status,
            403,
            "{} {route:?}: {}",
            who.name,
            answer.text()
        );
    } else if !matches!(route.access, Access::Open | Access::Any) && route.face != Face::Operations
    {
        assert_ne!(
            answer.code(),
            "forbidden",
            "{} {route:?}: {}",
            who.name,
            answer.text()
        );
    }
}

/// An agent's key never decides and never configures, whatever scopes it has.
#[tokio::test]
async fn an_agent_never_decides() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    for scopes in [json!(["admin"]), json!(["request:decide"])] {
        let body = json!({"name": "sly", "agent": "demo", "scopes": scopes});
        let made = stage
            .post("/api/v1/keys")
            .key(&stage.owner)
            .json(&body)
            .send()
            .await;
        if made.status == 201 {
            let key = made.json()["key"].as_str().unwrap().to_owned();
            stage
                .post(&format!("/api/v1/approvals/{id}/approve"))
                .key(&key)
                .send()
                .await
                .expect(403);
            stage
                .get("/api/v1/agents")
                .key(&key)
                .send()
                .await
                .expect(403);
        } else {
            assert!(made.status.is_client_error(), "{}", made.text());
        }
    }
    stage
        .post(&format!("/api/v1/approvals/{id}/approve"))
        .key(&stage.agent)
        .send()
        .await
        .expect(403);
    assert!(Scope::union(&[Scope::RequestDecide]).contains(Permission::RequestDecide));
}

/// Requirement 9: another agent's request is not there.
#[tokio::test]
async fn anothers_request_is_not_there() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let other = stage
        .post("/api/v1/agents")
        .key(&stage.owner)
        .json(&json!({"name": "other"}))
        .send()
        .await
        .expect(201);
    let other = other.json()["key"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::GET, format!("/api/v1/actions/{id}")),
        (Method::POST, format!("/api/v1/actions/{id}/execute")),
        (Method::POST, format!("/api/v1/actions/{id}/cancel")),
        (Method::GET, format!("/status/{id}")),
        (Method::POST, format!("/proxy/execute/{id}")),
    ] {
        stage
            .call(method, &path)
            .key(&other)
            .send()
            .await
            .expect(404);
    }
    let list = stage
        .get("/api/v1/actions")
        .key(&other)
        .send()
        .await
        .expect(200);
    assert_eq!(list.json()["items"], json!([]));
}

/// Revoked means gone at once.
#[tokio::test]
async fn a_revoked_key_is_gone() {
    let stage = Stage::new().await;
    let body = json!({"name": "short", "agent": "demo", "rate_limit_per_minute": 600});
    let made = stage
        .post("/api/v1/keys")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201)
        .json();
    let key = made["key"].as_str().unwrap();
    let answer = stage
        .get("/api/v1/actions")
        .key(key)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("ratelimit-limit"), "600");
    stage
        .call(
            Method::DELETE,
            &format!("/api/v1/keys/{}", made["id"].as_str().unwrap()),
        )
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    stage
        .get("/api/v1/actions")
        .key(key)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn a_key_over_its_rate_is_told_when_to_come_back() {
    let stage = Stage::new().await;
    let body = json!({"name": "slow", "agent": "demo", "rate_limit_per_minute": 2});
    let made = stage
        .post("/api/v1/keys")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201)
        .json();
    let key = made["key"].as_str().unwrap();
    let mut last = None;
    for _ in 0..4 {
        last = Some(stage.get("/api/v1/actions").key(key).send().await);
    }
    let last = last.unwrap().expect(429);
    assert_eq!(last.code(), "rate_limited");
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
}

/// A body whose last byte comes when the other end is told to.
fn drawn_out(text: &str) -> (tokio::sync::oneshot::Sender<()>, Body) {
    let (send, told) = tokio::sync::oneshot::channel();
    let (head, tail) = text.split_at(text.len() - 1);
    let (head, tail) = (head.to_owned(), tail.to_owned());
    let parts = futures::stream::iter([Ok::<_, std::io::Error>(head)]).chain(
        futures::stream::once(async move {
            told.await.unwrap();
            Ok(tail)
        }),
    );
    (send, Body::from_stream(parts))
}

/// Requirement 8: what is revoked acts no more, however slowly its body comes in.
#[tokio::test]
async fn a_credential_that_ends_while_its_body_comes_in_does_nothing() {
    let stage = Stage::new().await;
    let scopes = ["admin", "request:decide"];
    let body = json!({"name": "slow", "operator": "owner", "scopes": scopes});
    let made = stage
        .post("/api/v1/keys")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201)
        .json();
    let approval = stage.ask().await;
    let action =
        json!({"agent": "demo", "target": "payments", "action": "GET /x", "intent": "look"});
    let proxied =
        json!({"service_id": "payments", "path": "/x", "method": "GET", "intent": "look"});
    let slow = [
        (
            "/api/v1/operators".to_owned(),
            json!({"name": "eve", "role": "viewer"}),
        ),
        (
            format!("/api/v1/approvals/{approval}/approve"),
            json!({"reason": "yes"}),
        ),
        ("/api/v1/actions".to_owned(), action),
        ("/proxy".to_owned(), proxied),
    ];
    let (mut ends, mut calls) = (Vec::new(), Vec::new());
    for (path, body) in &slow {
        let (end, body) = drawn_out(&body.to_string());
        ends.push(end);
        let call = stage
            .post(path)
            .key(made["key"].as_str().unwrap())
            .header("content-type", "application/json")
            .header("x-countersign-agent", "demo")
            .body(body);
        calls.push(call.send());
    }
    let revoke = async {
        // Past the head, which is read before the first wait.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
        let answer = stage.call(Method::DELETE, &path).key(&stage.owner).send();
        assert!(answer.await.status.is_success());
        for end in ends {
            end.send(()).unwrap();
        }
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(calls), revoke);
    let statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    assert_eq!(statuses, [401; 4]);
    assert_eq!(stage.target.calls(), 0);
}

/// Requirement 8: a role that is taken away while a body comes in is gone at its end.
#[tokio::test]
async fn a_role_that_ends_while_a_body_comes_in_permits_nothing() {
    let stage = Stage::new().await;
    let token = stage.add_operator("bea", "owner").await;
    let session = stage
        .sign_in(&json!({"token": token, "kind": "terminal"}))
        .await
        .json();
    let (end, body) = drawn_out(&json!({"name": "eve", "role": "viewer"}).to_string());
    let call = stage
        .post("/api/v1/operators")
        .key(session["session"].as_str().unwrap())
        .header("content-type", "application/json")
        .body(body);
    let demote = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stage
            .call(Method::PUT, "/api/v1/operators/bea/role")
            .key(&stage.owner)
            .json(&json!({"role": "viewer"}))
            .send()
            .await
            .expect(200);
        end.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(call.send(), demote);
    answer.expect(403);
}
