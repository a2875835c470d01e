//! Health, readiness, metrics, status.

use std::sync::Arc;

use countersign_server::{ListenerConfig, ServerConfig, Serves, Shell};
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn health_and_readiness_are_open_and_say_codes_only() {
    let stage = Stage::new().await;
    assert_eq!(
        stage.get("/healthz").send().await.expect(200).json(),
        json!({"status": "ok"})
    );
    assert_eq!(
        stage.get("/readyz").send().await.expect(200).json(),
        json!({"status": "ready", "problems": []})
    );
}

#[tokio::test]
async fn metrics_count() {
    let stage = Stage::new().await;
    let key = stage
        .add_key("scraper", "operator", "owner", &["metrics:read"])
        .await;
    stage
        .get("/metrics")
        .key(&stage.agent)
        .send()
        .await
        .expect(403);
    stage.ask().await;
    let answer = stage.get("/metrics").key(&key).send().await.expect(200);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = answer.text();
    for line in [
        "countersign_decisions_total{verdict=\"ask\"} 1",
        "countersign_requests{state=\"pending\"} 1",
        "countersign_http_answers_total{class=\"4xx\"} 1",
        "countersign_locked 0",
        "# TYPE countersign_store_commits counter",
    ] {
        assert!(text.lines().any(|it| it == line), "no `{line}` in\n{text}");
    }
    assert!(text.trim_end().ends_with("# EOF"));
}

#[tokio::test]
async fn a_listener_for_metrics_serves_nothing_else() {
    let stage = Stage::new().await;
    let config = ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()));
    let shell = Shell::new(&config, &Arc::clone(&stage.state), Serves::Metrics, None).unwrap();
    let get = |path: &'static str| {
        let request = http::Request::get(path)
            .header("host", "localhost")
            .body(axum::body::Body::empty())
            .unwrap();
        shell.answer(
            request,
            countersign_server::Peer::network([127, 0, 0, 1].into(), false),
        )
    };
    assert_eq!(get("/metrics").await.status(), 200);
    assert_eq!(get("/readyz").await.status(), 200);
    assert_eq!(get("/api/v1/agents").await.status(), 404);
    assert_eq!(get("/proxy").await.status(), 404);
}

#[tokio::test]
async fn a_listener_for_agents_serves_no_configuration() {
    let stage = Stage::new().await;
    let config = ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()));
    let shell = Shell::new(&config, &stage.state, Serves::Agents, None).unwrap();
    let get = |path: &'static str, key: String| {
        let request = http::Request::get(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {key}"));
        shell.answer(
            request.body(axum::body::Body::empty()).unwrap(),
            countersign_server::Peer::network([127, 0, 0, 1].into(), false),
        )
    };
    assert_eq!(
        get("/api/v1/actions", stage.agent.clone()).await.status(),
        200
    );
    assert_eq!(
        get("/api/v1/agents", stage.owner.clone()).await.status(),
        404
    );
}

#[tokio::test]
async fn the_status_tells_what_is_there() {
    let stage = Stage::new().await;
    stage.ask().await;
    let status = stage
        .get("/api/v1/status")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(status["version"], "0.0.0-test");
    assert_eq!(status["agents"], 1);
    assert_eq!(status["targets"], 1);
    assert_eq!(status["pending"], 1);
    assert_eq!(status["ready"], true);
}
