//! Probes.

use std::sync::Arc;

use axum::{
    Json as Document,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::{body::Params, paging::iso};
use crate::state::ServerState;

fn is_ready(state: &ServerState) -> bool {
    state
        .gate()
        .is_some_and(|gate| gate.health().problems.is_empty())
}

/// Whether the server answers; with `?deep=true` whether it works.
#[utoipa::path(get, path = "/health", tag = "agentgate", responses((status = 200, body = Object), (status = 503, body = Object)))]
pub(crate) async fn agentgate_health(
    State(state): State<Arc<ServerState>>,
    params: Params,
) -> Response {
    let now = state.gate().map_or_else(
        || countersign_gate::Clock::now(&countersign_gate::SystemClock),
        |gate| gate.now(),
    );
    let timestamp = iso(now);
    if params.text("deep").as_deref() != Some("true") {
        return Document(json!({"status": "ok", "timestamp": timestamp})).into_response();
    }
    let ready = is_ready(&state);
    let (status, word, database) = if ready {
        (StatusCode::OK, "ok", "healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "degraded", "unhealthy")
    };
    let checks = json!({"database": {"status": database, "latencyMs": 0}});
    let body = json!({"status": word, "timestamp": timestamp, "checks": checks});
    (status, Document(body)).into_response()
}

fn probe(ready: bool, check: &'static str) -> Response {
    let (status, word) = if ready {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    (
        status,
        Document(json!({"status": word, "checks": {check: ready}})),
    )
        .into_response()
}

/// Whether the server takes requests.
#[utoipa::path(get, path = "/ready", tag = "agentgate", responses((status = 200, body = Object), (status = 503, body = Object)))]
pub(crate) async fn agentgate_ready(State(state): State<Arc<ServerState>>) -> Response {
    probe(is_ready(&state), "db")
}

/// Whether the server has started.
#[utoipa::path(get, path = "/startup", tag = "agentgate", responses((status = 200, body = Object), (status = 503, body = Object)))]
pub(crate) async fn agentgate_startup(State(state): State<Arc<ServerState>>) -> Response {
    probe(state.gate().is_some(), "migrations")
}

/// The keys that tokens are signed with: none, tokens of agents are opaque here.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "agentgate", responses((status = 200, body = Object)))]
pub(crate) async fn agentgate_jwks() -> Response {
    Document(json!({"keys": []})).into_response()
}
