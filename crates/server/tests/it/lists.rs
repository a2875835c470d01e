//! Lists of actions and approvals: filters, search, pages.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::Stage;

async fn list(stage: &Stage, path: &str, key: &str) -> Value {
    stage.get(path).key(key).send().await.expect(200).json()
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn ask(stage: &Stage, path: &str, urgency: &str, intent: &str) -> String {
    let body = json!({"target": "payments", "action": format!("POST {path}"), "intent": intent, "urgency": urgency});
    let answer = stage
        .post("/api/v1/actions")
        .key(&stage.agent)
        .json(&body)
        .send()
        .await
        .expect(202);
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn approvals_are_ordered_by_urgency_and_counted() {
    let stage = Stage::new().await;
    let low = ask(&stage, "/a", "low", "").await;
    let critical = ask(&stage, "/b", "critical", "").await;
    let normal = ask(&stage, "/a/b", "normal", "").await;
    let owner = &stage.owner;
    let first = list(&stage, "/api/v1/approvals?order=urgency&limit=2", owner).await;
    assert_eq!(ids(&first), [&*critical, &normal]);
    assert_eq!(
        (&first["total"], &first["is_total_bounded"]),
        (&json!(3), &json!(false))
    );
    let next = first["next"].as_str().unwrap();
    let path = format!("/api/v1/approvals?order=urgency&limit=2&cursor={next}");
    let second = list(&stage, &path, owner).await;
    assert_eq!(ids(&second), [&*low]);
    assert!(second["total"].is_null() && second["next"].is_null());
    let oldest = list(
        &stage,
        "/api/v1/approvals?order=oldest&urgency=low,critical&effect=write",
        owner,
    )
    .await;
    assert_eq!(ids(&oldest), [&*low, &critical]);
    assert_eq!(oldest["total"], 2);
    for (pattern, expected) in [
        ("post%20/a", vec![&*normal, &low]),
        ("*/b", vec![&*normal, &critical]),
        ("POST%20/_", vec![]),
        ("%25", vec![]),
    ] {
        let found = list(
            &stage,
            &format!("/api/v1/approvals?action={pattern}"),
            owner,
        )
        .await;
        assert_eq!(ids(&found), expected, "{pattern}");
    }
    let item = &first["items"][0];
    assert_eq!(
        (&item["urgency"], &item["state"]),
        (&json!("critical"), &json!("pending"))
    );
    assert!(item["agent_id"].is_string() && item["target_id"].is_string());
}

#[tokio::test]
async fn a_wrong_filter_is_named() {
    let stage = Stage::new().await;
    let long = "x".repeat(201);
    for (query, field) in [
        ("verdict=maybe", "verdict"),
        ("effect=read,magic", "effect"),
        ("urgency=soon", "urgency"),
        ("since=yesterday", "since"),
        ("until=2026-13-01", "until"),
        (
            "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
            "until",
        ),
        ("order=random", "order"),
        ("order=urgency", "order"),
        ("cursor=7", "cursor"),
        ("q=%22%27%28", "q"),
        (&format!("q={long}"), "q"),
        ("action=*a*a*a*a*a*a*", "action"),
        (&format!("action={long}"), "action"),
        ("agent=nobody", "agent"),
        ("target=nothing", "target"),
    ] {
        let answer = stage
            .get(&format!("/api/v1/actions?{query}"))
            .key(&stage.owner)
            .send()
            .await
            .expect(400);
        assert_eq!(answer.json()["field"], field, "{query}");
    }
}

/// Searches until it finds as many: the index is behind the ledger.
async fn search(stage: &Stage, query: &str, key: &str, count: usize) -> Vec<String> {
    for _ in 0..500 {
        let found = ids(&list(stage, &format!("/api/v1/actions?{query}"), key).await);
        if found.len() == count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{query} does not find {count}");
}

#[tokio::test]
async fn requests_are_searched_by_their_words() {
    let stage = Stage::new().await;
    let one = ask(&stage, "/refunds", "normal", "Refund for customer 4711").await;
    let two = ask(&stage, "/charges", "normal", "monthly bill").await;
    let owner = stage.owner.clone();
    assert_eq!(search(&stage, "q=4711", &owner, 1).await, [&*one]);
    assert_eq!(search(&stage, "q=MONTHLY%20b", &owner, 1).await, [&*two]);
    assert_eq!(
        search(&stage, "q=demo%20payments", &owner, 2).await,
        [&*two, &one]
    );
    assert_eq!(
        search(&stage, &format!("q={one}"), &owner, 1).await,
        [&*one]
    );
    let note = json!({"note": "unusual beneficiary"});
    stage
        .post(&format!("/api/v1/approvals/{one}/deny"))
        .key(&owner)
        .json(&note)
        .send()
        .await
        .expect(200);
    assert_eq!(
        search(&stage, "q=beneficiary&state=denied", &owner, 1).await,
        [&*one]
    );
    // An agent finds its own, by its own words, and nothing of others.
    assert_eq!(search(&stage, "q=bill", &stage.agent, 1).await, [&*two]);
    let other = stage
        .post("/api/v1/agents")
        .key(&owner)
        .json(&json!({"name": "other"}))
        .send()
        .await
        .expect(201);
    let other = other.json()["key"].as_str().unwrap().to_owned();
    assert!(ids(&list(&stage, "/api/v1/actions?q=bill", &other).await).is_empty());
    assert!(ids(&list(&stage, &format!("/api/v1/actions?q={two}"), &other).await).is_empty());
    assert!(ids(&list(&stage, "/api/v1/actions?q=bill&agent=demo", &other).await).is_empty());
    // So few characters begin almost everything: of an agent they are a word.
    assert_eq!(search(&stage, "q=bil", &stage.agent, 1).await, [&*two]);
    assert!(ids(&list(&stage, "/api/v1/actions?q=bi", &stage.agent).await).is_empty());
    assert_eq!(search(&stage, "q=bi", &owner, 1).await, [&*two]);
    // What an agent searches for is not counted, which would be another search.
    for (query, key, total) in [
        ("q=monthly", &stage.agent, Value::Null),
        ("q=monthly", &owner, json!(1)),
        ("order=newest", &stage.agent, json!(1)),
    ] {
        let page = list(&stage, &format!("/api/v1/approvals?{query}"), key).await;
        assert_eq!(ids(&page), [&*two], "{query}");
        assert_eq!(page["total"], total, "{query}");
    }
}

/// Requirement 20: what an agent searches for ends, and takes nothing from an operator meanwhile.
#[tokio::test]
async fn many_searches_of_an_agent_are_all_answered_one_by_one() {
    let stage = Stage::new().await;
    ask(&stage, "/a", "normal", "monthly bill").await;
    let calls = (0..20).map(|_| {
        stage
            .get("/api/v1/actions?action=*l*")
            .key(&stage.agent)
            .send()
    });
    for answer in futures::future::join_all(calls).await {
        answer.expect(200);
    }
}

/// An agent can't find out what agents and targets there are by asking for them.
#[tokio::test]
async fn an_agent_is_not_told_what_exists() {
    let stage = Stage::new().await;
    ask(&stage, "/a", "normal", "").await;
    stage
        .post("/api/v1/agents")
        .key(&stage.owner)
        .json(&json!({"name": "other"}))
        .send()
        .await
        .expect(201);
    let body = json!({"name": "hidden", "connector": "http", "base_url": "https://h.example"});
    stage
        .post("/api/v1/targets")
        .key(&stage.owner)
        .json(&body)
        .send()
        .await
        .expect(201);
    let answers = async |query: &str| {
        let answer = stage
            .get(&format!("/api/v1/actions?{query}"))
            .key(&stage.agent)
            .send()
            .await;
        (answer.status, answer.json()["items"].clone())
    };
    for (known, unknown) in [
        ("agent=other", "agent=nobody"),
        ("target=hidden", "target=nothing"),
    ] {
        for rest in ["", "&q=bill", "&limit=1"] {
            assert_eq!(
                answers(&format!("{known}{rest}")).await,
                answers(&format!("{unknown}{rest}")).await
            );
            assert_eq!(answers(&format!("{known}{rest}")).await.1, json!([]));
        }
        // What is wrong is found wrong, whoever is asked for.
        for wrong in [
            "&q=%22",
            "&action=*a*a*a*a*a*a*",
            "&since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        ] {
            for query in [known, unknown] {
                assert_eq!(
                    answers(&format!("{query}{wrong}")).await.0,
                    400,
                    "{query}{wrong}"
                );
            }
        }
    }
    assert_eq!(
        answers("agent=demo&target=payments")
            .await
            .1
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
