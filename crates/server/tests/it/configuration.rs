//! The nouns that operators set, by the bodies that scripts rely on.

use http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// The fields that the bootstrap contract fixes.
#[tokio::test]
async fn the_bootstrap_contract_holds() {
    let stage = Stage::new().await;
    let post = |path: &str, body: Value| stage.post(path).key(&stage.owner).json(&body).send();
    let agent = post("/api/v1/agents", json!({"name": "worker"}))
        .await
        .expect(201)
        .json();
    assert!(agent["id"].is_string());
    assert_eq!(agent["name"], "worker");
    assert!(agent["key"].as_str().unwrap().starts_with("cs_"));
    let body = json!({"name": "api", "connector": "http", "base_url": "https://api.example", "allow_private_network": false});
    let target = post("/api/v1/targets", body).await.expect(201).json();
    assert!(target["id"].is_string());
    assert_eq!(target["config"]["base_url"], "https://api.example");
    let credential = post(
        "/api/v1/credentials",
        json!({"target": "api", "type": "bearer", "fields": {"token": "t"}}),
    )
    .await
    .expect(201)
    .json();
    assert_eq!(credential["type"], "bearer");
    let body = json!({"agent": "worker", "target": "api", "action": "GET /charges/*", "verdict": "by_policy", "expires": "1h"});
    let grant = post("/api/v1/grants", body).await.expect(201).json();
    assert_eq!(grant["verdict"], "by_policy");
    assert!(grant["expires_at"].is_string());
}

#[tokio::test]
async fn a_noun_is_added_shown_changed_and_removed() {
    let stage = Stage::new().await;
    let call = |method: Method, path: &str| stage.call(method, path).key(&stage.owner);
    let changed = call(Method::PATCH, "/api/v1/agents/demo")
        .json(&json!({"description": "pays"}))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(changed["description"], "pays");
    let changed = call(Method::PATCH, "/api/v1/targets/payments")
        .json(&json!({"risk_threshold": 0.5}))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(changed["risk_threshold"], 0.5);
    let changed = call(Method::PATCH, "/api/v1/targets/payments")
        .json(&json!({"risk_threshold": null}))
        .send()
        .await
        .expect(200)
        .json();
    assert!(changed["risk_threshold"].is_null());
    assert_eq!(
        call(Method::POST, "/api/v1/targets/payments/test")
            .send()
            .await
            .expect(200)
            .json(),
        json!({"ok": true, "detail": "reached"})
    );
    let profile = call(Method::POST, "/api/v1/targets/payments/profiles")
        .json(&json!({"name": "small"}))
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(profile["name"], "small");
    let profiles = call(Method::GET, "/api/v1/targets/payments/profiles")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(profiles["items"].as_array().unwrap().len(), 2);
    call(Method::DELETE, "/api/v1/targets/payments/profiles/small")
        .send()
        .await
        .expect(204);
    call(Method::DELETE, "/api/v1/targets/payments/profiles/default")
        .send()
        .await
        .expect(409);

    let rule = json!({"name": "big", "match": {"action": ["GET /**"]}, "verdict": "deny", "reason": "not now"});
    let rule = call(Method::POST, "/api/v1/rules")
        .json(&rule)
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(rule["priority"], 100);
    let rule = call(Method::PATCH, "/api/v1/rules/big")
        .json(&json!({"verdict": "ask"}))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(rule["verdict"], "ask");
    let bad = json!({"name": "bad", "match": {"input": {"body.amount": {"approx": 1}}}, "verdict": "deny"});
    let bad = call(Method::POST, "/api/v1/rules")
        .json(&bad)
        .send()
        .await
        .expect(400)
        .json();
    assert_eq!(bad["field"], "match.input.body.amount.approx");
    call(Method::DELETE, "/api/v1/rules/big")
        .send()
        .await
        .expect(204);
    call(Method::GET, "/api/v1/rules/big")
        .send()
        .await
        .expect(404);

    let settings = call(Method::PATCH, "/api/v1/settings")
        .json(&json!({"execute_ttl_seconds": 60}))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(settings["execute_ttl_seconds"], 60);
    let connectors = call(Method::GET, "/api/v1/connectors")
        .send()
        .await
        .expect(200)
        .json();
    let names: Vec<&str> = connectors["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|connector| connector["name"].as_str())
        .collect();
    assert_eq!(names, ["caller", "http"]);

    call(Method::DELETE, "/api/v1/agents/demo")
        .send()
        .await
        .expect(204);
    stage
        .get("/api/v1/actions")
        .key(&stage.agent)
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn lists_are_paged() {
    let stage = Stage::new().await;
    for name in ["a", "b", "c"] {
        stage
            .post("/api/v1/agents")
            .key(&stage.owner)
            .json(&json!({"name": name}))
            .send()
            .await
            .expect(201);
    }
    let (mut names, mut path) = (Vec::new(), "/api/v1/agents?limit=2".to_owned());
    loop {
        let page = stage
            .get(&path)
            .key(&stage.owner)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(keys(&page), ["items", "next"]);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/agents?limit=2&cursor={next}");
    }
    assert_eq!(names, ["demo", "a", "b", "c"]);
}

#[tokio::test]
async fn the_kill_switch_stops_and_releases() {
    let stage = Stage::new().await;
    let body = json!({"scope": "agent", "name": "demo", "reason": "runs wild"});
    let kill = stage
        .post("/api/v1/kills")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(kill["scope"], "agent");
    let action = json!({"target": "payments", "action": "GET /x"});
    let stopped = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&action)
        .send()
        .await
        .expect(403);
    assert_eq!(stopped.code(), "killed");
    let kills = stage
        .get("/api/v1/kills")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(kills["items"][0]["reason"], "runs wild");
    stage
        .post("/api/v1/kills/release")
        .key(&stage.owner)
        .json(&json!({"scope": "agent", "name": "demo"}))
        .send()
        .await
        .expect(204);
    stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&action)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn the_ledger_is_listed_verified_exported_and_pruned() {
    let stage = Stage::new().await;
    let get = |path: &str| stage.get(path).key(&stage.owner);
    let page = get("/api/v1/audit/entries?limit=2")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let positions = |page: &Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["position"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let first = positions(&page);
    let next = page["next"].as_str().unwrap();
    let second = positions(
        &get(&format!("/api/v1/audit/entries?limit=2&cursor={next}"))
            .send()
            .await
            .expect(200)
            .json(),
    );
    assert!(
        first.iter().all(|position| !second.contains(position)),
        "{first:?} {second:?}"
    );
    let created = get("/api/v1/audit/entries?kind=config.agent.created")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(created["items"].as_array().unwrap().len(), 1, "{created}");
    get("/api/v1/audit/entries?actor=nonsense")
        .send()
        .await
        .expect(400);
    let verified = get("/api/v1/audit/verify").send().await.expect(200).json();
    assert_eq!(verified["valid"], true, "{verified}");
    assert_eq!(
        keys(&verified),
        ["checkpoint", "entries", "first_bad", "reason", "valid"]
    );
    let lines = get("/api/v1/audit/export").send().await.expect(200);
    assert!(lines.text().lines().count() as u64 >= verified["entries"].as_u64().unwrap());
    assert!(
        lines
            .text()
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    stage
        .post("/api/v1/audit/prune")
        .key(&stage.owner)
        .json(&json!({"size": 1_000_000}))
        .send()
        .await
        .expect(409);
}

#[tokio::test]
async fn a_plan_says_what_would_change_and_changes_nothing() {
    let stage = Stage::new().await;
    let mut document = stage
        .get("/api/v1/configuration")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    let plan = |document: &Value| {
        stage
            .post("/api/v1/configuration/plan")
            .key(&stage.owner)
            .json(&json!({"document": document}))
            .send()
    };
    let same = plan(&document).await.expect(200).json();
    assert!(
        same["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|change| change["action"] == "keep"),
        "{same}"
    );
    document["agents"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "newcomer"}));
    let changed = plan(&document).await.expect(200).json();
    assert!(
        changed["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|change| change["action"] == "create" && change["name"] == "newcomer"),
        "{changed}"
    );
    stage
        .get("/api/v1/agents/newcomer")
        .key(&stage.owner)
        .send()
        .await
        .expect(404);
}

/// The operators' own secret rules, by the bodies that scripts rely on; they are in force in lists at once.
#[tokio::test]
async fn secret_rules_are_set_shown_and_removed() {
    const PATH: &str = "/api/v1/scan/rules";
    const RULES: &str = "version 1\nrule acme-ticket\nkind Acme ticket\nkeyword acme:\ntoken acme:[0-9A-F]{4}-[0-9A-F]{4}\n";
    let stage = Stage::new().await;
    let call = |method: Method| stage.call(method, PATH).key(&stage.owner);
    let none = call(Method::GET).send().await.expect(200).json();
    let expected = json!({
        "file": null, "digest": null, "rules": [], "changed_at": null, "changed_by": null, "problem": null,
    });
    assert_eq!(none, expected);
    call(Method::DELETE).send().await.expect(404);

    for (body, text) in [
        (json!({"file": "version 1\nrule X\n"}), "line 2: "),
        (json!({"file": RULES.replace("{4}", "{4")}), "line 5: "),
        (
            json!({"file": format!("{RULES}# {}", "x".repeat(256 << 10))}),
            "line 1: ",
        ),
    ] {
        let problem = call(Method::PUT)
            .json(&body)
            .send()
            .await
            .expect(400)
            .json();
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!("invalid_input"), &json!("file"))
        );
        assert!(
            problem["detail"].as_str().unwrap().contains(text),
            "{problem}"
        );
    }
    for body in [
        json!({}),
        json!({"file": 1}),
        json!({"file": RULES, "more": 1}),
    ] {
        call(Method::PUT).json(&body).send().await.expect(400);
    }
    call(Method::PUT)
        .json(&json!({"file": "x".repeat(2 << 20)}))
        .send()
        .await
        .expect(413);
    assert_eq!(call(Method::GET).send().await.expect(200).json(), expected);

    let set = call(Method::PUT)
        .json(&json!({"file": RULES}))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(set["file"], RULES);
    assert_eq!(
        set["rules"],
        json!([{"id": "acme-ticket", "kind": "Acme ticket"}])
    );
    assert_eq!(set["digest"].as_str().unwrap().len(), 64);
    assert_eq!(keys(&set), keys(&expected));
    assert_eq!(call(Method::GET).send().await.expect(200).json(), set);

    let document: Value = serde_json::from_str(countersign_server::openapi_document()).unwrap();
    let schemas = &document["components"]["schemas"];
    let described = |name: &str| {
        let mut fields: Vec<_> = keys(&schemas[name]["properties"])
            .iter()
            .map(ToString::to_string)
            .collect();
        fields.sort();
        fields
    };
    let sorted = |value: &Value| {
        let mut fields: Vec<_> = keys(value).iter().map(ToString::to_string).collect();
        fields.sort();
        fields
    };
    assert_eq!(described("ScanRulesView"), sorted(&set));
    assert_eq!(described("ScanRuleView"), sorted(&set["rules"][0]));

    call(Method::DELETE).send().await.expect(204);
    assert_eq!(
        call(Method::GET).send().await.expect(200).json()["file"],
        Value::Null
    );
    // An agent has no business here.
    stage.get(PATH).key(&stage.agent).send().await.expect(403);
}
