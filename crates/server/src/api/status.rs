//! What the gateway is and does, for `countersign status` and the page's head.

use std::sync::Arc;

use axum::{Json as Document, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Caller, problem::Result, state::ServerState};

/// What the gateway is and does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    version: &'static str,
    started_at: String,
    uptime_seconds: u64,
    /// The configuration epoch.
    epoch: u64,
    /// Whether actions can be submitted.
    ready: bool,
    /// What is wrong.
    problems: Vec<StatusProblem>,
    agents: usize,
    targets: usize,
    /// Requests that wait for a human.
    pending: u64,
    /// Executions that run now.
    running: usize,
    /// Kill switches that are pulled.
    kills: usize,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusProblem {
    code: &'static str,
    detail: String,
}

/// What the gateway is and does.
#[utoipa::path(get, path = "/api/v1/status", tag = "operations", responses((status = 200, body = Status)))]
pub(crate) async fn status(
    caller: Caller,
    State(state): State<Arc<ServerState>>,
) -> Result<Document<Status>> {
    let (gate, cx) = (&caller.gate, caller.cx());
    let metrics = gate.metrics().await?;
    let problems: Vec<_> = gate
        .health()
        .problems
        .into_iter()
        .map(|problem| StatusProblem {
            code: problem.code,
            detail: problem.detail,
        })
        .collect();
    let pending = metrics
        .live
        .iter()
        .find(|(state, _)| *state == countersign_domain::RequestState::Pending)
        .map_or(0, |(_, count)| *count);
    Ok(Document(Status {
        version: state.version,
        started_at: gate.started_at().to_string(),
        uptime_seconds: cx.now.since(gate.started_at()).as_secs(),
        epoch: metrics.epoch,
        ready: problems.is_empty(),
        problems,
        agents: gate.agents(cx)?.len(),
        targets: gate.targets(cx)?.len(),
        pending,
        running: metrics.running,
        kills: gate.kills(cx)?.len(),
    }))
}
